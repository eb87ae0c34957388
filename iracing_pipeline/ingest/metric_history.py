"""The channels of one session from the lake to the places that keep metrics."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iracing_pipeline.ingest.telemetry import StoredFrames
from iracing_pipeline.metrics.history.session import downsample, labels, track_label
from iracing_pipeline.warehouse import deliveries
from iracing_pipeline.warehouse.deliveries import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.lake import Lake
    from iracing_pipeline.metrics.history.channels import ChannelMetric
    from iracing_pipeline.metrics.history.delivery import Delivery, Destination
    from iracing_pipeline.metrics.history.series import SessionSeries
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.deliveries import Session


@dataclass(frozen=True, slots=True)
class Selection:
    """Channels of a session that are sent.

    Attributes:
        channels: The channels.
        hz: Values a second.
    """

    channels: tuple[ChannelMetric, ...]
    hz: int

    @property
    def digest(self) -> str:
        """A short text that is another one when something else would be sent."""
        text = repr((self.hz, [(c.channel, c.metric, c.step, c.factor) for c in self.channels]))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def series_of(lake: Lake, session: Session, selection: Selection) -> SessionSeries:
    """The series of a session, from its frames in the lake.

    Raises:
        NotInLakeError: If its frames are not there.
        NoTimeError: If its frames have no times.
    """
    frames = StoredFrames(lake, session.session_key)
    return downsample(
        frames,
        start=frames.facts.start,
        labels=labels(
            session.session_key,
            session.car_name,
            track_label(session.track_name, session.track_config),
        ),
        channels=selection.channels,
        hz=selection.hz,
    )


def send(
    connection: Connection,
    lake: Lake,
    session: Session,
    places: Mapping[str, Destination],
    selection: Selection,
    *,
    again: bool = False,
) -> dict[str, Delivery]:
    """Send a session to the places that do not have it; what became of it at each.

    The books are written in the caller's transaction.

    Args:
        connection: Where the books are.
        lake: The lake with the frames.
        session: The session.
        places: Where to send it.
        selection: What to send.
        again: Send also to places that have it.

    Raises:
        NotInLakeError: If its frames are not there.
        NoTimeError: If its frames have no times.
    """
    key, digest, records = session.session_key, selection.digest, session.record_count
    wanted = {
        name: destination
        for name, destination in places.items()
        if again
        or not deliveries.done(connection, key, name, selection=digest, record_count=records)
    }
    if not wanted:
        return {}
    series = series_of(lake, session, selection)
    sent = {name: destination.send(series) for name, destination in wanted.items()}
    for name, delivery in sent.items():
        outcome = _outcome(series, delivery)
        deliveries.record(
            connection,
            key,
            name,
            outcome,
            selection=digest,
            record_count=records,
            now=datetime.now(UTC),
        )
    return sent


def _outcome(series: SessionSeries, delivery: Delivery) -> Outcome:
    ends = series.times[[0, -1]].tolist() if len(series.times) else [None, None]
    first, last = (None if ms is None else datetime.fromtimestamp(ms / 1000, UTC) for ms in ends)
    return Outcome(
        state="waiting" if delivery.waiting else "sent",
        accepted=delivery.accepted,
        refused={str(reason): count for reason, count in delivery.refused.items()},
        waiting=delivery.waiting,
        first_sample_at=first,
        last_sample_at=last,
        seconds=delivery.seconds,
        note=delivery.failure,
    )
