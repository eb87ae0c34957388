"""The lap clock as iRacing shows it: the line between two records, the lap time a while later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.plan import LapClockFrom, Session

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats, Ints
    from iracing_pipeline.demo.drive import Drive
    from iracing_pipeline.demo.records import Records


_LATE_RECORDS = (7, 112)
"""Records from the line to the one that shows the lap time; the second is exclusive."""
_JITTER_S = 0.0006
_EARLY_ROW_S, _EARLY_ROW_CHANCE = 0.0125, 0.08
"""Lap times and LapDistPct do not quite agree on where the line is; now and then LapDistPct is
ahead by most of a tick. Measured on real files."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """The car crosses the line.

    Attributes:
        lap: Number of the lap that begins.
        leg: Index of the leg.
        node: Index of the line in the leg's arrays.
        session_time: Exact SessionTime.
        record: First record after it.
        shown_at: Record from which on the ended lap's time is shown; may lie past the last one.
        official_s: Time of the ended lap; -1 where it does not count, None where none was running.
    """

    lap: int
    leg: int
    node: int
    session_time: float
    record: int
    shown_at: int
    official_s: float | None


@dataclass(frozen=True, slots=True)
class LapClock:
    """Columns of the lap clock, one value a record; shapes (n,)."""

    lap: Ints
    current: Floats
    last: Floats
    best: Floats
    best_lap: Ints


def find_crossings(
    drive: Drive, records: Records, rng: np.random.Generator
) -> tuple[Crossing, ...]:
    """Every crossing of the line, in order."""
    n = drive.circuit.nodes
    crossings: list[Crossing] = []
    for index, leg in enumerate(drive.legs):
        first_line = -leg.first % n or n
        for node in range(first_line, len(leg.speed), n):
            arrive = leg.arrive[node]
            early = _EARLY_ROW_S if rng.random() < _EARLY_ROW_CHANCE else 0.0
            exact = arrive + np.clip(rng.normal(0.0, _JITTER_S), -0.0015, 0.0015) + early
            time = float(records.clock.session_time(np.array([exact]))[0])
            lap = (leg.first + node) // n
            record = int(np.searchsorted(records.shown, arrive))
            ended = crossings[-1] if crossings else None
            official = _official(drive, records, lap - 1, index, time=time, before=ended)
            late = int(rng.integers(*_LATE_RECORDS))
            crossings.append(Crossing(lap, index, node, time, record, record + late, official))
    return tuple(crossings)


def green_time(drive: Drive, records: Records) -> float | None:
    """SessionTime of the green flag; None outside a race."""
    if drive.green is None:
        return None
    return float(records.clock.session_time(np.array([drive.green[1]]))[0])


def _official(
    drive: Drive,
    records: Records,
    ended: int,
    leg: int,
    *,
    time: float,
    before: Crossing | None,
) -> float | None:
    """Time that iRacing gives the lap that ended."""
    green = green_time(drive, records)
    if green is not None and leg == 0 and ended <= drive.plan.first_lap + 1:
        return None if ended <= drive.plan.first_lap else time - green
    if before is None:
        return -1.0 if drive.plan.resumed else None
    trouble = any(mishap.lap == ended for mishap in drive.plan.mishaps)
    if before.leg != leg or (trouble and drive.plan.session is not Session.RACE):
        return -1.0
    return time - before.session_time


def lap_clock(drive: Drive, records: Records, crossings: tuple[Crossing, ...]) -> LapClock:
    """Compute the lap clock that iRacing shows in each record."""
    size, resumed = len(records), drive.plan.resumed
    began = np.full(size, np.nan)
    last, best = np.zeros(size), np.zeros(size)
    best_lap = np.zeros(size, dtype=np.int64)
    if resumed:
        began[:] = records.session_time[0] - resumed.lap_clock_s
        last[:], best[:] = resumed.last_lap_time_s, resumed.best_lap_time_s
        best_lap[:] = resumed.best_lap
    green = green_time(drive, records)
    if green is not None and drive.plan.start.clock is LapClockFrom.GREEN:
        began[records.session_time >= green] = green
    for crossing in crossings:
        if green is not None and crossing.leg == 0 and not _restarts(drive, crossing):
            continue
        later = slice(crossing.shown_at, None)
        began[later] = crossing.session_time
        if crossing.official_s is None or crossing.shown_at >= size:
            continue
        last[later] = crossing.official_s
        record = best[crossing.shown_at]
        if crossing.official_s > 0 and (record <= 0 or crossing.official_s < record):
            best[later] = crossing.official_s
            best_lap[later] = crossing.lap - 1
    current = np.where(np.isnan(began), 0.0, records.session_time - began)
    return LapClock(_counted(drive, records, crossings), current, last, best, best_lap)


def _restarts(drive: Drive, crossing: Crossing) -> bool:
    """Whether the lap clock of a race restarts at a crossing."""
    counting = crossing.lap <= drive.plan.first_lap + 1
    from_line = drive.plan.start.clock is LapClockFrom.LINE
    return not counting or (from_line and crossing.lap == drive.plan.first_lap + 1)


def _counted(drive: Drive, records: Records, crossings: tuple[Crossing, ...]) -> Ints:
    """``Lap``: 0 through the parade laps, and some records late where the plan has a late count."""
    lap = np.maximum(records.node // drive.circuit.nodes, drive.plan.first_lap)
    if drive.plan.counted_late:
        for number, crossing in enumerate(crossings):
            late = (7 * number + 3) % (drive.plan.counted_late + 1)
            late_rows = slice(crossing.record, min(crossing.record + late, len(lap)))
            lap[late_rows] = lap[crossing.record - 1]
    return lap
