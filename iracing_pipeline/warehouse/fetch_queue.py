"""The fetch queue in the database: which subsessions and documents are still to be fetched."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

from iracing_pipeline.data_api.backfill import REREAD, RESULT, Fetch, Status, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection

_COLUMNS = (
    "subsession_id, season, end_time, status, attempts, retry_after, note, fetched_at, settled"
)
_WANTED = "kind, item, part, meaning, answer, note, attempts, first_at, last_at, retry_after, final"
_IS_OPEN = "status NOT IN ('forbidden', 'missing', 'rejected', 'dismissed')"


def add(connection: Connection, fetches: Iterable[Fetch]) -> int:
    """Add subsessions that a search gave; those known keep their state. How many are new."""
    added = 0
    for fetch in fetches:
        added += connection.execute(
            "INSERT INTO raw.subsession_fetch"
            " (subsession_id, season, end_time, status, attempts, settled)"
            " VALUES (%s, %s, %s, 'pending', 0, false) ON CONFLICT (subsession_id) DO NOTHING",
            [fetch.subsession_id, fetch.season, fetch.end_time],
        ).rowcount
    return added


def of_seasons(connection: Connection, seasons: Sequence[str]) -> list[Fetch]:
    """The subsessions of some seasons, oldest first."""
    return _fetches(connection, "season = ANY(%s)", [list(seasons)])


def of_subsessions(connection: Connection, subsession_ids: Sequence[int]) -> list[Fetch]:
    """Some subsessions, oldest first."""
    return _fetches(connection, "subsession_id = ANY(%s)", [list(subsession_ids)])


def incomplete(connection: Connection) -> list[Fetch]:
    """List the requested subsessions that are incomplete, oldest first."""
    return _fetches(connection, "status NOT IN ('ok', 'pending')", [])


def save(connection: Connection, fetch: Fetch) -> None:
    """Write the state of a subsession, unless the user dismissed it meanwhile."""
    connection.execute(
        "UPDATE raw.subsession_fetch SET status = %s, attempts = %s, retry_after = %s, note = %s,"
        " fetched_at = %s, settled = %s WHERE subsession_id = %s AND status <> 'dismissed'",
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
    """List the seasons with due documents."""
    fetches = _fetches(connection, f"(status <> 'ok' OR NOT settled) AND {_IS_OPEN}", [])
    return sorted({fetch.season for fetch in fetches if fetch.is_due(now)})


def wanted_of(connection: Connection, item: str) -> list[Wanted]:
    """The documents of an item that were not given, or are to be read again."""
    rows = connection.execute(
        f"SELECT {_WANTED} FROM raw.document_fetch WHERE item = %s".encode(), [item]
    ).fetchall()
    return [Wanted(*row) for row in rows]


def want(connection: Connection, wanted: Wanted) -> None:
    """Store the state of a wanted document."""
    connection.execute(
        f"INSERT INTO raw.document_fetch ({_WANTED})"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (kind, item, part) DO UPDATE SET meaning = excluded.meaning,"
        " answer = excluded.answer, note = excluded.note, attempts = excluded.attempts,"
        " first_at = excluded.first_at, last_at = excluded.last_at,"
        " retry_after = excluded.retry_after, final = excluded.final".encode(),
        list(astuple(wanted)),
    )


def received(connection: Connection, kind: str, item: str, part: int) -> None:
    """Note that a document is there."""
    connection.execute(
        "DELETE FROM raw.document_fetch WHERE kind = %s AND item = %s AND part = %s",
        [kind, item, part],
    )


def ask_again(connection: Connection, subsession_ids: Sequence[int] | None = None) -> int:
    """Request incomplete subsessions again, final or not; return their number.

    Args:
        connection: Connection with the caller's transaction.
        subsession_ids: Which; None for every one that is not complete.
    """
    chosen = "status <> 'ok'" if subsession_ids is None else "subsession_id = ANY(%(ids)s)"
    ids = None if subsession_ids is None else list(subsession_ids)
    connection.execute(
        "DELETE FROM raw.document_fetch WHERE meaning <> %(reread)s AND item IN ("
        f"SELECT subsession_id::text FROM raw.subsession_fetch WHERE {chosen})".encode(),
        {"ids": ids, "reread": REREAD},
    )
    if subsession_ids is None:
        connection.execute(
            "UPDATE raw.document_fetch SET final = false, retry_after = NULL, attempts = 0"
            " WHERE kind NOT LIKE 'results/%%'"
        )
    return connection.execute(
        "UPDATE raw.subsession_fetch SET status = 'pending', attempts = 0, retry_after = NULL,"
        f" note = NULL WHERE {chosen}".encode(),
        {"ids": ids},
    ).rowcount


def dismiss(connection: Connection, subsession_ids: Sequence[int]) -> int:
    """Dismiss subsessions: not requested, not loaded, not checked. Return their number."""
    return connection.execute(
        "UPDATE raw.subsession_fetch SET status = 'dismissed', retry_after = NULL"
        " WHERE subsession_id = ANY(%s) AND status <> 'dismissed'",
        [list(subsession_ids)],
    ).rowcount


def read_results_again(connection: Connection, season: str, now: datetime) -> None:
    """Have the results of a season's subsessions read once more."""
    connection.execute(
        "INSERT INTO raw.document_fetch (kind, item, part, meaning, answer, attempts, final)"
        " SELECT %s, subsession_id::text, 0, %s, '', 0, false FROM raw.subsession_fetch"
        " WHERE season = %s AND fetched_at IS NOT NULL ON CONFLICT DO NOTHING",
        [RESULT, REREAD, season],
    )
    connection.execute(
        "UPDATE raw.subsession_fetch SET retry_after = %s"
        f" WHERE season = %s AND fetched_at IS NOT NULL AND {_IS_OPEN}".encode(),
        [now, season],
    )


def was_received_since(connection: Connection, moment: datetime) -> bool:
    """Whether a document of any subsession was received after a moment."""
    row = connection.execute(
        "SELECT FROM raw.subsession_fetch WHERE fetched_at > %s LIMIT 1", [moment]
    )
    return row.fetchone() is not None


def last_received(connection: Connection) -> int | None:
    """The subsession whose documents were received last; None where none were."""
    row = connection.execute(
        "SELECT subsession_id FROM raw.subsession_fetch WHERE fetched_at IS NOT NULL"
        " ORDER BY fetched_at DESC, subsession_id LIMIT 1"
    ).fetchone()
    return None if row is None else row[0]


def watermark(connection: Connection, name: str) -> datetime | None:
    """Return the end of the last incremental search; None before the first."""
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


def _fetches(connection: Connection, where: str, parameters: list[object]) -> list[Fetch]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM raw.subsession_fetch WHERE {where}"
        " ORDER BY end_time NULLS LAST, subsession_id".encode(),
        parameters,
    ).fetchall()
    return [Fetch(row[0], row[1], row[2], Status(row[3]), *row[4:]) for row in rows]
