"""Cut the records of a file where a lap, a stay on track or a session ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Flags, Integers, Samples

# A car covers less than 0.3 % of any track in a tick, however many of them iRacing drops; a larger
# step is a teleport.
_TICK_PCT = 0.003
_TELEPORT_PCT = 0.02
_SHORTEST_TICK_S = 1e-3  # of tick rates up to 1000 Hz
# A step over this much of the lap, near the line, is the wrap from 1 to 0.
_WRAP_PCT = 0.5


MOST_SEGMENTS = 10_000
"""Laps and parts of laps in one file: as many as laps of ten seconds in more than 24 hours."""


class TooManyLapsError(Exception):
    """A file has more laps than can be driven.

    Attributes:
        reason: What is wrong, in words.
        advice: What to do about it.
    """

    advice = "The file is damaged. Copy it again from the racing PC."

    def __init__(self, laps: int, records: int) -> None:
        """Say how many."""
        self.reason = (
            f"it has {laps} laps or parts of laps in {records} records, and {MOST_SEGMENTS} is the"
            " most that one file can have"
        )
        super().__init__(f"{self.reason}. {self.advice}")


class Edge(Enum):
    """What stands at the beginning or the end of a segment."""

    LINE = "line"
    RESET = "reset"
    TOW = "tow"
    SESSION = "session"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive records of one lap in one stint.

    Attributes:
        rows: Indices of its records in the file, glitch rows left out; never empty.
        lap: Value of ``Lap``.
        stint: Stint it ends in, from 1.
        begins: What stands at its beginning.
        ends: What stands at its end.
    """

    rows: Integers
    lap: int
    stint: int
    begins: Edge
    ends: Edge


def segments(samples: Samples) -> list[Segment]:
    """The file's records as segments in order of time.

    A new stint begins at each pit exit, reset, tow and change of session, and where the lap
    count or the clock falls; so within a stint each lap number occurs once and time never falls.

    Raises:
        TooManyLapsError: If there are more than :data:`MOST_SEGMENTS`.
    """
    rows = np.flatnonzero(~samples.glitch)
    if not len(rows):
        return []
    edges = _edges(samples, rows)
    if len(edges) > MOST_SEGMENTS:
        raise TooManyLapsError(len(edges), len(rows))
    cuts = [*sorted(edges), len(rows)]
    stints = _stints(samples, rows, {at for at, edge in edges.items() if edge is not Edge.LINE})
    return [
        Segment(
            rows=rows[first:after],
            lap=int(samples.lap[rows[first]]),
            stint=int(stints[after - 1]),
            begins=edges[first],
            ends=edges.get(after, Edge.FILE),
        )
        for first, after in pairwise(cuts)
    ]


def _edges(samples: Samples, rows: Integers) -> dict[int, Edge]:
    """Position in ``rows`` at which a segment begins, and what stands there."""
    lap, pct = samples.lap[rows], samples.pct[rows]
    step = np.diff(pct)
    wraps = step < -_WRAP_PCT
    # The shortest way round: crossing the line is a small step, a teleport is not.
    passed = np.diff(samples.time[rows])
    ticks = passed / max(np.median(passed), _SHORTEST_TICK_S) if len(passed) else passed
    teleports = np.abs((step + 0.5) % 1 - 0.5) > np.maximum(_TELEPORT_PCT, _TICK_PCT * ticks)
    gap = np.diff(rows) > 1
    later = np.diff(lap)
    broken = gap | teleports | (later < 0)
    crossed = (later > 0) & ~broken
    session = passed < 0
    if samples.session is not None:
        session |= np.diff(samples.session[rows]) != 0
    edges = {0: Edge.FILE}
    for before in np.flatnonzero(broken | crossed | session):
        at = int(before) + 1
        if session[before]:
            edges[at] = Edge.SESSION
        elif broken[before]:
            edges[at] = Edge.TOW if _towed(samples, rows, int(before)) else Edge.RESET
        else:
            # A lap counted without passing the line (at the start of a race) begins no timed lap.
            edges[at] = Edge.LINE if wraps[before] or _near_line(pct, int(before)) else Edge.SESSION
    return edges


def _near_line(pct: np.ndarray[tuple[int], np.dtype[np.float64]], before: int) -> bool:
    """Whether the car is at the line: the wrap may show a record before or after the count."""
    return bool(min(pct[before] % 1, 1 - pct[before] % 1) < _TELEPORT_PCT)


def _towed(samples: Samples, rows: Integers, before: int) -> bool:
    if samples.tow_time is None:
        return False
    around = slice(rows[before], rows[before + 1] + 1)
    return bool((samples.tow_time[around] > 0).any())


def _stints(samples: Samples, rows: Integers, breaks: set[int]) -> Integers:
    """The stint of each record, from 1."""
    pit: Flags = samples.on_pit_road[rows]
    exits = {int(at) + 1 for at in np.flatnonzero(pit[:-1] & ~pit[1:])}
    begins = np.zeros(len(rows), np.int64)
    begins[0] = 1
    since = 0
    for at in sorted(exits | breaks - {0}):
        # Leaving the stall that the stint began in is its beginning, not another one.
        if at in breaks or not pit[since:at].all():
            begins[at] = 1
            since = at
    return np.cumsum(begins)
