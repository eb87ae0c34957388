"""Two laps along the track, one chart above the other, with one cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import numbers
from iracing_pipeline.report import chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.opponents import Opponent

_GAP = 0.018
MINE, THEIRS = "--blue", "--orange"

# Channel, what the axis says, its share of the height, digits, quantity, factor.
_PANELS: tuple[tuple[str, str, float, int, str | None, float], ...] = (
    ("delta_s", "delta, s", 0.2, 4, None, 1.0),
    ("speed_mps", "{speed}", 0.3, 2, "speed", 1.0),
    ("throttle", "throttle, %", 0.13, 1, None, 100.0),
    ("brake", "brake, %", 0.13, 1, None, 100.0),
    ("gear", "gear", 0.1, 0, None, 1.0),
    ("steering_rad", "steering, °", 0.14, 1, None, 57.29578),
)


def traces_of(
    lap: Opponent,
    other: Opponent | None,
    corners: Sequence[tuple[int, float]],
    charts: Charts,
) -> tuple[str, list[str]]:
    """The chart, and the keys of those that share the cursor.

    Args:
        lap: The session's lap.
        other: The lap it is compared with; None to show it alone.
        corners: Number and apex (m) of each corner.
        charts: Charts of the page.
    """
    panels = [panel for panel in _PANELS if _has(lap, other, panel[0])]
    total = sum(panel[2] for panel in panels)
    top = 1.0
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {}
    for at, panel in enumerate(panels):
        name = f"y{at + 1}" if at else "y"
        height = panel[2] / total
        layout[name.replace("y", "yaxis", 1)] = _axis(panel, [max(0.0, top - height + _GAP), top])
        top -= height
        data += _lines(lap, other, panel, name)
    distance = lap.trace["distance_m"]
    layout["xaxis"] = chart.axis(
        "distance, {distance}",
        range=[0, float(distance[-1])],
        quantity="distance",
        anchor=f"y{len(panels)}" if len(panels) > 1 else "y",
        showspikes=True,
        spikemode="across",
        spikesnap="hovered data",
        spikethickness=-2,  # below zero: without the outline that plotly.js draws around it
        spikedash="solid",
        spikecolor="--faint",
        fixedrange=False,
    )
    lines, names = _marks(corners)
    drawing = chart.figure(
        data,
        **layout,
        hovermode="x unified",
        hoversubplots="axis",
        dragmode="zoom",
        shapes=lines,
        annotations=names,
        margin={"l": 56, "r": 10, "t": 24, "b": 40},
    )
    html = charts.add(drawing, label="Traces of the laps along the track", height_px=720)
    key = f"chart-{len(charts.figures)}"
    readout = f'<p class="readout" data-readout="{key}">Point at the chart to read it.</p>'
    return readout + html, [key]


def _has(lap: Opponent, other: Opponent | None, channel: str) -> bool:
    if channel == "delta_s":
        return other is not None
    return channel in lap.trace or (other is not None and channel in other.trace)


def _axis(panel: tuple[str, str, float, int, str | None, float], domain: list[float]) -> Any:
    channel, title, *_ = panel
    more: dict[str, Any] = {"domain": domain, "nticks": 5}
    if channel in {"throttle", "brake"}:
        more |= {"range": [-4, 104], "tickvals": [0, 50, 100]}
    if channel == "gear":
        more |= {"dtick": 1}
    if channel == "delta_s":
        more |= {"zeroline": True, "zerolinecolor": "--faint", "zerolinewidth": 1}
    return chart.axis(title, **more)


def _lines(
    lap: Opponent,
    other: Opponent | None,
    panel: tuple[str, str, float, int, str | None, float],
    axis: str,
) -> list[dict[str, Any]]:
    channel, title, _, digits, quantity, factor = panel
    distance = numbers(lap.trace["distance_m"].tolist(), 1)
    if channel == "delta_s":
        if other is None:
            return []
        behind = lap.trace["elapsed_s"] - other.trace["elapsed_s"]
        return [
            {
                "type": "scatter",
                "mode": "lines",
                "x": distance,
                "y": numbers(behind.tolist(), digits),
                "yaxis": axis,
                "quantity": {"x": "distance"},
                "meta": _read("delta", "s", 3, sign=True),
                "line": {"color": "--ink", "width": 1.6},
                "fill": "tozeroy",
                "fillcolor": "rgba(128,128,128,.14)",
                "hoverinfo": "none",
            }
        ]
    drawn = []
    name, _, unit = ("speed", "", "{speed}") if quantity == "speed" else title.partition(", ")
    for each, colour in ((other, THEIRS), (lap, MINE)):
        if each is None or channel not in each.trace:
            continue
        drawn.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": distance,
                "y": numbers((each.trace[channel] * factor).tolist(), digits),
                "yaxis": axis,
                "quantity": {"x": "distance", **({"y": quantity} if quantity else {})},
                "meta": _read(name, unit, 0),
                "line": {
                    "color": colour,
                    "width": 1.7,
                    "shape": "hv" if channel == "gear" else "linear",
                },
                "hoverinfo": "none",
            }
        )
    return drawn


def _read(name: str, symbol: str, digits: int, *, sign: bool = False) -> dict[str, Any]:
    """Format of the value under the cursor, in the line above the chart."""
    return {"points": True, "name": name, "symbol": symbol, "digits": digits, "sign": sign}


def _marks(
    corners: Sequence[tuple[int, float]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A line through all charts at each corner, and its number above them."""
    lines = [
        {
            "type": "line",
            "x0": apex,
            "x1": apex,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "line": {"color": "--line", "width": 1, "dash": "dot"},
            "quantity": {"x": "distance"},
        }
        for _, apex in corners
    ]
    names = [
        {
            "x": apex,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "showarrow": False,
            "text": str(number),
            "font": {"size": 11, "color": "--soft"},
            "quantity": {"x": "distance"},
        }
        for number, apex in corners
    ]
    return lines, names
