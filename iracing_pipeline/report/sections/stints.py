"""Stints: how long, on what, at what pace, and how it changed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from iracing_pipeline.page.units import UNKNOWN, amount, symbol
from iracing_pipeline.report import words

if TYPE_CHECKING:
    from iracing_pipeline.report.data import Row, SessionData

_EVENTS = {
    "file": "file",
    "pit_exit": "out of the pits",
    "pit_stop": "pit stop",
    "reset": "reset",
    "tow": "tow",
    "session": "session",
}


def section(data: SessionData) -> str:
    """The table of stints."""
    if data.stints.is_empty():
        return words.section("stints", "Stints", words.empty("The file holds no stint."))
    head = (
        "Stint",
        "Began",
        "Ended",
        "Tyres",
        "Laps",
        "Clean",
        "Median",
        "Best",
        "Trend, s/lap",
        "By tyres, s/lap",
        f"Fuel, {symbol('volume')}/lap",
        "Pit loss, s",
    )
    rows = [
        words.row(
            (
                str(stint["stint"]),
                escape(_EVENTS.get(stint["began"], stint["began"])),
                escape(_EVENTS.get(stint["ended"], stint["ended"])),
                f"set {stint['tyre_set']}",
                str(stint["lap_count"]),
                str(stint["clean_lap_count"]),
                words.lap_time(stint["median_lap_time_s"]),
                words.lap_time(stint["best_lap_time_s"]),
                _interval(stint, "pace_trend"),
                _interval(stint, "degradation"),
                amount(stint["fuel_per_lap_l"], "volume", 3, unit=False),
                words.number(stint["pit_loss_s"], 1),
            )
        )
        for stint in data.stints.rows(named=True)
    ]
    return words.section(
        "stints",
        "Stints",
        f'<div class="card">{words.table(head, rows, kind="stints")}</div>',
        about="A trend needs five clean laps on warm tyres; tyres are told from fuel only where the"
        " stints of the session differ in both.",
    )


def _interval(stint: Row, name: str) -> str:
    value = stint[f"{name}_s_per_lap"]
    if value is None:
        return UNKNOWN
    low, high = stint[f"{name}_low_s_per_lap"], stint[f"{name}_high_s_per_lap"]
    return f"{words.signed(value)} <small>{low:+.3f} to {high:+.3f}</small>"
