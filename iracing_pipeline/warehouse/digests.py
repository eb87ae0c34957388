"""The books of digests: which sessions are due, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from iracing_pipeline.warehouse.connection import Connection

MOST_ATTEMPTS = 5
_PAUSE = "interval '1 minute'"


def due(connection: Connection, *, now: datetime, within: timedelta) -> list[str]:
    """Sessions without a digest that ended within some time, the oldest first.

    One that could not be sent is due again after a minute, `MOST_ATTEMPTS` times in all.
    """
    rows = connection.execute(
        "SELECT session.session_key FROM racing.telemetry_session AS session"
        " LEFT JOIN ops.session_digest AS done USING (session_key)"
        " WHERE coalesce(session.end_time, session.start_time)"
        " BETWEEN %(now)s - %(within)s AND %(now)s + %(within)s"
        " AND (done.session_key IS NULL OR done.state = 'waiting'"
        f" AND done.tried_at < %(now)s - {_PAUSE})"
        " ORDER BY session.start_time, session.session_key",
        {"now": now, "within": within},
    ).fetchall()
    return [key for (key,) in rows]


def claim(connection: Connection, session_key: str, *, now: datetime) -> bool:
    """Note that a digest is being sent; False where somebody else does or did."""
    row = connection.execute(
        "INSERT INTO ops.session_digest AS known (session_key, state, attempts, tried_at)"
        " VALUES (%s, 'sending', 1, %s) ON CONFLICT (session_key) DO UPDATE"
        " SET state = 'sending', attempts = known.attempts + 1, tried_at = excluded.tried_at"
        " WHERE known.state = 'waiting' RETURNING attempts",
        [session_key, now],
    ).fetchone()
    return row is not None


def sent(connection: Connection, session_key: str) -> None:
    """Note that it was sent."""
    connection.execute(
        "UPDATE ops.session_digest SET state = 'sent', note = NULL WHERE session_key = %s",
        [session_key],
    )


def failed(connection: Connection, session_key: str, *, note: str) -> None:
    """Note why it was not sent; it waits for another attempt, or is given up."""
    connection.execute(
        "UPDATE ops.session_digest SET note = %s,"
        " state = CASE WHEN attempts < %s THEN 'waiting' ELSE 'given_up' END"
        " WHERE session_key = %s",
        [note, MOST_ATTEMPTS, session_key],
    )


def summary(connection: Connection, session_key: str) -> dict[str, Any]:
    """The session in a row, as the view of summaries shows it."""
    return _rows(
        connection, b"SELECT * FROM grafana.session_summaries WHERE session_key = %s", session_key
    )[0]


def findings(connection: Connection, session_key: str) -> list[dict[str, Any]]:
    """Findings of the session, costliest first."""
    return _rows(
        connection,
        b"SELECT text, advice, seconds FROM racing.race_finding WHERE session_key = %s"
        b" ORDER BY rank",
        session_key,
    )


def corners(connection: Connection, session_key: str) -> list[dict[str, Any]]:
    """Its corners: fastest and median time."""
    return _rows(
        connection,
        b"SELECT corner, lap_count, best_s, median_s FROM racing.corner_consistency"
        b" WHERE session_key = %s ORDER BY corner",
        session_key,
    )


def _rows(connection: Connection, query: bytes, session_key: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [session_key]).fetchall()
