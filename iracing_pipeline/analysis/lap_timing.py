"""When laps begin, exactly.

``LapCurrentLapTime`` runs on past the line and is set to the true elapsed time up to two seconds
later. From then on, ``SessionTime - LapCurrentLapTime`` is the moment of the crossing, constant
to microseconds, although records are 16.7 ms apart. Where that never happens (the file ends
right after the line), the crossing is interpolated between the two records around it, good to
about 15 ms. The first lap of a race begins at the green flag instead
(:mod:`iracing_pipeline.analysis.race_start`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.evidence import LONGEST_EXCURSION
from iracing_pipeline.analysis.segments import Edge

if TYPE_CHECKING:
    from iracing_pipeline.analysis.race_start import Start
    from iracing_pipeline.analysis.samples import Floats, Samples
    from iracing_pipeline.analysis.segments import Segment

METHODS = {
    "clock": "by the lap clock, to a microsecond",
    "interpolation": "by LapDistPct at the line, to about 15 ms",
    "green": "from the record in which SessionState turned green, to half a record",
    "official": "by iRacing's own time, where nothing else shows the green",
}
"""Methods of timing a lap."""

# How many records must agree on the moment of the crossing.
_WITNESSES = 3
# The lap clock is a float32: the younger it is, the finer. Up to here, to half a microsecond.
_FINE_UNTIL_S = 8.0
_AGREEMENT_S = 1e-3
# LapDistPct and the lap count may be this far from the line that the clock shows.
_NEAR_LINE_S = 0.3


@dataclass(frozen=True, slots=True)
class Crossing:
    """The beginning of a lap at the line, or at the green flag.

    Attributes:
        clock: SessionTime by the lap clock, in seconds; None where the file does not show it.
        interpolated: SessionTime by interpolation of LapDistPct, or by what shows the green.
        known_at: Index of the record from which the lap clock runs for this lap.
        method: How ``interpolated`` was determined, one of :data:`METHODS`.
    """

    clock: float | None
    interpolated: float
    known_at: int | None
    method: str = "interpolation"

    @property
    def time(self) -> float:
        """The better of the two."""
        return self.interpolated if self.clock is None else self.clock


@dataclass(frozen=True, slots=True)
class LapTime:
    """A reconstructed lap time in seconds, and the method."""

    seconds: float
    method: str


def crossing(samples: Samples, segment: Segment) -> Crossing | None:
    """Return the crossing that begins ``segment``: line or green flag; None if it is neither."""
    if segment.start is not None and not segment.start.at_line:
        return _green(segment.start)
    if segment.begins is not Edge.LINE:
        return None
    first = int(segment.rows[0])
    before, after = samples.time[first - 1], samples.time[first]
    clock, known_at = None, None
    if samples.current_lap_time is not None:
        running = samples.current_lap_time[segment.rows]
        began = samples.time[segment.rows] - running
        reach = max(2 * (after - before), _NEAR_LINE_S)
        near = (running > 0) & (began > after - reach) & (began < before + reach)
        fine = near & (running < _FINE_UNTIL_S)
        witnesses = began[fine if np.count_nonzero(fine) >= _WITNESSES else near]
        if len(witnesses) >= _WITNESSES:
            moment = float(np.median(witnesses))
            agree = near & (np.abs(began - moment) < _AGREEMENT_S)
            shown, lies = int(near.sum()), int((near & ~agree).sum())
            if lies <= max(LONGEST_EXCURSION, shown // 10) < shown:
                clock = moment
                known_at = int(segment.rows[np.flatnonzero(agree)[0]])
    return Crossing(clock, _interpolated(samples, first), known_at)


def _green(start: Start) -> Crossing:
    moments = (start.state_s, start.official_s, start.clock_s)
    shown = next(moment for moment in moments if moment is not None)
    method = "green" if start.state_s is not None else "official"
    return Crossing(start.clock_s, shown, None, method)


def _interpolated(samples: Samples, first: int) -> float:
    """SessionTime at which LapDistPct passed the line, between ``first`` and the record before."""
    before, after = samples.time[first - 1], samples.time[first]
    if samples.glitch[first - 1]:  # its time or place is none: the line is at the record after it
        return float(after)
    to_line = (1.0 - samples.pct[first - 1]) % 1.0
    beyond = samples.pct[first] % 1.0
    if beyond > 0.5:  # it reads slightly below zero just after the line
        beyond = 0.0
    whole = to_line + beyond
    return float(before + (after - before) * (to_line / whole if whole > 0 else 1.0))


def lap_time(begin: Crossing | None, end: Crossing | None) -> LapTime | None:
    """The time from the line or the green to the line, or None if one is missing or not the later.

    Both ends are timed in the same way: interpolation lags by a constant that then cancels.
    """
    if begin is None or end is None:
        return None
    if begin.clock is not None and end.clock is not None:
        time = LapTime(end.clock - begin.clock, "clock")
    elif begin.method != "interpolation":
        time = LapTime(end.time - begin.time, begin.method)
    else:
        time = LapTime(end.interpolated - begin.interpolated, "interpolation")
    return time if time.seconds > 0 else None


def official_lap_time(samples: Samples, following: Segment, end: Crossing | None) -> float | None:
    """Return iRacing's time of the lap before ``following``: seconds, -1 for invalid, or None.

    ``LapLastLapTime`` is renewed in the record in which the lap clock is set.
    """
    if samples.last_lap_time is None:
        return None
    shown = samples.last_lap_time[following.rows]
    if end is not None and end.known_at is not None:
        since = int(np.searchsorted(following.rows, end.known_at))
    else:
        renewed = np.flatnonzero(shown != _majority(samples.last_lap_time, following.rows[0]))
        if not len(renewed):
            return None
        since = int(renewed[0])
    # What most of the next records show, so that no single one is taken at its word.
    values, counts = np.unique(shown[since : since + 2 * LONGEST_EXCURSION + 1], return_counts=True)
    value = values[counts.argmax()]
    # Stored as float32; its shortest decimal is the time that iRacing printed.
    return float(str(np.float32(value))) if value != 0 and np.isfinite(value) else None


def _majority(shown: Floats, before: int) -> np.float64:
    """Return the value of most of the records before one."""
    values, counts = np.unique(
        shown[max(0, before - 2 * LONGEST_EXCURSION - 1) : before], return_counts=True
    )
    return np.float64(values[counts.argmax()])
