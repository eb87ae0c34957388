"""The lap chart of the session as it is driven: when each car crossed the line.

A reading a second sees the line between two places on the track. iRacing's lap time, which comes up
to two seconds later, then gives the crossing to the millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

_SAME_S = 0.8
"""Most that a crossing between two readings and the lap time may differ."""
_LONGEST_STEP_S = 5.0
_SETTLED_BY = 9
MOST_LAPS = 3000
"""Laps of a car that are kept."""


@dataclass(slots=True)
class Crossing:
    """The end of a lap; lap 0 ends where the first one begins.

    Attributes:
        lap: Its number.
        session_time_s: Session time at the line.
        seen_s: The same by the two readings beside it.
        timed: Whether iRacing's lap time gave it.
        pitted: Whether the car was on pit road during the lap.
    """

    lap: int
    session_time_s: float
    seen_s: float
    timed: bool = False
    pitted: bool = False


@dataclass(slots=True)
class CarChart:
    """The crossings of one car, in order."""

    crossings: list[Crossing] = field(default_factory=list)
    _at: tuple[float, float, int] | None = None
    _pitted: bool = False
    _last_lap_s: float | None = None

    def see(
        self,
        session_time_s: float,
        completed: int | None,
        share: float | None,
        last_lap_s: float | None,
        *,
        on_pit_road: bool,
    ) -> None:
        """Take note of a moment.

        Args:
            session_time_s: Session time.
            completed: Laps completed.
            share: Share of the lap driven.
            last_lap_s: The last lap, by iRacing.
            on_pit_road: Whether the car is on pit road.
        """
        if completed is not None and share is not None:
            before = self._at
            if before is not None and completed == before[2] + 1:
                self._cross(before, session_time_s, share, completed)
                self._pitted = False
            elif before is not None and completed != before[2]:
                self._pitted = False  # laps that nobody saw end
            self._at = (session_time_s, share, completed)
        self._pitted = self._pitted or on_pit_road
        if last_lap_s is not None and last_lap_s != self._last_lap_s:
            self._time(last_lap_s, session_time_s)
            self._last_lap_s = last_lap_s

    def _cross(
        self, before: tuple[float, float, int], now_s: float, share: float, lap: int
    ) -> None:
        then_s, begun, _ = before
        step = now_s - then_s
        if not 0 < step <= _LONGEST_STEP_S or len(self.crossings) >= MOST_LAPS:
            return
        left = max(1.0 - begun, 0.0)
        at = then_s + step * (left / (left + share) if left + share > 0 else 0.5)
        self.crossings.append(Crossing(lap, at, at, pitted=self._pitted))

    def _time(self, last_lap_s: float, now_s: float) -> None:
        """Place the last crossing by its lap time, if the one before it is known."""
        if len(self.crossings) < 2:
            return
        before, last = self.crossings[-2:]
        at = before.session_time_s + last_lap_s
        if last.lap == before.lap + 1 and abs(at - last.session_time_s) < _SAME_S and at <= now_s:
            last.session_time_s, last.timed = at, True
            self._settle()

    def _settle(self) -> None:
        """Shift the crossings that lap times hang together by to where readings saw them."""
        run = [self.crossings[-1]]
        for crossing in reversed(self.crossings[:-1]):
            run.append(crossing)
            if not crossing.timed:
                break
        shift = median(each.seen_s - each.session_time_s for each in run[:_SETTLED_BY])
        for each in run:
            each.session_time_s += shift
