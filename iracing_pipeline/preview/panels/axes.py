"""Axes and layout in the look of Grafana's charts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import Figure, plain
from iracing_pipeline.preview import units

if TYPE_CHECKING:
    from iracing_pipeline.preview.frames import Field

FONT = {"family": "Inter, Helvetica, Arial, sans-serif", "size": 12, "color": "--ink"}
_PER_TICK_PX = 40


def layout(**more: Any) -> dict[str, Any]:
    """A layout without decoration of its own."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": FONT,
        "margin": {"l": 8, "r": 12, "t": 10, "b": 8},
        "hoverlabel": {
            "bgcolor": "--canvas",
            "bordercolor": "--line",
            "font": {**FONT, "color": "--ink"},
            "namelength": -1,
        },
        "showlegend": False,
        **more,
    }


def axis(**more: Any) -> dict[str, Any]:
    """An axis with Grafana's thin grid."""
    return {
        "gridcolor": "--grid",
        "linecolor": "--grid",
        "tickcolor": "--grid",
        "zeroline": False,
        "automargin": True,
        "ticklabeloverflow": "allow",  # the label at the very top, too
        "tickfont": {"size": 12, "color": "--soft"},
        **more,
    }


def limits_of(fields: list[Field]) -> tuple[float, float]:
    """The range of an axis: as set, with soft limits, or as found, with air around."""
    found = [v for f in fields for v in f.values if isinstance(v, (int, float))]
    config = fields[0].config if fields else {}
    custom = config.get("custom") or {}
    low, high = min(found, default=0.0), max(found, default=1.0)
    if custom.get("drawStyle") == "bars":
        low, high = min(low, 0.0), max(high, 0.0)
    air = 0.1 * (high - low) if high > low else abs(high) * 0.1 or 1.0
    padded_low = 0.0 if low >= 0 and low - air < 0 else low - air
    padded_high = 0.0 if high <= 0 and high + air > 0 else high + air
    soft = (custom.get("axisSoftMin"), custom.get("axisSoftMax"))
    if soft[0] is not None:
        padded_low = min(soft[0], low)
    if soft[1] is not None:
        padded_high = max(soft[1], high)
    given = (config.get("min"), config.get("max"))
    bottom = float(padded_low if given[0] is None else given[0])
    top = float(padded_high if given[1] is None else given[1])
    return (bottom, top) if top > bottom else (bottom, bottom + 1.0)


def value_axis(fields: list[Field], height_px: float, **more: Any) -> dict[str, Any]:
    """An axis whose ticks are written in the unit of its fields."""
    low, high = limits_of(fields)
    config = fields[0].config if fields else {}
    custom = config.get("custom") or {}
    unit, decimals = config.get("unit") or "", config.get("decimals")
    most = max(2, int(height_px / _PER_TICK_PX))
    ticks = spaced(low, high, most, least_step(decimals if unit != "percentunit" else None))
    label = custom.get("axisLabel")
    return axis(
        range=[low, high],
        tickvals=ticks,
        ticktext=[plain(units.written(tick, unit, _decimals(decimals, ticks))) for tick in ticks],
        showgrid=custom.get("axisGridShow", True),
        visible=custom.get("axisPlacement") != "hidden",
        **({"title": {"text": plain(label), "font": {"size": 12}}} if label else {}),
        **more,
    )


def _decimals(given: int | None, ticks: list[float]) -> int | None:
    """Ticks have the decimals that tell them apart."""
    if given is not None:
        return given
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else None


def least_step(decimals: int | None) -> float:
    """The step of an axis below which its labels would repeat."""
    return 0.0 if decimals is None else 10.0**-decimals


def spaced(low: float, high: float, most: int, least: float = 0.0) -> list[float]:
    """At most about ``most`` round numbers in a range, no closer than ``least``."""
    span = high - low
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= span / most)
    step = max(step, least) if least * 2 <= span else step
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def time_axis(start_ms: float, end_ms: float) -> dict[str, Any]:
    """The axis of the dashboard's time range, in UTC."""
    short = end_ms - start_ms < 600_000
    return axis(
        type="date",
        range=[start_ms, end_ms],
        nticks=9,
        hoverformat="%M:%S.%L" if short else "%Y-%m-%d %H:%M:%S",
        tickformatstops=[
            {"dtickrange": [None, 1000], "value": "%M:%S.%L"},
            {"dtickrange": [1000, 60_000], "value": "%H:%M:%S"},
            {"dtickrange": [60_000, 86_400_000], "value": "%H:%M"},
            {"dtickrange": [86_400_000, "M1"], "value": "%m/%d"},
            {"dtickrange": ["M1", None], "value": "%Y-%m"},
        ],
    )


def figure(data: list[dict[str, Any]], **in_layout: Any) -> Figure:
    """A figure in Grafana's look."""
    return {"data": data, "layout": layout(**in_layout)}
