"""Axes and layout in the look of Grafana's charts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import Figure, plain
from iracing_pipeline.preview.fields import shown
from iracing_pipeline.preview.frames import NUMBER

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
    config = fields[0].config
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
    """An axis whose ticks are written as values of its first field."""
    low, high = limits_of(fields)
    custom = fields[0].config.get("custom") or {}
    label = custom.get("axisLabel")
    return axis(
        range=[low, high],
        **ticks(fields[0], low, high, max(2, int(height_px / _PER_TICK_PX))),
        showgrid=custom.get("axisGridShow", True),
        visible=custom.get("axisPlacement") != "hidden",
        **({"title": {"text": plain(label), "font": {"size": 12}}} if label else {}),
        **more,
    )


def ticks(field: Field, low: float, high: float, most: int) -> dict[str, Any]:
    """At most about ``most`` ticks, written as values of a field: mapped, or in its unit.

    No two are written alike: they are as far apart as the field's decimals tell, or have the
    decimals that tell them apart.
    """
    decimals = field.config.get("decimals")
    written_in = 0.01 if field.config.get("unit") == "percentunit" else 1.0
    values = spaced(low, high, most, 0.0 if decimals is None else written_in * 10.0**-decimals)
    if decimals is None or not values:
        values = spaced(low, high, most)
        step = values[1] - values[0] if len(values) > 1 else 0.0
        decimals = _decimals(step / written_in) if step else decimals
    writing = field.having(kind=NUMBER, config={**field.config, "decimals": decimals})
    return {"tickvals": values, "ticktext": [plain(shown(writing, each).text) for each in values]}


def _decimals(step: float) -> int:
    return len(f"{step:.9f}".rstrip("0").partition(".")[2])


def spaced(low: float, high: float, most: int, unit: float = 0.0) -> list[float]:
    """At most about ``most`` round numbers in a range: multiples of a power of ten, if given."""
    span = high - low
    if not span > 0:
        return [low]
    least = max(span / most, unit)
    power = 10.0 ** math.floor(math.log10(least) + 1e-9)
    parts = (1, 2, 5, 10) if unit and power < 1.5 * unit else (1, 2, 2.5, 5, 10)
    step = next(power * each for each in parts if power * each >= least * (1 - 1e-9))
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
