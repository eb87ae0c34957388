"""The incident book of a session: each rise of the incident count, and the session's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis.samples import OFF_TRACK
from iracing_pipeline.tables.race import PENALTY_LADDER, RACE_INCIDENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from iracing_pipeline.analysis.corner_map import CornerMap
    from iracing_pipeline.analysis.samples import Samples

_MOST_POINTS = 10_000
_FEWEST_CLEAN_LAPS = 3
_OFF = "off track"


def incidents(
    samples: Samples,
    laps: pl.DataFrame,
    session_key: str,
    *,
    length_m: float | None = None,
    corners: CornerMap | None = None,
) -> pl.DataFrame:
    """Rows of ``racing.race_incident``; none where the file does not count incidents.

    A rise says how many points were added, not what happened: 2x that is raised to 4x shows as two
    points more. So there is a kind only where the surface shows one.

    Args:
        samples: Records of the file.
        laps: Rows of ``racing.telemetry_lap``.
        session_key: The session.
        length_m: Length of the lap.
        corners: Corner map of the track.
    """
    counter = samples.incidents
    if counter is None or len(counter) < 2:
        return RACE_INCIDENT.frame()
    valid = (counter >= 0) & (counter < _MOST_POINTS) & ~samples.glitch
    rows = np.flatnonzero(valid)
    rises = rows[1:][np.diff(counter[rows]) > 0]
    before = rows[:-1][np.diff(counter[rows]) > 0]
    by_lap = {int(row["lap_number"]): row for row in laps.rows(named=True)}
    usual = _usual(laps)
    counts = np.unique(samples.lap[rises], return_counts=True)
    on_lap = dict(zip(counts[0].tolist(), counts[1].tolist(), strict=True))
    incident_rows: list[dict[str, object]] = []
    for number, (at, last) in enumerate(zip(rises, before, strict=True), start=1):
        lap = int(samples.lap[at])
        row, previous = by_lap.get(lap), by_lap.get(lap - 1)
        share = float(samples.pct[at] % 1.0)
        off = samples.surface is not None and bool(samples.surface[at] == OFF_TRACK)
        incident_rows.append(
            {
                "session_key": session_key,
                "incident": number,
                "lap_number": lap,
                "session_time_s": float(samples.time[at]),
                "distance_m": None if length_m is None else share * length_m,
                "corner": _corner(corners, share),
                "points": int(counter[at] - counter[last]),
                "total_points": int(counter[at]),
                "kind": _OFF if off else None,
                "seconds": _seconds(row, usual) if on_lap[lap] == 1 else None,
                "position_before": None if previous is None else previous["position"],
                "position_after": None if row is None else row["position"],
            }
        )
    return RACE_INCIDENT.frame(incident_rows)


def _usual(laps: pl.DataFrame) -> float | None:
    clean = laps.filter("clean").get_column("lap_time_s").drop_nulls()
    return float(np.median(clean.to_numpy())) if len(clean) >= _FEWEST_CLEAN_LAPS else None


def _seconds(lap: Mapping[str, Any] | None, usual: float | None) -> float | None:
    if lap is None or usual is None or lap["kind"] != "timed" or lap["lap_time_s"] is None:
        return None
    return float(lap["lap_time_s"]) - usual


def _corner(corners: CornerMap | None, share: float) -> int | None:
    """Number of the corner at a share of the lap."""
    for corner in () if corners is None else corners.corners:
        length = (corner.end_pct - corner.start_pct) % 1.0  # the line may lie in it
        if (share - corner.start_pct) % 1.0 <= length:
            return corner.number
    return None


def penalty_ladder(
    session_info: Mapping[str, Any], points: int | None, session_key: str
) -> pl.DataFrame:
    """Rows of ``racing.penalty_ladder``: the incident limits of a session, in order of points.

    Args:
        session_info: Session info of the file.
        points: Incident points at the end of the file; None where they are not counted.
        session_key: The session.
    """
    weekend = session_info.get("WeekendInfo")
    options = weekend.get("WeekendOptions") if isinstance(weekend, dict) else None
    if not isinstance(options, dict):
        return PENALTY_LADDER.frame()
    limit = _limit(options.get("IncidentLimit"))
    first = _limit(options.get("IncidentWarningInitialLimit"))
    again = _limit(options.get("IncidentWarningSubsequentLimit"))
    steps: list[tuple[int, str]] = []
    if first is not None:
        most = limit if limit is not None else max(first, points or 0) + (again or 1)
        steps += [(at, "penalty") for at in range(first, most, again or _MOST_POINTS)]
    if limit is not None:
        steps.append((limit, "disqualification"))
    return PENALTY_LADDER.frame(
        {
            "session_key": session_key,
            "step": step,
            "penalty": penalty,
            "at_points": at,
            "points": points,
            "points_left": None if points is None else at - points,
        }
        for step, (at, penalty) in enumerate(steps, start=1)
    )


def _limit(value: object) -> int | None:
    """A limit as a number; None for ``unlimited`` and for what is no number of points."""
    try:
        number = int(str(value).strip())
    except ValueError:
        return None
    return number if 0 < number < _MOST_POINTS else None
