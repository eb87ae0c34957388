"""Send the digests that are due: each session's once, and only of the last 24 hours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from iracing_pipeline.digest.message import digest
from iracing_pipeline.digest.send import DigestError
from iracing_pipeline.warehouse import digests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from iracing_pipeline.digest.send import Destination
    from iracing_pipeline.warehouse import Connection

WITHIN = timedelta(hours=24)


@dataclass(slots=True)
class Sent:
    """Result of sending digests.

    Attributes:
        sent: Sessions whose digest was sent.
        failed: Sessions whose digest was not, and why.
    """

    sent: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def send_due(connection: Connection, destinations: Sequence[Destination], *, now: datetime) -> Sent:
    """Send the digests that are due.

    A digest is noted as tried before it is sent: who is killed in between has sent it once or not
    at all, never twice.

    Args:
        connection: Not in autocommit; committed after each session.
        destinations: Destinations of the samples.
        now: The time.
    """
    outcome = Sent()
    for key in digests.due(connection, now=now, within=WITHIN):
        text = digest(
            digests.summary(connection, key),
            digests.findings(connection, key),
            digests.corners(connection, key),
        )
        if not digests.claim(connection, key, now=now):
            continue
        connection.commit()
        try:
            for destination in destinations:
                destination.send(text)
        except DigestError as error:
            outcome.failed[key] = str(error)
            digests.failed(connection, key, note=str(error))
        else:
            outcome.sent.append(key)
            digests.sent(connection, key)
        connection.commit()
    return outcome
