"""Metric families as prometheus-client has them, with what all of ours have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    Labels = Sequence[str | None]
    Timed = tuple[Labels, float | None, datetime | None]
    """Label values, a value, and when it was so."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "iracing_"


def gauge(
    name: str,
    text: str,
    labels: Sequence[str] = (),
    rows: Iterable[tuple[Labels, float | None]] = (),
) -> GaugeMetricFamily:
    """A gauge and its values; a value that is not known is left out."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(_texts(values), float(value))
    return family


def counter(
    name: str,
    text: str,
    labels: Sequence[str] = (),
    rows: Iterable[tuple[Labels, float | None]] = (),
) -> CounterMetricFamily:
    """A counter (its name without ``_total``) and its values."""
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(_texts(values), float(value))
    return family


def histogram(
    name: str,
    text: str,
    labels: Sequence[str],
    bounds: Sequence[float],
    rows: Iterable[tuple[Labels, Sequence[int], float]],
) -> HistogramMetricFamily:
    """A histogram.

    Args:
        name: Its name.
        text: Its meaning.
        labels: Names of its labels.
        bounds: Upper bounds of its buckets, without the last, which has none.
        rows: Label values, how many values are at most each bound and in all, and their sum.
    """
    family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
    names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    for values, counts, total in rows:
        buckets = list(zip(names, (float(count) for count in counts), strict=True))
        family.add_metric(_texts(values), buckets, float(total))
    return family


def timed(
    name: str,
    unit: str,
    text: str,
    labels: Sequence[str],
    rows: Iterable[Timed],
    *,
    total: bool = False,
) -> Iterator[Metric]:
    """A value that was so at some moment, and that moment in a family of its own.

    Prometheus drops what is stamped with a time long past on a scrape, so values are exposed as of
    now, each with a partner of the same labels whose name ends in ``_timestamp_seconds``.

    Args:
        name: Name without its unit, such as ``best_lap``.
        unit: Ending of the name, such as ``seconds``; empty if there is none.
        text: Its meaning.
        labels: Names of its labels.
        rows: Label values, value and moment of each.
        total: Whether it only ever grows.
    """
    present = [row for row in rows if row[1] is not None]
    make = counter if total else gauge
    yield make(f"{name}_{unit}" if unit else name, text, labels, ((r[0], r[1]) for r in present))
    yield gauge(
        f"{name}_timestamp_seconds",
        f"When {PREFIX}{name} was so, in seconds since 1970.",
        labels,
        ((at, None if when is None else when.timestamp()) for at, _, when in present),
    )


class Families:
    """Families as a collector of prometheus-client."""

    def __init__(self, families: Iterable[Metric]) -> None:
        """Hold families."""
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        """The families that have values."""
        return (family for family in self._families if family.samples)


def exposition(families: Iterable[Metric]) -> bytes:
    """Families in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families(families))
    return generate_latest(registry)


def _texts(values: Labels) -> list[str]:
    return ["" if value is None else str(value) for value in values]
