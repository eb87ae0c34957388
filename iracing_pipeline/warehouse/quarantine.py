"""Items that could not be loaded: each with its reason and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One entry of ``ops.quarantine``; its columns are declared in ``tables.ops``."""

    id: int
    source: str
    item: str
    fingerprint: str
    file_name: str | None
    size_bytes: int | None
    modified_at: datetime | None
    reason: str
    advice: str | None
    error_type: str | None
    first_at: datetime
    last_at: datetime
    occurrences: int
    resolved_at: datetime | None


def put(
    connection: Connection,
    *,
    source: str,
    item: str,
    reason: str,
    advice: str | None = None,
    error_type: str | None = None,
    file_name: str | None = None,
    size_bytes: int | None = None,
    modified_at: datetime | None = None,
    fingerprint: str | None = None,
) -> int:
    """Put an item into quarantine; return the number of its entry.

    The same version of an item has one entry, however often it is refused; a changed file is a
    new one, and the entry of its earlier version is resolved by it.

    Args:
        connection: Connection with the caller's transaction.
        source: Kind of item, such as ``telemetry``.
        item: The item: a path, or a key of the source.
        reason: What is wrong with it.
        advice: Remedy, in words.
        error_type: Name of the error's class.
        file_name: Name of the file, where the item is one.
        size_bytes: Its size.
        modified_at: When it was last written.
        fingerprint: Version of the item. Default: size and time of the file.
    """
    if fingerprint is None:
        written = modified_at.isoformat() if modified_at else ""
        fingerprint = f"{'' if size_bytes is None else size_bytes}@{written}"
    connection.execute(
        "UPDATE ops.quarantine SET resolved_at = now()"
        " WHERE source = %s AND item = %s AND fingerprint <> %s AND resolved_at IS NULL",
        [source, item, fingerprint],
    )
    row = connection.execute(
        "INSERT INTO ops.quarantine AS known (source, item, fingerprint, file_name, size_bytes,"
        " modified_at, reason, advice, error_type)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (source, item, fingerprint) DO UPDATE SET"
        " reason = excluded.reason, advice = excluded.advice, error_type = excluded.error_type,"
        " last_at = now(), occurrences = known.occurrences + 1, resolved_at = NULL"
        " RETURNING id",
        [source, item, fingerprint, file_name, size_bytes, modified_at, reason, advice, error_type],
    ).fetchone()
    assert row is not None  # noqa: S101 - an upsert that always writes returns its row
    return int(row[0])


def resolve(connection: Connection, *, source: str, items: Sequence[str]) -> int:
    """Close the open entries of items that have been loaded or given up; how many there were."""
    return connection.execute(
        "UPDATE ops.quarantine SET resolved_at = now()"
        " WHERE source = %s AND item = ANY(%s) AND resolved_at IS NULL",
        [source, list(items)],
    ).rowcount


def entries(
    connection: Connection, *, source: str | None = None, resolved: bool = False
) -> list[Quarantined]:
    """The open entries (and the resolved ones), oldest first.

    Args:
        connection: Connection to read from.
        source: Only items of this kind.
        resolved: Whether to list resolved entries too.
    """
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(
            "SELECT * FROM ops.quarantine"
            " WHERE (%(source)s::text IS NULL OR source = %(source)s)"
            " AND (%(resolved)s OR resolved_at IS NULL) ORDER BY id",
            {"source": source, "resolved": resolved},
        ).fetchall()
