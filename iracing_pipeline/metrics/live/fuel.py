"""How many laps the fuel lasts, from what the last laps took."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

LAPS = 5


@dataclass(slots=True)
class FuelWatch:
    """Fuel at the line, lap by lap.

    Laps on which the car was on pit road or was put elsewhere, and those before the first line,
    say nothing about a lap's use.
    """

    _lap: int | None = None
    _at_line: float | None = None
    _disturbed: bool = True
    _used: deque[float] = field(default_factory=lambda: deque(maxlen=LAPS))

    def see(self, lap: int, fuel: float, *, on_track: bool) -> None:
        """Take note of a moment.

        Args:
            lap: The lap, as iRacing counts it.
            fuel: Fuel in the tank.
            on_track: Whether the car is driven, and not on pit road.
        """
        if self._lap is None or lap < self._lap:
            self._begin(lap, None)
        elif lap != self._lap:
            used = None if self._at_line is None else self._at_line - fuel
            whole = lap == self._lap + 1 and not self._disturbed
            if used is not None and whole and used > 0:
                self._used.append(used)
            self._begin(lap, fuel)
        self._disturbed = self._disturbed or not on_track

    @property
    def per_lap(self) -> float | None:
        """Fuel that a lap takes: the median of the last; None before there was a whole one."""
        return median(self._used) if self._used else None

    def laps_left(self, fuel: float) -> float | None:
        """Laps that so much fuel lasts; None before there was a whole lap."""
        per_lap = self.per_lap
        return None if per_lap is None else fuel / per_lap

    def _begin(self, lap: int, fuel: float | None) -> None:
        self._lap, self._at_line, self._disturbed = lap, fuel, False
