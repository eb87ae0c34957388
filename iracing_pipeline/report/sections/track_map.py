"""The lap seen from above: where time was lost, how fast it was, and the cursor of the charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.page.charts import numbers
from iracing_pipeline.report import chart, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.analysis.samples import Floats
    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.opponents import Opponent

_OVER_M = 60.0  # time lost is averaged over this much of the track, or single points would flicker
_EVEN_MS_PER_100M = 2.0
_LABEL_PX = 17
# Blue gains, orange loses: distinguishable for colour-blind readers. Grey is neither.
_GAIN_LOSS = [
    [0, "#0072b2"],
    [0.38, "#56b4e9"],
    [0.5, "#9aa0a6"],
    [0.62, "#e69f00"],
    [1, "#d55e00"],
]
# Cividis, without its darkest end, which is lost on a dark page.
_SPEED = [[0, "#31446b"], [0.25, "#666970"], [0.5, "#958f78"], [0.75, "#cab969"], [1, "#ffea46"]]


def map_of(
    lap: Opponent,
    other: Opponent | None,
    corners: Sequence[tuple[int, float]],
    charts: Charts,
    at: int,
) -> tuple[str, list[str]]:
    """The map, and the keys of the charts that share the cursor.

    Args:
        lap: The session's lap.
        other: The lap it is compared with, if there is one.
        corners: Number and apex (m) of each corner.
        charts: Charts of the page.
        at: Number of the comparison.
    """
    if "east_m" not in lap.trace or "north_m" not in lap.trace:
        return words.empty("No map: the file has no positions (Lat, Lon)."), []
    kinds: list[tuple[str, dict[str, Any]]] = []
    if other is not None:
        kinds.append(("Time lost", _loss_marker(_rate(lap, other))))
    if "speed_mps" in lap.trace:
        kinds.append(("Speed", _speed_marker(lap.trace["speed_mps"])))
    parts, keys, options = [], [], []
    for number, (name, marker) in enumerate(kinds):
        drawing = _map(lap, corners, marker)
        html = charts.add(drawing, label=f"Map of the lap: {name}", height_px=340)
        keys.append(f"chart-{len(charts.figures)}")
        hidden = " hidden" if number else ""
        parts.append(f'<div data-choice="map-{at}" data-value="{number}"{hidden}>{html}</div>')
        options.append(f'<option value="{number}">{name}</option>')
    choice = (
        f'<label class="choice">Coloured by <select data-chooses="map-{at}">'
        f"{''.join(options)}</select></label>"
        if len(options) > 1
        else ""
    )
    return choice + "".join(parts), keys


def _rate(lap: Opponent, other: Opponent) -> Floats:
    """Milliseconds lost for each 100 m, about each grid point."""
    behind = lap.trace["elapsed_s"] - other.trace["elapsed_s"]
    distance = lap.trace["distance_m"]
    half = max(1, round(_OVER_M / 2 / float(distance[1] - distance[0])))
    index = np.arange(len(distance))
    low, high = np.maximum(index - half, 0), np.minimum(index + half, len(distance) - 1)
    rate: Floats = (behind[high] - behind[low]) / (distance[high] - distance[low]) * 1e5
    return rate


def _loss_marker(rate: Floats) -> dict[str, Any]:
    widest = max(float(np.percentile(np.abs(rate), 98)), _EVEN_MS_PER_100M)
    return {
        "color": numbers(rate.tolist(), 2),
        "cmin": -widest,
        "cmax": widest,
        "colorscale": _GAIN_LOSS,
        "size": 7,
        "colorbar": _bar("lost, {loss}"),
        "quantity": "loss",
    }


def _speed_marker(speed: Floats) -> dict[str, Any]:
    return {
        "color": numbers(speed.tolist(), 2),
        "colorscale": _SPEED,
        "size": 7,
        "colorbar": _bar("speed, {speed}"),
        "quantity": "speed",
    }


def _bar(title: str) -> dict[str, Any]:
    return {
        "orientation": "h",
        "thickness": 8,
        "len": 0.8,
        "y": -0.02,
        "yanchor": "top",
        "outlinewidth": 0,
        "nticks": 5,
        "tickfont": {"size": 10, "color": "--soft"},
        "title": {"text": title, "side": "bottom", "font": {"size": 11, "color": "--soft"}},
    }


def _map(lap: Opponent, corners: Sequence[tuple[int, float]], marker: dict[str, Any]) -> Any:
    quantity, marker = marker["quantity"], {k: v for k, v in marker.items() if k != "quantity"}
    east, north = (lap.trace[name] for name in ("east_m", "north_m"))
    line = {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(east.tolist(), 1),
        "y": numbers(north.tolist(), 1),
        "marker": marker,
        "meta": {"points": True},
        "hoverinfo": "none",
        "quantity": {"color": quantity},
    }
    cursor = {
        "type": "scatter",
        "mode": "markers",
        "x": [float(east[0])],
        "y": [float(north[0])],
        "meta": {"cursor": 0},
        "hoverinfo": "skip",
        "marker": {
            "size": 16,
            "color": "rgba(0,0,0,0)",
            "line": {"color": "--ink", "width": 3},
        },
    }
    return chart.figure(
        [line, cursor],
        xaxis={"visible": False, "scaleanchor": "y", "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True},
        hovermode="closest",
        hoverdistance=60,
        annotations=_labels(east, north, lap.trace["distance_m"], corners),
        margin={"l": 24, "r": 24, "t": 20, "b": 56},
    )


def _labels(
    east: Floats, north: Floats, distance: Floats, corners: Sequence[tuple[int, float]]
) -> list[dict[str, Any]]:
    """Numbers of the corners, on the outside of the track."""
    labels = []
    for number, apex in corners:
        at = int(np.clip(np.searchsorted(distance, apex), 0, len(distance) - 1))
        x, y = float(east[at]), float(north[at])
        away = _outside(east, north, at)
        labels.append(
            {
                "x": round(x, 1),
                "y": round(y, 1),
                "ax": round(away[0] * _LABEL_PX, 1),
                "ay": round(-away[1] * _LABEL_PX, 1),
                "text": str(number),
                "showarrow": True,
                "arrowhead": 0,
                "arrowwidth": 0.01,
                "arrowcolor": "rgba(0,0,0,0)",
                "font": {"size": 12, "color": "--ink"},
            }
        )
    return labels


def _outside(east: Floats, north: Floats, at: int) -> tuple[float, float]:
    """The direction from a point of the line to the outside of its curve."""
    near = max(1, len(east) // 150)
    before, after = max(at - near, 0), min(at + near, len(east) - 1)
    along = np.array([east[after] - east[before], north[after] - north[before]])
    bent = np.array(
        [2 * east[at] - east[before] - east[after], 2 * north[at] - north[before] - north[after]]
    )
    right = np.array([along[1], -along[0]])
    away = right if float(right @ bent) >= 0 else -right
    x, y = away / (np.hypot(*away) or 1.0)
    return float(x), float(y)
