"""Sectors of the clean laps, and the lap that the best of them would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.analysis.sectors import LAP_KEY, theoretical_best
from iracing_pipeline.report import words

if TYPE_CHECKING:
    from iracing_pipeline.report.data import SessionData

_MOST_LAPS = 30
_FULL_S = 0.5  # lost in a sector: the bar is full


def section(data: SessionData) -> str:
    """The table of sectors."""
    best = theoretical_best(data.sectors, data.laps)
    if best is None:
        return words.section(
            "sectors",
            "Sectors",
            words.empty(
                "No clean lap yet: sectors of laps with something against them would not"
                " say what can be driven."
            ),
        )
    clean = data.laps.filter("clean").select(*LAP_KEY, "lap_time_s")
    times = (
        data.sectors.join(clean, on=LAP_KEY, how="inner")
        .sort("lap_number", "sector")
        .group_by("lap_number", "lap_time_s", maintain_order=True)
        .agg(pl.col("time_s"))
    )
    rows = [
        words.row(
            (
                str(lap["lap_number"]),
                words.lap_time(lap["lap_time_s"]),
                *(
                    _cell(time, least)
                    for time, least in zip(lap["time_s"], best.sector_times_s, strict=True)
                ),
            ),
            "best" if lap["lap_time_s"] == best.best_lap_time_s else "",
        )
        for lap in times.head(_MOST_LAPS).rows(named=True)
    ]
    total = words.row(
        (
            "<b>Best of each</b>",
            f"<b>{words.lap_time(best.lap_time_s)}</b>",
            *(f"<b>{time:.3f}</b>" for time in best.sector_times_s),
        ),
        "total",
    )
    head = ("Lap", "Time", *(f"S{n}" for n in range(1, len(best.sector_times_s) + 1)))
    left = best.best_lap_time_s - best.lap_time_s
    return words.section(
        "sectors",
        "Sectors",
        words.table(head, (total, *rows), kind="sectors"),
        about=f"iRacing's sectors of {words.count(best.laps, 'clean lap')}."
        f" The best of each make {words.lap_time(best.lap_time_s)}, {left:.3f} s under the best"
        " lap."
        if best.laps > 1
        else "iRacing's sectors of the one clean lap: with a second, the best of each tell more.",
    )


def _cell(time: float, least: float) -> str:
    lost = time - least
    if lost < 0.0005:
        return f'<span class="purple">{time:.3f}</span>'
    share = min(lost / _FULL_S, 1.0) * 100
    return (
        f'<span class="bar-cell"><i style="width:{share:.0f}%"></i>{time:.3f}'
        f" <small>+{lost:.3f}</small></span>"
    )
