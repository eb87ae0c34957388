"""Origin of a sample of Prometheus: the snapshot, the query, and its current value."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from iracing_pipeline.metrics.racing import query_of
from iracing_pipeline.metrics.snapshot import Snapshot
from iracing_pipeline.why.again import same
from iracing_pipeline.why.reference import WhyError

if TYPE_CHECKING:
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse.connection import Connection

_SERIES = re.compile(r"(iracing_\w+)(?:\{(.*)\})?\Z", re.DOTALL)
_LABEL = re.compile(r'\s*(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|\Z)', re.DOTALL)
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample, as it was exposed and as it is computed again.

    Attributes:
        labels: Its labels, without the name.
        value: Its value in the snapshot.
        computed: The value that the query gives now; None where it gives none.
        identical: Whether both are the same bit for bit.
    """

    labels: dict[str, str]
    value: float
    computed: float | None
    identical: bool


@dataclass(frozen=True, slots=True)
class Series:
    """Origin of the samples of a metric.

    Attributes:
        metric: Its name.
        taken_at: When the snapshot was taken, UTC.
        load: Number of the last load that the snapshot knows of, in ``ops.load_audit``.
        query: The query that its rows come from; None where it is an aggregate of all laps.
        samples: Its samples that have the labels.
    """

    metric: str
    taken_at: datetime
    load: int
    query: str | None
    samples: list[Sample]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"taken_at": self.taken_at.isoformat()}

    def to_text(self) -> str:
        """As lines for a terminal."""
        query = " ".join((self.query or "an aggregate of racing.telemetry_lap").split())
        lines = [
            self.metric,
            f"  snapshot   {self.taken_at:%Y-%m-%d %H:%M:%S} UTC, up to load {self.load}",
            f"  query      {query}",
        ]
        for each in self.samples:
            labels = ", ".join(f'{name}="{value}"' for name, value in each.labels.items())
            verdict = "identical" if each.identical else f"computed again: {each.computed}"
            lines.append(f"  {{{labels}}}  {each.value!r}  {verdict}")
        return "\n".join(lines)


def is_metric(text: str) -> bool:
    """Whether a text names a metric of ours rather than a column."""
    return _SERIES.match(text) is not None


def explain_metric(connection: Connection, lake: Lake, text: str) -> Series:
    """Explain the origin of the samples of a metric.

    Args:
        connection: As the owner.
        lake: The lake with the snapshot.
        text: ``NAME`` or ``NAME{label="value", ...}``.

    Raises:
        WhyError: No sample is so named.
    """
    match = _SERIES.match(text)
    if match is None or len(text) > _LONGEST:
        raise WhyError("That is no metric", 'Write it like iracing_irating{category="road"}')
    name, labels = match[1], dict(_LABEL.findall(match[2] or ""))
    snapshot = Snapshot.read(lake)
    if snapshot is None:
        raise WhyError("No snapshot was taken yet", "Start iracing-pipeline up, and load a session")
    now = {_key(labels): value for labels, value in Snapshot.take(connection).samples}
    samples = [
        Sample(
            {key: value for key, value in own.items() if key != "__name__"},
            value,
            now.get(_key(own)),
            same(value, now.get(_key(own))),
        )
        for own, value in snapshot.samples
        if own["__name__"] == name and labels.items() <= own.items()
    ]
    if not samples:
        raise WhyError(
            f"The snapshot has no sample {text}",
            "Metrics of channels are the records of sessions: ask for a column of a lap",
        )
    taken = datetime.fromtimestamp(snapshot.taken_at, UTC)
    return Series(name, taken, snapshot.load, query_of(name), samples)


def _key(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
