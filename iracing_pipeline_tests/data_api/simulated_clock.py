"""A clock that sleeps without waiting."""

from __future__ import annotations


class SimulatedClock:
    def __init__(self, start: float = 1_760_000_000.0) -> None:
        self.time = start
        self.slept = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.time += seconds
        self.slept += seconds
