"""Time series, and trends: the same over any ascending number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import plain
from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import shown
from iracing_pipeline.preview.frames import BOOLEAN, NUMBER, TIME, Field, Frame
from iracing_pipeline.preview.panel import Panel, Region, hidden
from iracing_pipeline.preview.panels import axes, legend

if TYPE_CHECKING:
    from iracing_pipeline.page.charts import Figure

_SHAPES = {"smooth": "spline", "stepAfter": "hv", "stepBefore": "vh"}
_DASHES = {"dash": "dash", "dot": "dot"}


def draw(panel: Panel) -> str:
    """A panel of type ``timeseries``."""
    series = []
    for frame in panel.frames:
        time = frame.first(TIME)
        if time is None and frame.rows:
            panel.remarks.append("Data is missing a time field")
        if time is not None:
            series += [(time, field) for field in _drawn(frame, time)]
    if not any(value is not None for _, field in series for value in field.values):
        return ""
    start, end = panel.start_ms, panel.end_ms
    stamps = [t for time, _ in series for t in time.values if t is not None]
    if stamps and (max(stamps) < start or min(stamps) > end):
        panel.remarks.append("Data outside time range: Grafana offers to zoom to it")
    return _draw(panel, series, axes.time_axis(start, end))


def draw_trend(panel: Panel) -> str:
    """A panel of type ``trend``: one frame, its x ascending."""
    frame = next((each for each in panel.frames if each.rows), None)
    if frame is None:
        return ""
    wanted = panel.options.get("xField")
    x = next((f for f in frame.fields if wanted in {f.name, f.title}), None) or frame.first(NUMBER)
    numbers = [each for each in x.values if each is not None] if x is not None else []
    if x is None or not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    below = axes.axis(range=[low, high], **axes.ticks(x, low, high, 10))
    return _draw(panel, [(x, field) for field in _drawn(frame, x)], below)


def _drawn(frame: Frame, x: Field) -> list[Field]:
    return [
        each
        for each in frame.fields
        if each is not x and each.kind in {NUMBER, BOOLEAN} and not hidden(each, "viz")
    ]


def _draw(panel: Panel, series: list[tuple[Field, Field]], below: dict[str, Any]) -> str:
    height = (panel.json.get("gridPos") or {}).get("h", 8) * 38 - 90
    scales: dict[tuple[Any, ...], tuple[str, list[Field]]] = {}
    for _, field in series:
        key = _scale(field)
        name = scales.setdefault(key, (f"y{len(scales) + 1 if scales else ''}", []))
        name[1].append(field)
    data: list[dict[str, Any]] = []
    entries = []
    for number, (x, field) in enumerate(series):
        colour = colours.of_series(field.config, number)
        data.append(_trace(x, field, colour, scales[_scale(field)][0]))
        entries.append((field, colour))
    drawing: Figure = {
        "data": data,
        "layout": axes.layout(
            xaxis=below,
            hovermode="x unified" if len(series) < 12 else "closest",
            barmode="stack" if _stacked(series) else "group",
            **_value_axes(scales, height),
        ),
    }
    drawing["layout"]["shapes"] = _thresholds(series, scales)
    if below.get("type") == "date":
        drawing["layout"]["shapes"] += [_region(each) for each in panel.regions]
    chart = panel.charts.add(drawing, label=panel.title)
    return legend.around(panel, chart, entries)


def _scale(field: Field) -> tuple[Any, ...]:
    """Fields of one unit and one range share an axis, as in Grafana."""
    custom = field.config.get("custom") or {}
    return (
        field.config.get("unit") or "",
        field.config.get("min"),
        field.config.get("max"),
        custom.get("axisPlacement", "auto"),
        custom.get("axisLabel") or "",
    )


def _value_axes(
    scales: dict[tuple[Any, ...], tuple[str, list[Field]]], height: float
) -> dict[str, Any]:
    made = {}
    for number, (key, (name, fields)) in enumerate(scales.items()):
        right = key[3] == "right" or (key[3] == "auto" and number > 0)
        over = {"overlaying": "y", "anchor": "free", "autoshift": True} if number else {}
        made[name.replace("y", "yaxis")] = axes.value_axis(
            fields, height, side="right" if right else "left", **over
        )
        if number:
            made[name.replace("y", "yaxis")]["showgrid"] = False
    return made


def _trace(x: Field, field: Field, colour: str, scale: str) -> dict[str, Any]:
    custom = field.config.get("custom") or {}
    values = [float(v) if isinstance(v, bool) else v for v in field.values]
    texts = [plain(shown(field, value).text) for value in field.values]
    common = {
        "name": plain(field.title),
        "x": x.values,
        "y": values,
        "yaxis": scale,
        "text": texts,
        "hovertemplate": "%{text}",
    }
    style = custom.get("drawStyle", "line")
    opacity = custom.get("fillOpacity", 0) / 100
    if style == "bars":
        return {
            **common,
            "type": "bar",
            "textposition": "none",
            "marker": {
                "color": colours.faded(colour, opacity or 0.8),
                "line": {"color": colour, "width": 1},
            },
        }
    alone = sum(value is not None for value in values) == 1
    points = custom.get("showPoints", "auto")
    with_points = points == "always" or (points == "auto" and len(values) <= 60)
    dotted = style == "points" or alone or with_points
    return {
        **common,
        "type": "scatter",
        "mode": "markers" if style == "points" else "lines+markers" if dotted else "lines",
        "cliponaxis": not dotted,
        "connectgaps": bool(custom.get("spanNulls")),
        "line": {
            "color": colour,
            "width": custom.get("lineWidth", 1),
            "shape": _SHAPES.get(custom.get("lineInterpolation", "linear"), "linear"),
            "dash": _DASHES.get((custom.get("lineStyle") or {}).get("fill", ""), "solid"),
        },
        "marker": {"color": colour, "size": custom.get("pointSize", 5)},
        **({"fill": "tozeroy", "fillcolor": colours.faded(colour, opacity)} if opacity else {}),
    }


def _stacked(series: list[tuple[Field, Field]]) -> bool:
    return any(
        ((f.config.get("custom") or {}).get("stacking") or {}).get("mode") in {"normal", "percent"}
        for _, f in series
    )


def _thresholds(
    series: list[tuple[Field, Field]],
    scales: dict[tuple[Any, ...], tuple[str, list[Field]]],
) -> list[dict[str, Any]]:
    """Lines and areas of thresholds, where the panel shows them."""
    shapes: list[dict[str, Any]] = []
    seen = set()
    for _, field in series:
        mode = ((field.config.get("custom") or {}).get("thresholdsStyle") or {}).get("mode", "off")
        axis, fields = scales[_scale(field)]
        if mode == "off" or axis in seen:
            continue
        seen.add(axis)
        low, high = axes.limits_of(fields)
        steps = (field.config.get("thresholds") or {}).get("steps") or []
        for at, step in enumerate(steps):
            colour = colours.named(step.get("color"))
            start = low if step.get("value") is None else step["value"]
            if "area" in mode:
                after = steps[at + 1].get("value", high) if at + 1 < len(steps) else high
                shapes.append(_shape(axis, max(start, low), min(after, high), colour, "rect"))
            if mode != "area" and step.get("value") is not None and low <= start <= high:
                shapes.append(_shape(axis, start, start, colour, "line", dash="dash" in mode))
    return shapes


def _region(region: Region) -> dict[str, Any]:
    colour = colours.named(region.colour)
    return {
        "type": "rect",
        "x0": region.start_ms,
        "x1": region.start_ms if region.end_ms is None else region.end_ms,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"color": colours.faded(colour, 0.5), "width": 1, "dash": "dash"},
        "fillcolor": colours.faded(colour, 0.1),
    }


def _shape(
    axis: str, low: float, high: float, colour: str, kind: str, *, dash: bool = False
) -> dict[str, Any]:
    line = {"color": colour, "width": 1, "dash": "dash" if dash else "solid"}
    return {
        "type": kind,
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": low,
        "y1": high,
        "layer": "below",
        "line": {"width": 0} if kind == "rect" else line,
        **({"fillcolor": colours.faded(colour, 0.12)} if kind == "rect" else {}),
    }
