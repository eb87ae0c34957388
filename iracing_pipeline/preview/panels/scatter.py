"""XY charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import plain
from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import shown
from iracing_pipeline.preview.frames import NUMBER, TIME, Field, Frame
from iracing_pipeline.preview.panels import axes, legend

if TYPE_CHECKING:
    from iracing_pipeline.preview.panel import Panel


_HOVER = "{}: %{{customdata}}<br>{}: %{{text}}"


def draw(panel: Panel) -> str:
    """A panel of type ``xychart``, its series found or named."""
    series = _series(panel)
    if not series:
        return ""
    height = (panel.json.get("gridPos") or {}).get("h", 8) * 38 - 90
    data: list[dict[str, Any]] = []
    entries = []
    for number, (x, y) in enumerate(series):
        colour = colours.of_series(y.config, number)
        custom = y.config.get("custom") or {}
        show = custom.get("show", "points")
        mode = {"points": "markers", "lines": "lines"}.get(show, "lines+markers")
        data.append(
            {
                "type": "scatter",
                "mode": mode,
                "name": plain(y.title),
                "x": x.values,
                "y": y.values,
                "customdata": [plain(shown(x, v).text) for v in x.values],
                "text": [plain(shown(y, v).text) for v in y.values],
                "hovertemplate": _HOVER.format(plain(x.title), plain(y.title)),
                "line": {"color": colour, "width": custom.get("lineWidth", 1)},
                "marker": {
                    "color": colours.faded(colour, 0.75),
                    "size": (custom.get("pointSize") or {}).get("fixed", 5),
                    "line": {"color": colour, "width": 1},
                },
            }
        )
        entries.append((y, colour))
    x_fields = [x for x, _ in series]
    below = (
        axes.time_axis(panel.start_ms, panel.end_ms)
        if x_fields[0].kind == TIME
        else axes.value_axis(x_fields, 500)
    )
    below.setdefault("title", {"text": plain(x_fields[0].title), "font": {"size": 12}})
    drawing = axes.figure(
        data,
        xaxis=below,
        yaxis=axes.value_axis([y for _, y in series], height),
        hovermode="closest",
    )
    return legend.around(panel, panel.charts.add(drawing, label=panel.title), entries)


def _series(panel: Panel) -> list[tuple[Field, Field]]:
    frames = [frame for frame in panel.frames if frame.rows]
    if panel.options.get("mapping") == "manual":
        found = []
        for each in panel.options.get("series") or []:
            for frame in _of_series(frames, each):
                x, y = _picked(frame, each.get("x")), _picked(frame, each.get("y"))
                if x and y:
                    found.append((x, y))
        return found
    pairs = []
    for frame in frames:
        fields = [f for f in frame.fields if f.kind in {NUMBER, TIME}]
        pairs += [(fields[0], y) for y in fields[1:] if y.kind == NUMBER]
    return pairs


def _of_series(frames: list[Frame], series: dict[str, Any]) -> list[Frame]:
    matcher = ((series.get("frame") or {}).get("matcher")) or {}
    if matcher.get("id") == "byIndex":
        at = int(matcher.get("options", 0))
        return frames[at : at + 1]
    return frames


def _picked(frame: Frame, picker: dict[str, Any] | None) -> Field | None:
    matcher = (picker or {}).get("matcher") or {}
    wanted = matcher.get("options")
    return next((f for f in frame.fields if wanted in {f.name, f.title}), None)
