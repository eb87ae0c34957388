"""Fuel per lap of the session, from the level at the line."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

LAPS = 5
MOST_LAPS = 3000
"""Laps that are kept."""


@dataclass(frozen=True, slots=True)
class FuelLap:
    """A whole lap.

    Attributes:
        lap: Its number.
        used_l: Fuel burnt.
        end_l: Fuel at the line.
        wet: Whether the track was wet.
        clean: Whether it says what a racing lap burns: no pit road, no caution, not the first.
        driver_id: Who drove it.
    """

    lap: int
    used_l: float
    end_l: float
    wet: bool
    clean: bool
    driver_id: int | None


@dataclass(slots=True)
class FuelWatch:
    """Fuel at the line, lap by lap.

    Laps on which the car was on pit road or was put elsewhere, and those before the first line,
    say nothing about a lap's use.
    """

    laps: list[FuelLap] = field(default_factory=list)
    _lap: int | None = None
    _at_line: float | None = None
    _before: tuple[float, float] | None = None
    _disturbed: bool = True
    _slow: bool = False
    _wet: bool = False
    _driver_id: int | None = None
    _used: deque[float] = field(default_factory=lambda: deque(maxlen=LAPS))

    def see(
        self,
        lap: int,
        fuel: float,
        *,
        on_track: bool,
        share: float | None = None,
        caution: bool = False,
        wet: bool = False,
        driver_id: int | None = None,
    ) -> None:
        """Take note of a moment.

        Args:
            lap: The lap, as iRacing counts it.
            fuel: Fuel in the tank.
            on_track: Whether the car is driven, and not on pit road.
            share: Share of the lap driven; places the fuel at the line between two readings.
            caution: Whether the field is under caution.
            wet: Whether the track is wet.
            driver_id: Who drives.
        """
        if self._lap is None or lap < self._lap:
            self._begin(lap, None)
        elif lap != self._lap:
            at_line = self._line(fuel, share)
            self._end(lap, at_line)
            self._begin(lap, at_line)
        self._disturbed = self._disturbed or not on_track
        self._slow = self._slow or caution
        self._wet = self._wet or wet
        self._driver_id = driver_id
        self._before = None if share is None else (share, fuel)

    @property
    def per_lap(self) -> float | None:
        """Fuel that a lap takes: the median of the last; None before there was a whole one."""
        return median(self._used) if self._used else None

    def laps_left(self, fuel: float) -> float | None:
        """Laps that so much fuel lasts; None before there was a whole lap."""
        per_lap = self.per_lap
        return None if per_lap is None else fuel / per_lap

    def clean(self, *, wet: bool) -> list[float]:
        """Litres of each clean lap on a wet, or on a dry track."""
        return [each.used_l for each in self.laps if each.clean and each.wet == wet]

    def _line(self, fuel: float, share: float | None) -> float:
        """The fuel at the line, between the reading before it and this one."""
        if share is None or self._before is None or fuel > self._before[1]:
            return fuel
        begun, before = self._before
        left = max(1.0 - begun, 0.0)
        return fuel if left + share <= 0 else before + (fuel - before) * left / (left + share)

    def _end(self, lap: int, at_line: float) -> None:
        used = None if self._at_line is None else self._at_line - at_line
        whole = self._lap is not None and lap == self._lap + 1 and not self._disturbed
        if used is None or not whole or used <= 0 or self._lap is None:
            return
        self._used.append(used)
        if len(self.laps) < MOST_LAPS:
            clean = not self._slow and self._lap > 1
            self.laps.append(FuelLap(self._lap, used, at_line, self._wet, clean, self._driver_id))

    def _begin(self, lap: int, fuel: float | None) -> None:
        self._lap, self._at_line, self._disturbed = lap, fuel, False
        self._slow = self._wet = False
