"""Consistency of the corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.analysis.consistency import corner_spread, lap_spread
from iracing_pipeline.report import words

if TYPE_CHECKING:
    from iracing_pipeline.analysis.robust import Estimate
    from iracing_pipeline.report.data import SessionData

_FEWEST = 2


def section(data: SessionData) -> str:
    """Corners by the difference between the usual and the best time."""
    corners = corner_spread(data.lap_corners, data.laps)
    if corners.is_empty():
        why = (
            "No corner is known of this track yet: the map is made from laps driven from line to"
            " line."
            if data.corner_map.is_empty()
            else "No clean lap yet: consistency is computed from clean laps."
        )
        return words.section("consistency", "Consistency", words.empty(why))
    if data.session["clean_lap_count"] < _FEWEST:
        return words.section(
            "consistency",
            "Consistency",
            words.empty("Consistency needs a second clean lap."),
        )
    rows = sorted(corners.rows(named=True), key=lambda each: each["best_s"] - each["median_s"])
    widest = max(each["median_s"] - each["best_s"] for each in rows) or 1.0
    lines = [
        words.row(
            (
                f"T{each['corner']}",
                words.number(each["median_s"], 3),
                words.number(each["best_s"], 3),
                _bar(each["median_s"] - each["best_s"], widest),
                words.number(each["spread_s"], 3),
            )
        )
        for each in rows
    ]
    head = ("Turn", "Usual, s", "Best, s", "Left in it, s", "Spread, s")
    return words.section(
        "consistency",
        "Consistency",
        words.table(head, lines, kind="corners"),
        about=f"{_laps(lap_spread(data.laps), data)} By corner: what lies between your usual time"
        " and your own best.",
    )


def _laps(spread: Estimate | None, data: SessionData) -> str:
    if spread is None:
        clean = data.session["clean_lap_count"]
        return f"Too few clean laps ({clean}) to tell a spread of lap times."
    return (
        f"Clean laps spread by {spread.value:.2f} s about their stint's own line"
        f" ({spread.low:.2f} to {spread.high:.2f} s, 95 %)."
    )


def _bar(value: float, widest: float) -> str:
    return (
        f'<span class="bar-cell wide"><i style="width:{100 * value / widest:.0f}%"></i>'
        f"{value:.3f}</span>"
    )
