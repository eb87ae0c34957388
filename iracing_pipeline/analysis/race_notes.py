"""Telemetry's additions to a race of one car, and the race by telemetry without a lap chart."""

from __future__ import annotations

import numpy as np
import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.race_crossings import Note
from iracing_pipeline.tables.results import LAP, RESULT

WORDS = {"off_track": "off track", "incident": "incident", "stopped": "stopped"}
"""Reasons of a lap that are mistakes, in words."""
_IN_PITS = {"in_lap", "out_lap", "pit_lap"}
ALONE = 0
"""``group_id`` of a car without a lap chart."""
_WHOLE = ("timed", "in", "out", "pit")


def notes_of(laps: pl.DataFrame, corners: pl.DataFrame | None = None) -> dict[int, Note]:
    """Return telemetry's additions to the scored laps of one car, by lap number.

    Args:
        laps: Its rows of ``racing.telemetry_lap``.
        corners: Its rows of ``racing.lap_corner``.
    """
    worst = {} if corners is None or corners.is_empty() else _worst_corners(corners, laps)
    notes = {}
    for lap in laps.rows(named=True):
        reasons = set(lap["reasons"] or ())
        mistakes = tuple(word for name, word in WORDS.items() if name in reasons)
        corner, loss, error = worst.get(lap["lap_number"], (None, None, float("nan")))
        notes[lap["lap_number"]] = Note(
            mistakes=mistakes,
            caution="caution" in reasons,
            pitted=bool(_IN_PITS & reasons),
            corner=corner if mistakes else None,
            corner_loss_s=loss if mistakes else None,
            corner_error_s=error,
        )
    return notes


def _worst_corners(
    corners: pl.DataFrame, laps: pl.DataFrame
) -> dict[int, tuple[int, float, float]]:
    """The corner of each lap that lost most against the clean laps, the straight after it included.

    The straight after the last corner is left out, as the pits may lie on it.
    """
    last = corners.get_column("corner").max()
    straight = pl.when(pl.col("corner") != last).then(pl.col("straight_s").fill_null(0.0))
    spent = corners.select(
        "lap_number", "corner", seconds=pl.col("time_s") + straight.otherwise(0.0)
    ).drop_nulls()
    clean = spent.join(laps.filter("clean").select("lap_number"), on="lap_number", how="semi")
    usual: dict[int, tuple[float, float]] = {}
    for (corner,), part in clean.group_by("corner"):
        times = part.get_column("seconds").to_numpy()
        scatter = robust.spread(times)
        error = float("nan") if scatter is None else scatter.value
        usual[int(str(corner))] = float(np.median(times)), error
    worst: dict[int, tuple[int, float, float]] = {}
    for lap, corner, seconds in spent.rows():
        if corner not in usual:
            continue
        middle, error = usual[corner]
        if lap not in worst or seconds - middle > worst[lap][1]:
            worst[lap] = corner, seconds - middle, error
    return worst


def lap_chart(laps: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The laps of one car as a lap chart, and its entry: what the telemetry of a race shows.

    Args:
        laps: Rows of ``racing.telemetry_lap`` of one session.

    Returns:
        Rows of ``racing.lap`` and of ``racing.result``, of one car with ``group_id`` 0.
    """
    whole = laps.filter(pl.col("kind").is_in(_WHOLE) & (pl.col("lap_number") > 0))
    driven = whole.sort("start_session_time_s").unique("lap_number", keep="last")
    key = {"subsession_id": 0, "simsession_number": 0, "group_id": ALONE}
    shared = {**key, "source": "ibt", "source_rank": 0, "flags": 0, "events": [], "valid": True}
    rows = [
        {
            **shared,
            "lap_number": lap["lap_number"],
            "session_time_s": lap["end_session_time_s"],
            "pitted": False,
        }
        for lap in driven.sort("lap_number").rows(named=True)
    ]
    if rows:
        first = driven.sort("lap_number").row(0, named=True)
        start = {"lap_number": 0, "session_time_s": first["start_session_time_s"]}
        rows.insert(0, {**rows[0], **start})
    entry = {**key, "source": "ibt", "source_rank": 0, "participant_id": ALONE, "kind": "driver"}
    return LAP.frame(rows), RESULT.frame([entry])
