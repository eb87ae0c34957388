"""What a lap burns, and how far a tank goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.fuel import CAUTION, CLEAN, FEWEST_LAPS, WET, fuel_use
from iracing_pipeline.page.units import amount
from iracing_pipeline.report import chart, words

if TYPE_CHECKING:
    from iracing_pipeline.analysis.fuel import FuelUse
    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.data import SessionData

_COLOURS = {CLEAN: "--blue", WET: "--sky", CAUTION: "--amber"}
_NAMES = {CLEAN: "clean laps", WET: "wet laps", CAUTION: "caution laps"}


def section(data: SessionData, charts: Charts) -> str:
    """Fuel by lap, with the estimators named."""
    known = data.fuel.drop_nulls("fuel_used_l")
    if known.filter(known["fuel_used_l"] > 0).is_empty():
        why = "No lap burnt fuel, or the file says nothing of it (FuelLevel)."
        return words.section("fuel", "Fuel", words.empty(why))
    use = fuel_use(data.fuel)
    tiles = "".join(_tiles(data, use)) if use else ""
    why = (
        ""
        if use
        else words.empty(
            f"No estimate yet: it needs {FEWEST_LAPS} clean laps that burnt what racing laps burn,"
            f" and there are {data.fuel.filter(data.fuel['condition'] == CLEAN).height}."
        )
    )
    return words.section(
        "fuel",
        "Fuel",
        f'<div class="tiles">{tiles}</div>' if tiles else why,
        f'<div class="card">{_chart(data, use, charts)}</div>',
        about="Averages are of clean laps alone: pit laps, off-tracks and spins burn what no racing"
        " lap burns. The line is their median.",
    )


def _tiles(data: SessionData, use: FuelUse) -> list[str]:
    burnt = data.fuel.filter(data.fuel["condition"] == CLEAN)["fuel_used_l"].to_numpy()
    middle = robust.middle(burnt)
    spread = (
        f"95 %: {amount(middle.low, 'volume', 3, unit=False)} to"
        f" {amount(middle.high, 'volume', 3)}, {use.laps} laps"
        if middle
        else f"of {use.laps} clean laps"
    )
    tiles = [
        words.tile("A lap burns, median", amount(use.median_l, "volume", 3), spread, tone="first"),
        words.tile("Plan with", amount(use.p65_l, "volume", 3), "65 % of the laps burnt less"),
        words.tile("Play safe with", amount(use.p90_l, "volume", 3), "90 % of the laps burnt less"),
    ]
    tank = data.session["fuel_tank_l"]
    if tank and use.p65_l > 0:
        tiles.append(
            words.tile(
                "A full tank lasts",
                f"{int(tank / use.p65_l)} laps",
                f"{amount(tank, 'volume', 1)} at what to plan with",
            )
        )
    return tiles


def _chart(data: SessionData, use: FuelUse | None, charts: Charts) -> str:
    rows = data.fuel.drop_nulls("fuel_used_l").rows(named=True)
    bars: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": [row["lap_number"] for row in rows],
            "y": [round(row["fuel_used_l"], 3) for row in rows],
            "quantity": {"y": "volume"},
            "text": [_NAMES.get(row["condition"], "not averaged") for row in rows],
            "textposition": "none",
            "marker": {"color": [_COLOURS.get(row["condition"], "--line") for row in rows]},
            "hovertemplate": "Lap %{x}: %{y:.3f} {volume}<br>%{text}<extra></extra>",
        }
    ]
    shapes = []
    if use is not None:
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": use.median_l,
                "y1": use.median_l,
                "quantity": {"y": "volume"},
                "line": {"color": "--ink", "width": 1.5, "dash": "dot"},
            }
        )
    drawing = chart.figure(
        bars,
        xaxis=chart.axis("lap", dtick=max(1, len(rows) // 15)),
        yaxis=chart.axis("burnt, {volume}", rangemode="tozero", nticks=6),
        shapes=shapes,
        bargap=0.35,
        hovermode="closest",
    )
    return charts.add(drawing, label="Fuel burnt by lap", height_px=230)
