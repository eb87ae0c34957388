"""Sessions to send to Prometheus, and the outcome of each.

What waits is a row here; its samples lie in the lake. So an outage of any length costs neither
memory nor disk, and what was young when it began goes the way of old sessions when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iracing_pipeline.warehouse.connection import Connection

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Session:
    """Facts of a session whose channels are sent."""

    session_key: str
    start_time: datetime
    record_count: int
    car_name: str | None
    track_name: str | None
    track_config: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of the samples of a session at one destination; a row of ``ops.metric_history``."""

    state: str
    accepted: int = 0
    refused: Mapping[str, int] | None = None
    waiting: int = 0
    first_sample_at: datetime | None = None
    last_sample_at: datetime | None = None
    seconds: float = 0.0
    note: str | None = None


def sessions(connection: Connection, session_keys: Sequence[str]) -> dict[str, Session]:
    """Return facts of some sessions, by key."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        rows = cursor.execute(
            "SELECT session_key, start_time, record_count,"
            " coalesce(car_name, car_path) AS car_name,"
            " track_name, track_config FROM racing.telemetry_session WHERE session_key = ANY(%s)",
            [list(session_keys)],
        ).fetchall()
    return {row.session_key: row for row in rows}


def due(
    connection: Connection,
    destination: str,
    selection: str,
    *,
    now: datetime,
    within: timedelta | None = None,
) -> list[str]:
    """Sessions that are to be sent to a place, the latest first.

    Those are the ones that were not sent yet, have grown since, were sent with other channels, or
    wait and whose time has come.

    Args:
        connection: Connection to read from.
        destination: The place.
        selection: Digest of the channels and the rate that are sent now.
        now: The time.
        within: Only sessions that ended no longer ago than this.
    """
    rows = connection.execute(
        "SELECT s.session_key FROM racing.telemetry_session AS s"
        " LEFT JOIN ops.metric_history AS h"
        " ON h.session_key = s.session_key AND h.destination = %(destination)s"
        " WHERE (h.session_key IS NULL OR h.record_count <> s.record_count"
        " OR h.selection <> %(selection)s OR h.retry_at <= %(now)s)"
        " AND (%(since)s::timestamptz IS NULL OR coalesce(s.end_time, s.start_time) > %(since)s)"
        " ORDER BY s.start_time DESC, s.session_key",
        {
            "destination": destination,
            "selection": selection,
            "now": now,
            "since": None if within is None else now - within,
        },
    )
    return [key for (key,) in rows]


def done(
    connection: Connection,
    session_key: str,
    destination: str,
    *,
    selection: str,
    record_count: int,
) -> bool:
    """Whether nothing is left to be sent of a session to a place."""
    row = connection.execute(
        "SELECT 1 FROM ops.metric_history WHERE session_key = %s AND destination = %s"
        " AND selection = %s AND record_count = %s AND state = 'sent'",
        [session_key, destination, selection, record_count],
    ).fetchone()
    return row is not None


def record(
    connection: Connection,
    session_key: str,
    destination: str,
    outcome: Outcome,
    *,
    selection: str,
    record_count: int,
    now: datetime,
) -> None:
    """Write down what became of a session at a place; what waits is due after a pause.

    The pause doubles with each attempt, up to an hour.
    """
    refused = dict(outcome.refused or {})
    connection.execute(
        "INSERT INTO ops.metric_history AS known (session_key, destination, selection,"
        " record_count, state, accepted, refused, waiting, refused_for, first_sample_at,"
        " last_sample_at, attempts, tried_at, retry_at, seconds, note)"
        " VALUES (%(key)s, %(place)s, %(selection)s, %(records)s, %(state)s, %(accepted)s,"
        " %(refused)s, %(waiting)s, %(refused_for)s, %(first)s, %(last)s, 1, %(now)s,"
        " CASE WHEN %(state)s = 'waiting' THEN %(now)s + %(pause)s END, %(seconds)s, %(note)s)"
        " ON CONFLICT (session_key, destination) DO UPDATE SET"
        " (selection, record_count, state, accepted, refused, waiting, refused_for,"
        " first_sample_at, last_sample_at, tried_at, seconds, note)"
        " = (excluded.selection, excluded.record_count, excluded.state, excluded.accepted,"
        " excluded.refused, excluded.waiting, excluded.refused_for, excluded.first_sample_at,"
        " excluded.last_sample_at, excluded.tried_at, excluded.seconds, excluded.note),"
        " attempts = known.attempts + 1,"
        " retry_at = CASE WHEN %(state)s = 'waiting' THEN %(now)s"
        " + least(%(longest)s, %(pause)s * power(2, least(known.attempts, 10))) END",
        {
            "key": session_key,
            "place": destination,
            "selection": selection,
            "records": record_count,
            "state": outcome.state,
            "accepted": outcome.accepted,
            "refused": sum(refused.values()),
            "waiting": outcome.waiting,
            "refused_for": Jsonb(refused) if refused else None,
            "first": outcome.first_sample_at,
            "last": outcome.last_sample_at,
            "now": now,
            "pause": FIRST_PAUSE,
            "longest": LONGEST_PAUSE,
            "seconds": outcome.seconds,
            "note": outcome.note,
        },
    )
