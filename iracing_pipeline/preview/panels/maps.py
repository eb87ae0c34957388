"""Geomaps: routes and markers, without the tiles that Grafana would fetch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import plain
from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import limits, shown
from iracing_pipeline.preview.frames import NUMBER, Field, Frame
from iracing_pipeline.preview.panels import axes, legend

if TYPE_CHECKING:
    from iracing_pipeline.preview.panel import Panel


def draw(panel: Panel) -> str:
    """A panel of type ``geomap``: each layer by its own query, where it names one."""
    if _fetches(panel.options.get("basemap") or {}):
        panel.remarks.append("without the base map, which Grafana fetches")
    data: list[dict[str, Any]] = []
    entries: list[tuple[Field, str]] = []
    for layer in panel.options.get("layers") or []:
        frame = _frame(panel, layer)
        place = _place(frame, layer.get("location") or {}) if frame else None
        if frame is None or place is None:
            continue
        data += _layer(layer, frame, place, entries)
    if not data:
        return ""
    every = [v for trace in data for v in trace["y"] if v is not None]
    shrink = math.cos(math.radians(sum(every) / len(every)))
    hidden = axes.axis(visible=False, showgrid=False)
    drawing = axes.figure(
        data,
        xaxis={**hidden, "scaleanchor": "y", "scaleratio": shrink, "constrain": "domain"},
        yaxis={**hidden, "constrain": "domain"},
        hovermode="closest",
    )
    return legend.around(panel, panel.charts.add(drawing, label=panel.title), entries)


def _fetches(basemap: dict[str, Any]) -> bool:
    """Whether a base map has tiles: none does with no opacity, or with no address."""
    address = str((basemap.get("config") or {}).get("url") or "")
    own = basemap.get("type") == "xyz" and not address.startswith("http")
    return basemap.get("opacity") != 0 and basemap.get("type") != "none" and not own


def _frame(panel: Panel, layer: dict[str, Any]) -> Frame | None:
    wanted = (layer.get("filterData") or {}).get("options")
    frames = [f for f in panel.frames if f.rows and (wanted is None or f.ref == wanted)]
    return frames[0] if frames else None


def _place(frame: Frame, location: dict[str, Any]) -> tuple[Field, Field] | None:
    def find(given: str | None, usual: tuple[str, ...]) -> Field | None:
        names = (given,) if given else usual
        return next((f for f in frame.of(NUMBER) if f.name in names or f.title in names), None)

    longitude = find(location.get("longitude"), ("longitude", "lon", "lng", "longitude_deg"))
    latitude = find(location.get("latitude"), ("latitude", "lat", "latitude_deg"))
    return (longitude, latitude) if longitude and latitude else None


def _layer(
    layer: dict[str, Any],
    frame: Frame,
    place: tuple[Field, Field],
    entries: list[tuple[Field, str]],
) -> list[dict[str, Any]]:
    config = layer.get("config") or {}
    style = config.get("style") or {}
    colour = style.get("color") or {}
    by = next((f for f in frame.fields if colour.get("field") in {f.name, f.title}), None)
    fixed = colours.named(colour.get("fixed"))
    longitude, latitude = place
    base: dict[str, Any] = {"type": "scatter", "x": longitude.values, "y": latitude.values}
    traces: list[dict[str, Any]] = []
    if layer.get("type") == "route":
        width = style.get("lineWidth", 2)
        traces.append(
            {**base, "mode": "lines", "line": {"color": fixed, "width": width}, "hoverinfo": "skip"}
        )
        size: float = max(4, width + 2)
    else:
        size = (style.get("size") or {}).get("fixed", 5) * 2
    text = _text(style, frame)
    if layer.get("type") != "route" or by is not None:
        traces.append(
            {
                **base,
                "mode": "markers+text" if text else "markers",
                "text": text or ([plain(shown(by, v).text) for v in by.values] if by else None),
                "textposition": "top center",
                "hovertemplate": "%{text}<extra></extra>" if by or text else None,
                "marker": _marker(by, fixed, size),
            }
        )
    if by is not None:
        entries.append((by, fixed))
    return traces


def _text(style: dict[str, Any], frame: Frame) -> list[str]:
    name = (style.get("text") or {}).get("field")
    field = next((f for f in frame.fields if name and name in {f.name, f.title}), None)
    return [plain(shown(field, value).text) for value in field.values] if field else []


def _marker(by: Field | None, fixed: str, size: float) -> dict[str, Any]:
    if by is None:
        return {"color": fixed, "size": size}
    low, high = limits(by)
    scale = colours.scale(by.config)
    if scale is None:
        each = [colours.of_value(by.config, value, low, high) for value in by.values]
        return {"color": each, "size": size}
    return {
        "color": by.values,
        "cmin": low,
        "cmax": high,
        "colorscale": scale,
        "size": size,
        "colorbar": {
            "thickness": 10,
            "outlinewidth": 0,
            **axes.ticks(by, low, high, 5),
            "title": {"text": plain(by.title), "side": "right"},
        },
    }
