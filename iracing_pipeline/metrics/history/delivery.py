"""Outcome of sent samples, and the common interface of all destinations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.metrics.history.answer import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.metrics.history.series import SessionSeries


FUTURE_MS = 10 * 60_000
"""How far ahead of the clock a sample may be. One from next year would move the head of the
database there, and Prometheus would then refuse everything from today as too old."""


class DeliveryError(PipelineError):
    """A place cannot take samples now; what was not taken can be sent again later."""


@dataclass(slots=True)
class Delivery:
    """Outcome of the samples of one session at one destination.

    Attributes:
        accepted: Samples that the place has now.
        refused: Samples that it will never take, by reason (:class:`Refusal`).
        waiting: Samples that it may take later.
        failure: Why some could not be sent now, in words; None where nothing went wrong.
        requests: Requests or files that were sent.
        seconds: Duration.
    """

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    failure: str | None = None
    requests: int = 0
    seconds: float = 0.0

    @property
    def samples(self) -> int:
        """All samples that were to be sent."""
        return self.accepted + self.refused.total() + self.waiting

    def add(self, other: Delivery) -> None:
        """Count another part of the same session in."""
        self.accepted += other.accepted
        self.refused += other.refused
        self.waiting += other.waiting
        self.failure = self.failure or other.failure
        self.requests += other.requests
        self.seconds += other.seconds


class Destination(Protocol):
    """A place to which series are sent."""

    def send(self, series: SessionSeries) -> Delivery:
        """Send series; never raises for what the place says of the samples.

        Sending the same again changes nothing.
        """


def without_future(series: SessionSeries, delivery: Delivery, now: float) -> SessionSeries:
    """The series without what is ahead of the clock, which is counted as refused.

    Args:
        series: Series to send.
        delivery: Where to count.
        now: Seconds since 1970.
    """
    stop = int(series.times.searchsorted(int(now * 1000) + FUTURE_MS, side="right"))
    if ahead := series.part(stop, len(series.times)).samples:
        delivery.refused[Refusal.FUTURE] += ahead
    return series.part(0, stop)


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as Prometheus's text formats write them, in braces; nothing without labels."""
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{{{shown}}}" if shown else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
