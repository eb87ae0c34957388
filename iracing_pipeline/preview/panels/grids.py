"""Heatmaps and histograms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import plain
from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import shown
from iracing_pipeline.preview.frames import NUMBER, TEXT, TIME, Frame
from iracing_pipeline.preview.panels import axes, legend

if TYPE_CHECKING:
    from iracing_pipeline.preview.panel import Panel

_BUCKETS = 20


def draw_heatmap(panel: Panel) -> str:
    """A panel of type ``heatmap``: rows are series, or come from a text field."""
    frames = [frame for frame in panel.frames if frame.first(TIME) and frame.rows]
    if not frames:
        return ""
    if panel.options.get("calculate"):
        panel.remarks.append("Grafana computes the buckets; they are not drawn here")
        return ""
    rows: dict[str, dict[float, Any]] = {}
    for frame in frames:
        _collect(frame, rows)
    times = sorted({time for cells in rows.values() for time in cells})
    scheme = (panel.options.get("color") or {}).get("scheme", "Oranges")
    drawing = axes.figure(
        [
            {
                "type": "heatmap",
                "x": times,
                "y": [plain(name) for name in rows],
                "z": [[cells.get(time) for time in times] for cells in rows.values()],
                "colorscale": scheme
                if scheme in {"Blues", "Greens", "Reds", "Viridis"}
                else [[0, "#1f1f20"], [1, "#FF9830"]],
                "xgap": 1,
                "ygap": 1,
                "colorbar": {"thickness": 10, "outlinewidth": 0},
            }
        ],
        xaxis=axes.time_axis(panel.start_ms, panel.end_ms),
        yaxis=axes.axis(type="category", showgrid=False),
    )
    return legend.around(panel, panel.charts.add(drawing, label=panel.title), [])


def _collect(frame: Frame, rows: dict[str, dict[float, Any]]) -> None:
    time = frame.first(TIME)
    names = frame.first(TEXT)
    for field in frame.of(NUMBER):
        for at, value in enumerate(field.values):
            row = str(names.values[at]) if names else field.title
            if time is not None and time.values[at] is not None:
                rows.setdefault(row, {})[time.values[at]] = value


def draw_histogram(panel: Panel) -> str:
    """A panel of type ``histogram``."""
    fields = [f for f in panel.every(NUMBER) if any(v is not None for v in f.values)]
    if not fields:
        return ""
    every = [v for f in fields for v in f.values if v is not None]
    low, high = min(every), max(every)
    size = panel.options.get("bucketSize") or _round((high - low) / _BUCKETS)
    first, last = math.floor(low / size), math.floor(high / size) + 1
    data, entries = [], []
    for number, field in enumerate(fields):
        colour = colours.of_series(field.config, number)
        counts = [0] * (last - first)
        for value in field.values:
            if value is not None:
                counts[math.floor(value / size) - first] += 1
        edges = [n * size for n in range(first, last)]
        data.append(
            {
                "type": "bar",
                "name": plain(field.title),
                "x": [edge + size / 2 for edge in edges],
                "y": counts,
                "width": size * 0.98,
                "customdata": [
                    plain(f"{shown(field, e).text} to {shown(field, e + size).text}") for e in edges
                ],
                "hovertemplate": "%{customdata}: %{y}",
                "marker": {"color": colours.faded(colour, 0.7)},
            }
        )
        entries.append((field, colour))
    drawing = axes.figure(
        data,
        xaxis=axes.value_axis(fields, 500, showspikes=False),
        yaxis=axes.axis(rangemode="tozero", title={"text": "Count", "font": {"size": 12}}),
        barmode="overlay",
    )
    return legend.around(panel, panel.charts.add(drawing, label=panel.title), entries)


def _round(size: float) -> float:
    if not size > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= size)
