"""Grafana's field configuration: defaults, overrides, value mappings, and what a value shows as."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass
from typing import Any

from iracing_pipeline.preview import colours, units
from iracing_pipeline.preview.frames import BOOLEAN, NUMBER, TIME, Field, Frame


def configured(frames: list[Frame], field_config: dict[str, Any]) -> list[Frame]:
    """Frames whose fields carry the panel's configuration, overrides applied in their order."""
    defaults = field_config.get("defaults") or {}
    overrides = field_config.get("overrides") or []
    return [
        Frame(
            [_configured(field, frame, defaults, overrides) for field in frame.fields],
            frame.ref,
            frame.name,
        )
        for frame in frames
    ]


def _configured(
    field: Field, frame: Frame, defaults: dict[str, Any], overrides: list[dict[str, Any]]
) -> Field:
    config = {**copy.deepcopy(defaults), **field.config}
    if field.kind == TIME:
        # Grafana applies a board-wide unit to numbers; a time keeps its own unless it is asked.
        config.pop("unit", None)
    for override in overrides:
        if _matches(override.get("matcher") or {}, field.having(config=config), frame):
            for each in override.get("properties") or []:
                _set(config, each.get("id", ""), each.get("value"))
    return field.having(config=config)


def _matches(matcher: dict[str, Any], field: Field, frame: Frame) -> bool:
    how, what = matcher.get("id"), matcher.get("options")
    titles = {field.name, field.title}
    if how == "byName":
        return what in titles
    if how == "byRegexp":
        pattern = re.compile(str(what).strip("/"))
        return any(pattern.search(title) for title in titles)
    if how == "byType":
        return field.kind == what
    if how == "byFrameRefID":
        return frame.ref == what
    if how == "byNames":
        names = what.get("names", []) if isinstance(what, dict) else what or []
        excluded = isinstance(what, dict) and what.get("mode") == "exclude"
        return bool(titles & set(names)) != excluded
    return False


def _set(config: dict[str, Any], path: str, value: Any) -> None:
    parts = path.split(".")
    for part in parts[:-1]:
        config = config.setdefault(part, {})
    config[parts[-1]] = value


@dataclass(frozen=True, slots=True)
class Shown:
    """What a value shows as.

    Attributes:
        text: Its text, unit included.
        colour: The colour that a mapping or threshold gives it; None where none does.
    """

    text: str
    colour: str | None = None


def shown(field: Field, value: Any) -> Shown:
    """A value with its mappings, unit, decimals and thresholds applied."""
    mapped = _mapped(field.config.get("mappings") or [], value)
    if mapped is not None and mapped.text:
        return mapped
    colour = mapped.colour if mapped else None
    if value is None:
        return Shown(str(field.config.get("noValue") or ""), colour)
    if field.kind == TIME:
        return Shown(units.written(value, field.config.get("unit") or "dateTimeAsIso"), colour)
    if field.kind == BOOLEAN:
        unit = field.config.get("unit") or "bool"
        return Shown(units.written(float(value), unit), colour)
    if field.kind != NUMBER:
        return Shown(str(value), colour)
    low, high = limits(field)
    if colour is None and (field.config.get("color") or {}).get("mode") != "palette-classic":
        colour = colours.of_value(field.config, value, low, high)
    text = units.written(value, field.config.get("unit") or "", field.config.get("decimals"))
    return Shown(text, colour)


def limits(field: Field) -> tuple[float, float]:
    """Minimum and maximum of a field, as set or as found."""
    found = [v for v in field.values if isinstance(v, (int, float))]
    low = field.config.get("min")
    high = field.config.get("max")
    return (
        float(min(found, default=0.0) if low is None else low),
        float(max(found, default=0.0) if high is None else high),
    )


def _mapped(mappings: list[dict[str, Any]], value: Any) -> Shown | None:
    for mapping in mappings:
        options = mapping.get("options") or {}
        result = None
        if mapping.get("type") == "value":
            key = _key(value)
            result = options.get(key) if key is not None else None
        elif mapping.get("type") == "range" and isinstance(value, (int, float)):
            low, high = options.get("from"), options.get("to")
            inside = (low is None or value >= low) and (high is None or value <= high)
            result = options.get("result") if inside else None
        elif mapping.get("type") == "regex" and isinstance(value, str):
            pattern = re.compile(str(options.get("pattern", "")).strip("/"))
            result = options.get("result") if pattern.search(value) else None
        elif mapping.get("type") == "special":
            result = options.get("result") if _special(options.get("match"), value) else None
        if result:
            colour = colours.named(result["color"]) if result.get("color") else None
            return Shown(str(result.get("text") or ""), colour)
    return None


def _key(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _special(match: object, value: Any) -> bool:
    nan = isinstance(value, float) and math.isnan(value)
    met: dict[str, bool] = {
        "null": value is None,
        "null+nan": value is None or nan,
        "nan": nan,
        "true": value is True,
        "false": value is False,
        "empty": value == "",
    }
    return met.get(str(match), False)
