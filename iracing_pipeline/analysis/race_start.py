"""When a race began: at the green flag, from which iRacing times its first lap.

SessionState shows the green to one record. Where the lap clock runs from it too, the clock shows it
to a microsecond. A file without SessionState still shows it by the clock, or by an official time of
lap 1 that is longer than the lap from line to line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.evidence import LONGEST_EXCURSION
from iracing_pipeline.analysis.samples import PARADE_LAPS, RACING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.analysis.samples import Floats, Integers, Samples

_BREAKS = ("file", "session", "reset", "tow")
_AGREEMENT_S = 1e-3
_CLOCK_SHOWN_WITHIN_S = 3.0  # after the line
_STATE_AND_CLOCK_S = 0.5
_NO_LINE_S = 0.75  # a lap clock that is further from the line does not run from it
_TICKS = 2.5
_FEWEST_WITNESSES = 30
_FINE_UNTIL_S = 8.0
_AT_LINE = 0.005  # of the lap
_LONGEST_APPROACH_S = 300.0  # from the green to the line


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a race.

    Attributes:
        position: First kept row after the green.
        parade_from: First kept row of the parade laps, or of the stay that holds them.
        state_s: SessionTime of the green by SessionState, good to half a record; None without.
        clock_s: SessionTime of the green by the lap clock; None where it does not run from it.
        official_s: SessionTime of the green by the official time of lap 1; None if not needed.

    Where all three are None, the green fell at the line.
    """

    position: int
    parade_from: int
    state_s: float | None
    clock_s: float | None
    official_s: float | None = None

    @property
    def at_line(self) -> bool:
        """Whether the lap begins at the line."""
        return self.state_s is None and self.clock_s is None and self.official_s is None


def race_starts(
    samples: Samples, rows: Integers, edges: Sequence[tuple[int, str]]
) -> Iterable[Start]:
    """The starts of races in a file: one for each that it shows.

    Args:
        samples: The file.
        rows: Its records in which the car is somewhere.
        edges: Row and name of each cut; "count" where a lap is counted away from the line.
    """
    stays: set[int] = set()
    ends = [*edges, (len(rows), "file")]

    def stay_of(at: int) -> int:
        return max((p for p, e in ends if p <= at and e in _BREAKS), default=0)

    if samples.state is not None:
        state = samples.state[rows]
        greens = np.flatnonzero((state[1:] == RACING) & (state[:-1] < RACING)) + 1
        for at in greens.tolist():
            start = _by_state(samples, rows, edges, at)
            if start is not None:
                stays.add(stay_of(at))
                yield start
    for (at, edge), (after, end) in pairwise(ends):
        counted = samples.lap[rows[at - 1]] == 0 and samples.lap[rows[after - 1]] == 1
        if at and edge in {"line", "count"} and counted and stay_of(at) not in stays:
            span = (stay_of(at), at, after)
            start = _without_state(samples, rows, span, ended=end == "line")
            if start is not None:
                yield start


def _by_state(
    samples: Samples, rows: Integers, edges: Sequence[tuple[int, str]], at: int
) -> Start | None:
    """The start where SessionState turns to racing; None where that begins no race."""
    time, state = samples.time[rows], samples.state[rows] if samples.state is not None else rows
    broken = next((p for p, e in edges if p > at and e in _BREAKS), len(rows))
    lines = [p for p, e in edges if at < p < broken and e == "line"]
    counting = lines[0] if lines and samples.lap[rows[lines[0] - 1]] <= 0 else None
    end = next((p for p in lines if p != counting), None)
    moment = _clock(samples, rows[at : end or broken], float(time[at]), _STATE_AND_CLOCK_S)
    if state[at - 1] != PARADE_LAPS and moment is None:
        return None
    before = np.flatnonzero(state[:at] >= RACING)
    since = int(before[-1]) + 1 if len(before) else 0
    if counting is not None and end is not None and moment is None:
        official = _official(samples, rows, end)
        near = _TICKS * float(np.median(np.diff(time)))
        if official is not None and abs(time[end] - time[counting] - official) < near:
            return Start(counting, since, None, None)  # timed from the line after all
    return Start(at, since, float(time[at - 1] + time[at]) / 2, moment)


def _clock(samples: Samples, lap: Integers, near: float, within: float) -> float | None:
    """Return the beginning of a lap by the lap clock; None if it is not near a moment."""
    if samples.current_lap_time is None:
        return None
    running = samples.current_lap_time[lap]
    began = samples.time[lap] - running
    usable = (running > 0) & (np.abs(began - near) < within)
    # Away from its first seconds, in which the clock may still be that of the lap before.
    late = usable & (samples.time[lap] > samples.time[lap[0]] + _CLOCK_SHOWN_WITHIN_S)
    if np.count_nonzero(late) < _FEWEST_WITNESSES:
        return None
    fine = usable & (running < _FINE_UNTIL_S)
    return _moment(began[fine if np.count_nonzero(fine) >= _FEWEST_WITNESSES else usable])


def _moment(began: Floats) -> float | None:
    moment = float(np.median(began))
    if np.percentile(np.abs(began - moment), 80) > _AGREEMENT_S:
        return None
    return moment


def _without_state(
    samples: Samples, rows: Integers, span: tuple[int, int, int], *, ended: bool
) -> Start | None:
    """The start before a line, by the clock or by the official time of lap 1.

    Args:
        samples: The file.
        rows: Its records in which the car is somewhere.
        span: First row of the stay, row at the line that counts lap 1, row after lap 1.
        ended: Whether lap 1 ends at the line.
    """
    stay, at, after = span
    time, lap = samples.time[rows], rows[at:after]
    line, first = float(time[at]), float(time[stay])
    official = _official(samples, rows, after) if ended else None
    if samples.current_lap_time is not None and len(lap) > LONGEST_EXCURSION:
        began = samples.time[lap] - samples.current_lap_time[lap]
        late = samples.time[lap] > line + _CLOCK_SHOWN_WITHIN_S
        if np.count_nonzero(late) >= _FEWEST_WITNESSES:
            typical = float(np.median(began[late]))
            moment = _clock(samples, lap, typical, 2 * _AGREEMENT_S)
            # Before the file began, or where SessionState shows no green, it takes both.
            alone = official is None and samples.state is None
            agrees = moment is not None and (
                alone and moment > first
                if official is None
                else abs(time[after] - moment - official) < _STATE_AND_CLOCK_S
            )
            lap_position = float(samples.pct[rows[at]]) % 1.0
            off_line = min(lap_position, 1.0 - lap_position) > _AT_LINE
            if moment is not None and agrees and (off_line or moment < line - _NO_LINE_S):
                return Start(stay + int(np.searchsorted(time[stay:at], moment)), stay, None, moment)
    tick = float(np.median(np.diff(time)))
    if official is None or official - (time[after] - line) < _TICKS * tick:
        return None
    green = float(time[after]) - official
    if not green < line or line - green > _LONGEST_APPROACH_S:
        return None
    position = stay + int(np.searchsorted(time[stay:at], green))
    return Start(position, stay, None, None, green)


def _official(samples: Samples, rows: Integers, after: int) -> float | None:
    """The time that iRacing gives the lap that ends at ``after``; None if it gives none."""
    if samples.last_lap_time is None:
        return None
    shown = samples.last_lap_time[rows[after : after + 240]]
    before = samples.last_lap_time[rows[after - 1]]
    renewed = shown[shown != before]
    if len(renewed) <= LONGEST_EXCURSION:
        return None
    value = float(np.median(renewed))
    return value if value > 0 else None
