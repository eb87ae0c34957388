"""State timelines: for each field, which state lasted how long."""

from __future__ import annotations

from typing import Any

from iracing_pipeline.page.charts import plain
from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import shown
from iracing_pipeline.preview.frames import TIME, Field
from iracing_pipeline.preview.panel import Panel, hidden
from iracing_pipeline.preview.panels import axes

_MOST_STATES = 2000


def draw(panel: Panel) -> str:
    """A panel of type ``state-timeline`` or ``status-history``."""
    rows: list[tuple[Field, Field]] = []
    for frame in panel.frames:
        time = frame.first(TIME)
        if time is not None:
            rows += [(time, f) for f in frame.fields if f is not time and not hidden(f, "viz")]
    if not any(field.values for _, field in rows):
        return ""
    palette: dict[str, str] = {}
    data = [
        _row(at, time, field, palette, panel.end_ms)
        for at, (time, field) in enumerate(rows)
        if field.values
    ]
    drawing = axes.figure(
        data,
        xaxis=axes.time_axis(panel.start_ms, panel.end_ms),
        yaxis=axes.axis(
            tickvals=list(range(len(rows))),
            ticktext=[plain(field.title) for _, field in rows],
            autorange="reversed",
            showgrid=False,
        ),
        barmode="overlay",
        hovermode="closest",
    )
    return f'<div class="plot">{panel.charts.add(drawing, label=panel.title)}</div>'


def _row(at: int, time: Field, field: Field, palette: dict[str, str], end: float) -> dict[str, Any]:
    spans: list[tuple[float, float, str, str]] = []
    ends = [*time.values[1:], end]
    for begin, until, value in zip(time.values, ends, field.values, strict=True):
        if value is None or begin is None:
            continue
        told = shown(field, value)
        given = told.colour if field.config.get("mappings") or field.kind == "number" else None
        colour = given or palette.setdefault(
            told.text, colours.CLASSIC[len(palette) % len(colours.CLASSIC)]
        )
        goes_on = spans and spans[-1][2] == told.text and spans[-1][1] == begin
        start = spans.pop()[0] if goes_on else begin
        spans.append((start, max(until, start), told.text, colour))
    spans = spans[:_MOST_STATES]
    wide = [until - start for start, until, _, _ in spans]
    return {
        "type": "bar",
        "orientation": "h",
        "base": [start for start, *_ in spans],
        "x": wide,
        "y": [at] * len(spans),
        "width": (field.config.get("custom") or {}).get("rowHeight", 0.9),
        "text": [plain(text) for _, _, text, _ in spans],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "constraintext": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": [colour for *_, colour in spans]},
    }
