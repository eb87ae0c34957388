"""The fetch queue in the database: which subsessions are still to be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.data_api.backfill import Fetch, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection

_COLUMNS = (
    "subsession_id, season, end_time, status, attempts, retry_after, note, fetched_at, settled"
)


def add(connection: Connection, found: Iterable[Fetch]) -> int:
    """Add subsessions that a search found; those known keep their state. How many are new."""
    added = 0
    for fetch in found:
        added += connection.execute(
            "INSERT INTO raw.subsession_fetch"
            " (subsession_id, season, end_time, status, attempts, settled)"
            " VALUES (%s, %s, %s, 'pending', 0, false) ON CONFLICT (subsession_id) DO NOTHING",
            [fetch.subsession_id, fetch.season, fetch.end_time],
        ).rowcount
    return added


def of_seasons(connection: Connection, seasons: Sequence[str]) -> list[Fetch]:
    """The subsessions of some seasons, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM raw.subsession_fetch WHERE season = ANY(%s)"
        " ORDER BY end_time NULLS LAST, subsession_id".encode(),
        [list(seasons)],
    ).fetchall()
    return [Fetch(row[0], row[1], row[2], Status(row[3]), *row[4:]) for row in rows]


def save(connection: Connection, fetch: Fetch) -> None:
    """Write the state of a subsession."""
    connection.execute(
        "UPDATE raw.subsession_fetch SET status = %s, attempts = %s, retry_after = %s, note = %s,"
        " fetched_at = %s, settled = %s WHERE subsession_id = %s",
        [
            fetch.status.value,
            fetch.attempts,
            fetch.retry_after,
            fetch.note,
            fetch.fetched_at,
            fetch.settled,
            fetch.subsession_id,
        ],
    )


def due_seasons(connection: Connection, now: datetime) -> list[str]:
    """The seasons in which something is to be fetched now."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM raw.subsession_fetch"
        " WHERE status IN ('pending', 'retry') OR (status = 'ok' AND NOT settled)".encode()
    ).fetchall()
    fetches = (Fetch(row[0], row[1], row[2], Status(row[3]), *row[4:]) for row in rows)
    return sorted({fetch.season for fetch in fetches if fetch.is_due(now)})


def watermark(connection: Connection, name: str) -> datetime | None:
    """How far an incremental search has come; None before its first."""
    row = connection.execute("SELECT reached FROM raw.watermark WHERE name = %s", [name]).fetchone()
    return None if row is None else row[0]


def set_watermark(connection: Connection, name: str, reached: datetime) -> None:
    """Note how far an incremental search has come; it never goes back."""
    connection.execute(
        "INSERT INTO raw.watermark AS known (name, reached) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET reached = excluded.reached"
        " WHERE known.reached < excluded.reached",
        [name, reached],
    )
