"""Fuel per lap, and range of a tank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.energy import ELECTRIC, HYBRID
from iracing_pipeline.analysis.fuel import (
    CAUTION,
    CLEAN,
    FEWEST_LAPS,
    WET,
    energy_use,
    fuel_use,
)
from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.page.units import amount
from iracing_pipeline.report import chart, words

if TYPE_CHECKING:
    from iracing_pipeline.analysis.fuel import EnergyUse, FuelUse
    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.data import SessionData

_COLOURS = {CLEAN: "--blue", WET: "--sky", CAUTION: "--amber"}
_NAMES = {CLEAN: "clean laps", WET: "wet laps", CAUTION: "caution laps"}


def section(data: SessionData, charts: Charts) -> str:
    """Fuel and energy by lap, with the estimators named."""
    source = data.session["power_source"]
    column, quantity = (
        ("energy_used_kwh", "energy") if source == ELECTRIC else ("fuel_used_l", "volume")
    )
    title = _TITLES.get(source, "Fuel")
    complete = data.fuel.drop_nulls(column)
    if complete.filter(complete[column] > 0).is_empty():
        why = (
            "No lap took energy, or the file says nothing of it (FuelLevel)."
            if source == ELECTRIC
            else "No lap burnt fuel, or the file says nothing of it (FuelLevel)."
        )
        return words.section("fuel", title, words.empty(why))
    use, energy = fuel_use(data.fuel), energy_use(data.fuel)
    tiles = "".join([*(_tiles(data, use) if use else ()), *_energy_tiles(data, energy)])
    clean = data.fuel.filter(data.fuel["condition"] == CLEAN).height
    why = words.empty(
        f"No estimate yet: it needs {FEWEST_LAPS} clean laps that burnt what racing laps burn,"
        f" and there are {clean}."
    )
    return words.section(
        "fuel",
        title,
        f'<div class="tiles">{tiles}</div>' if tiles else why,
        f'<div class="card">{_chart(data, column, quantity, charts)}</div>',
        about="Averages are of clean laps alone: pit laps, off-tracks and spins burn what no racing"
        " lap burns. The line is their median." + _ABOUT.get(source, ""),
    )


_TITLES = {HYBRID: "Fuel and energy", ELECTRIC: "Energy"}
_ABOUT = {
    HYBRID: " The car is a hybrid: what a lap burns depends on what the battery gave it.",
}


def _energy_tiles(data: SessionData, use: EnergyUse | None) -> list[str]:
    if use is None:
        return []
    laps = f"median of {use.laps} clean laps"
    tiles = []
    if use.deployed_kwh is not None:
        tiles.append(
            words.tile("A lap deploys, median", amount(use.deployed_kwh, "energy", 3), laps)
        )
    tiles.append(words.tile("The battery loses a lap", amount(use.used_kwh, "energy", 3), laps))
    capacity = data.session["energy_capacity_kwh"]
    if capacity and data.session["power_source"] == ELECTRIC and use.used_kwh > 0:
        tiles.append(
            words.tile(
                "A full battery lasts",
                f"{int(capacity / use.used_kwh)} laps",
                f"{amount(capacity, 'energy', 1)} at the median",
            )
        )
    return tiles


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


def _chart(data: SessionData, column: str, quantity: str, charts: Charts) -> str:
    """A bar for each attempt of a lap, in the order in which they were driven."""
    rows = _driven(data).drop_nulls(column).rows(named=True)
    names = words.attempts(rows)
    bars: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": names,
            "y": [round(row[column], 3) for row in rows],
            "quantity": {"y": quantity},
            "text": [
                f"Lap {name}, {_NAMES.get(row['condition'], 'not averaged')}"
                for name, row in zip(names, rows, strict=True)
            ],
            "textposition": "none",
            "marker": {"color": [_COLOURS.get(row["condition"], "--line") for row in rows]},
            "hovertemplate": f"%{{text}}: %{{y:.3f}} {{{quantity}}}<extra></extra>",
        }
    ]
    clean = data.fuel.filter(data.fuel["condition"] == CLEAN).get_column(column).drop_nulls()
    shapes = []
    if len(clean) >= FEWEST_LAPS:
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": clean.median(),
                "y1": clean.median(),
                "quantity": {"y": quantity},
                "line": {"color": "--ink", "width": 1.5, "dash": "dot"},
            }
        )
    taken = "taken from the battery" if quantity == "energy" else "burnt"
    drawing = chart.figure(
        bars,
        xaxis=chart.lap_axis(names, 15),
        yaxis=chart.axis(f"{taken}, {{{quantity}}}", rangemode="tozero", nticks=6),
        shapes=shapes,
        bargap=0.35,
        hovermode="closest",
    )
    label = "Energy taken by lap" if quantity == "energy" else "Fuel burnt by lap"
    return charts.add(drawing, label=label, height_px=230)


def _driven(data: SessionData) -> pl.DataFrame:
    """Fuel of laps in the order in which they were driven."""
    order = data.laps.select(*LAP_KEY, pl.int_range(pl.len()).alias("place"))
    return data.fuel.join(order, on=LAP_KEY, how="left").sort("place", nulls_last=True)
