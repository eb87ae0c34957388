"""Cut the records of a file where a lap, a stay on track or a session begins.

Every cut is the agreement of several channels; ``docs/laps.md`` has the rules. Channels are free of
short excursions here (:mod:`iracing_pipeline.analysis.samples`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.evidence import LONGEST_EXCURSION, lap_length
from iracing_pipeline.analysis.race_start import Start, race_starts
from iracing_pipeline.analysis.samples import IN_STALL
from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.analysis.samples import Flags, Floats, Integers, Samples

# A car covers less than 0.3 % of any track in a tick, however many of them iRacing drops; a larger
# step is a teleport.
_TICK_PCT = 0.003
_TELEPORT_PCT = 0.02
_SHORTEST_TICK_S = 1e-3  # of tick rates up to 1000 Hz
# A step over this much of the lap, near the line, is the wrap from 1 to 0.
_WRAP_PCT = 0.5

# A lap is counted up to this many records after LapDistPct shows the line, or before it.
_COUNTED_LATE = 16
_COUNTED_EARLY = 3
# Twice the way that its speed explains, and this much more, is a jump, if two channels show it.
_JUMP_M = 2.0
_FUEL_JUMP_L = 0.2
_STOPS_DEAD_MPS = 8.0
_TOW_SHOWN_WITHIN = 60  # records around the jump
_FEWEST_VOTES = 2
_COUNTED_AT_GREEN = 60  # records around it
# A count that falls by more was never a parade lap counted too early.
_PARADE_LAPS = 3


MOST_SEGMENTS = 10_000
"""Laps and parts of laps in one file: as many as laps of ten seconds in more than 24 hours."""


class TooManyLapsError(PipelineError):
    """A file has more laps than can be driven."""

    advice = "The file is damaged. Copy it again from the racing PC."

    def __init__(self, laps: int, records: int) -> None:
        """Say how many."""
        super().__init__(
            f"it has {laps} laps or parts of laps in {records} records, and {MOST_SEGMENTS} is the"
            " most that one file can have"
        )


class Edge(Enum):
    """Kind of the beginning or the end of a segment."""

    LINE = "line"
    GREEN = "green"
    RESET = "reset"
    TOW = "tow"
    SESSION = "session"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive records of one lap in one stint.

    Attributes:
        rows: Indices of its records in the file, glitch rows left out; never empty.
        lap: Number of the lap.
        stint: Stint it ends in, from 1.
        begins: Kind of its beginning.
        ends: Kind of its end.
        phase: Of the race weekend: racing, before the green, after the car's own finish.
        start: How the race began, for the first lap of one.
        doubtful: Whether the lap count contradicted itself in it.
    """

    rows: Integers
    lap: int
    stint: int
    begins: Edge
    ends: Edge
    phase: Phase
    start: Start | None = None
    doubtful: bool = False


class Phase(Enum):
    """Phase of a session."""

    PACE = "pace"
    RACING = "racing"
    COOLDOWN = "cooldown"


class _Edges(MutableMapping[int, Edge]):
    """Edges by their position in the kept rows, in order of position."""

    def __init__(self) -> None:
        self._edges: dict[int, Edge] = {}
        self._order: list[int] = []

    def __getitem__(self, at: int) -> Edge:
        return self._edges[at]

    def __setitem__(self, at: int, edge: Edge) -> None:
        if at not in self._edges:
            insort(self._order, at)
        self._edges[at] = edge

    def __delitem__(self, at: int) -> None:
        del self._edges[at]
        del self._order[bisect_left(self._order, at)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)

    def between(self, first: int, after: int) -> list[int]:
        """Positions in [first, after), in order."""
        return self._order[bisect_left(self._order, first) : bisect_left(self._order, after)]

    def last(self, before: int, *kinds: Edge) -> int:
        """The last position up to ``before``, 0 without one; of some kinds, or of any."""
        for index in range(bisect_right(self._order, before) - 1, -1, -1):
            at = self._order[index]
            if not kinds or self._edges[at] in kinds:
                return at
        return 0


@dataclass
class _Cuts:
    """Positions in the kept rows at which segments begin, and the properties of each."""

    edges: _Edges = field(default_factory=_Edges)
    starts: dict[int, Start] = field(default_factory=dict)
    pace: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    off_line: set[int] = field(default_factory=set)

    def joined(self, first: int, after: int) -> None:
        """Take out the lines in (first, after)."""
        for at in self.edges.between(first + 1, after):
            if self.edges[at] is Edge.LINE:
                del self.edges[at]


_ENDS_A_STINT = (Edge.RESET, Edge.TOW, Edge.SESSION, Edge.FILE)


def segments(samples: Samples) -> list[Segment]:
    """The file's records as segments in order of time.

    A new stint begins at each pit exit, reset, tow and change of session, and where the lap
    count or the clock falls for good; so within a stint each lap number occurs once and time never
    falls.

    Raises:
        TooManyLapsError: If there are more than :data:`MOST_SEGMENTS`.
    """
    rows = np.flatnonzero(~samples.glitch)
    if not len(rows):
        return []
    cuts = _cuts(samples, rows)
    if len(cuts.edges) > MOST_SEGMENTS:
        raise TooManyLapsError(len(cuts.edges), len(rows))
    positions = [*cuts.edges, len(rows)]
    finish = _finishes(samples, rows, cuts)
    numbers = _numbers(samples, rows, cuts, positions)
    stints = _stints(samples, rows, cuts, numbers)
    return [
        Segment(
            rows=rows[first:after],
            lap=numbers[first],
            stint=int(stints[after - 1]),
            begins=cuts.edges[first],
            ends=cuts.edges.get(after, Edge.FILE),
            phase=Phase.COOLDOWN
            if finish[first]
            else Phase.PACE
            if first in cuts.pace
            else Phase.RACING,
            start=cuts.starts.get(first),
            doubtful=first in cuts.doubtful,
        )
        for first, after in pairwise(positions)
    ]


def _cuts(samples: Samples, rows: Integers) -> _Cuts:
    lap, pct = samples.lap[rows], samples.pct[rows]
    passed = np.diff(samples.time[rows])
    session = passed < 0
    if samples.session is not None:
        session |= np.diff(samples.session[rows]) != 0
    jumps = _apart(_jumps(samples, rows, passed), np.diff(rows) > 1)
    cuts = _Cuts()
    cuts.edges[0] = Edge.FILE
    for before in np.flatnonzero(jumps | session):
        at = int(before) + 1
        if session[before]:
            cuts.edges[at] = Edge.SESSION
        else:
            cuts.edges[at] = Edge.TOW if _towed(samples, rows, at) else Edge.RESET
    wraps = np.flatnonzero(np.diff(pct) < -_WRAP_PCT) + 1
    for before in np.flatnonzero(np.diff(lap)):
        at = int(before) + 1
        if at in cuts.edges:
            continue
        if len(cuts.edges) > 2 * MOST_SEGMENTS:  # some may be joined again
            raise TooManyLapsError(len(cuts.edges), len(rows))
        if lap[at] > lap[before]:
            _count(cuts, pct, wraps, at)
        else:
            _count_back(cuts, lap, at)
    named = [
        (at, "count" if at in cuts.off_line else edge.value) for at, edge in cuts.edges.items()
    ]
    for start in race_starts(samples, rows, named):
        _begin_race(cuts, samples, rows, start)
    _green_at_line(cuts)
    return cuts


def _green_at_line(cuts: _Cuts) -> None:
    """After parade laps that show no green, the line is where it fell."""
    positions = list(cuts.edges)
    for first, after in pairwise(positions):
        if first in cuts.pace and after not in cuts.starts and cuts.edges[after] is Edge.LINE:
            cuts.starts[after] = Start(after, first, None, None)


def _count(cuts: _Cuts, pct: Floats, wraps: Integers, at: int) -> None:
    """A lap is counted: cut where LapDistPct passed the line."""
    first = np.searchsorted(wraps, at - _COUNTED_LATE)
    near = wraps[first : np.searchsorted(wraps, at + _COUNTED_EARLY, side="right")]
    free = [int(wrap) for wrap in near if wrap not in cuts.edges and wrap > cuts.edges.last(at)]
    if free:
        cuts.edges[min(free, key=lambda wrap: abs(wrap - at))] = Edge.LINE
    elif min(pct[at - 1] % 1, 1 - pct[at - 1] % 1) < _TELEPORT_PCT:
        cuts.edges[at] = Edge.LINE
    else:
        # A lap counted without passing the line begins no timed lap.
        cuts.edges[at] = Edge.SESSION
        cuts.off_line.add(at)


def _count_back(cuts: _Cuts, lap: Integers, at: int) -> None:
    """The count falls though the car is where it was: a parade lap was counted too early."""
    before, after = int(lap[at - 1]), int(lap[at])
    back = before - after
    if back > _PARADE_LAPS or (back > 1 and after > 0):
        cuts.edges[at] = Edge.SESSION
        return
    stint = cuts.edges.last(at, *_ENDS_A_STINT)
    later = (edge for edge in reversed(cuts.edges.between(stint, at)) if lap[edge] <= after)
    begin = next(later, stint)
    cuts.joined(begin, at)
    (cuts.pace if after <= 0 else cuts.doubtful).add(begin)
    cuts.pace.discard(at)


def _begin_race(cuts: _Cuts, samples: Samples, rows: Integers, start: Start) -> None:
    """Cut at the green: before it is one row of parade laps, after it lap 1 to its end."""
    at = start.position
    # On a grid beyond the line lap 1 may be counted at the green.
    for counted in [p for p in cuts.off_line if abs(p - at) <= _COUNTED_AT_GREEN]:
        cuts.edges.pop(counted, None)
    begin = cuts.edges.last(at - 1, *_ENDS_A_STINT) if at > 0 else 0
    begin = max(begin, start.parade_from)
    if at > 0:
        cuts.joined(begin, at)
        cuts.edges.setdefault(begin, Edge.SESSION)
        cuts.pace.add(cuts.edges.last(begin))
    # The line that the field crosses at the start counts lap 1; it does not end it.
    first_line = min((p for p, e in cuts.edges.items() if e is Edge.LINE and p >= at), default=None)
    if first_line is not None and first_line != at:
        until = slice(at, first_line + 1)
        steps = np.diff(samples.pct[rows[until]])
        driven = float(((steps + 0.5) % 1 - 0.5).sum())
        between = cuts.edges.between(at + 1, first_line)
        if not between and (samples.lap[rows[first_line - 1]] <= 0 or driven < 0.5):
            del cuts.edges[first_line]
    if not start.at_line and cuts.edges.get(at, Edge.LINE) in {Edge.LINE, Edge.FILE}:
        cuts.edges[at] = Edge.GREEN
    cuts.starts[at] = start


def _jumps(samples: Samples, rows: Integers, passed: Floats) -> Flags:
    """Whether the car is elsewhere in the next record.

    A large step of the place shows it, or two of the channels that show a smaller one.
    """
    step = (np.diff(samples.pct[rows]) + 0.5) % 1 - 0.5
    usual = np.median(passed) if len(passed) else 0.0
    ticks = passed / max(usual, _SHORTEST_TICK_S)
    large = np.abs(step) > np.maximum(_TELEPORT_PCT, _TICK_PCT * ticks)
    if samples.speed is None or not len(step):
        return large
    speed = samples.speed[rows]
    fastest = np.maximum(speed[1:], speed[:-1])
    explained = _JUMP_M + 2.0 * fastest * np.clip(passed, 0.0, None)
    votes = np.zeros(len(step), np.int8)
    length = lap_length(step, speed, passed)
    if length is not None:
        votes += np.abs(step) * length > explained
    if samples.east_m is not None and samples.north_m is not None:
        moved = np.hypot(np.diff(samples.east_m[rows]), np.diff(samples.north_m[rows]))
        votes += moved > explained
    position_jumps = votes > 0
    not_in_world = np.diff(rows) > 1
    other = not_in_world | (votes > 0)
    if not other.any():
        return large
    votes += not_in_world
    if samples.fuel is not None:
        filled = np.diff(samples.fuel[rows]) > _FUEL_JUMP_L
        votes += filled
        position_jumps |= filled
    if samples.surface is not None:
        surface = samples.surface[rows]
        votes += (
            (surface[1:] == IN_STALL)
            & (surface[:-1] != IN_STALL)
            & (speed[:-1] - speed[1:] > _STOPS_DEAD_MPS)
        )
    return large | (position_jumps & other & (votes >= _FEWEST_VOTES))


def _apart(jumps: Flags, not_in_world: Flags) -> Flags:
    """Keep one of jumps a few records apart: with the car not in the world, else the first.

    What lies between them is wrong, as are the file's first and last records if they jump.
    """
    at = np.flatnonzero(jumps)
    if not len(at):
        return jumps
    kept = jumps.copy()
    kept[at[(at < LONGEST_EXCURSION) | (at >= len(jumps) - LONGEST_EXCURSION)]] = False
    kept |= jumps & not_in_world
    at = np.flatnonzero(kept)
    for group in np.split(at, np.flatnonzero(np.diff(at) > LONGEST_EXCURSION) + 1):
        true = group[not_in_world[group]]
        kept[group] = False
        kept[true if len(true) else group[:1]] = True
    return kept


def _towed(samples: Samples, rows: Integers, at: int) -> bool:
    """Whether a tow time is shown around a jump; it may come some records after the arrival."""
    if samples.towed is None:
        return False
    first, last = rows[at - 1], rows[at]
    return bool(samples.towed[max(first - 1, 0) : last + _TOW_SHOWN_WITHIN].any())


_LEADER_SHOWN_WITHIN_S = 2.0
_LEADER_SHOWN_RECORDS = 1000


def _finishes(samples: Samples, rows: Integers, cuts: _Cuts) -> dict[int, bool]:
    """For each edge, whether the car had finished before: it crossed the line after the flag.

    SessionState turns when the leader finishes, so the lap under way counts. The leader's own
    crossing may be a moment earlier than the state shows it.
    """
    over = dict.fromkeys(cuts.edges, False)
    if samples.checkered is None:
        return over
    checkered = samples.checkered[rows]
    finished = False
    for at in cuts.edges:
        edge = cuts.edges[at]
        if edge is Edge.SESSION:
            finished = False
        if edge is Edge.LINE and not finished:
            finished = bool(checkered[at]) or _leader_finishes(samples, rows, checkered, at)
        over[at] = finished and edge is not Edge.GREEN
    return over


def _leader_finishes(samples: Samples, rows: Integers, checkered: Flags, at: int) -> bool:
    if samples.position is None or samples.position[rows[at]] != 1:
        return False
    soon = slice(at, at + _LEADER_SHOWN_RECORDS)
    since = samples.time[rows[soon]] - samples.time[rows[at]]
    return bool(checkered[soon][(since >= 0) & (since < _LEADER_SHOWN_WITHIN_S)].any())


def _numbers(samples: Samples, rows: Integers, cuts: _Cuts, positions: list[int]) -> dict[int, int]:
    """The lap of the segment at each position: as counted near its end.

    A late count does not reach its last records, and an early one only those.
    """
    numbers: dict[int, int] = {}
    for first, after in pairwise(positions):
        long = after - first > _COUNTED_LATE + _COUNTED_EARLY
        early = _COUNTED_EARLY if long and cuts.edges.get(after) is Edge.LINE else 0
        numbers[first] = max(int(samples.lap[rows[after - 1 - early]]), 0)
    for first, after in pairwise(positions):
        if first in cuts.starts:
            numbers[first] = max(numbers[first], 1)
        elif first in cuts.pace and after in cuts.starts:
            following = int(samples.lap[rows[_after(positions, after) - 1]])
            numbers[first] = max(following, 1) - 1
    return numbers


def _after(positions: list[int], at: int) -> int:
    return positions[positions.index(at) + 1]


def _stints(samples: Samples, rows: Integers, cuts: _Cuts, numbers: dict[int, int]) -> Integers:
    """The stint of each record, from 1."""
    breaks = {at for at, edge in cuts.edges.items() if edge in _ENDS_A_STINT}
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
    stints = np.cumsum(begins)
    _keep_apart(stints, cuts, numbers)
    return stints


def _keep_apart(stints: Integers, cuts: _Cuts, numbers: dict[int, int]) -> None:
    """Begin a stint where a damaged file has a lap number twice in one."""
    positions = [*cuts.edges, len(stints)]
    taken: set[tuple[int, int]] = set()
    for first, after in pairwise(positions):
        if (int(stints[after - 1]), numbers[first]) in taken:
            stints[first:] += 1
        taken.add((int(stints[after - 1]), numbers[first]))
