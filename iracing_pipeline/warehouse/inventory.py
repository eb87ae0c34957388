"""The inventory of telemetry files: files seen in the folder, and their states."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from iracing_pipeline.inbox.telemetry_folder import State, TelemetryFile
from iracing_pipeline.tables.ops import TELEMETRY_FILE
from iracing_pipeline.warehouse.load import upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.warehouse.connection import Connection


def read(connection: Connection, *, lock: bool = False) -> dict[str, TelemetryFile]:
    """The inventory by path, in one query.

    Args:
        connection: Connection to read from.
        lock: Whether others shall wait with changes until this transaction ends, so that what
            is written back does not undo what a run has written meanwhile.
    """
    if lock:
        connection.execute("LOCK TABLE ops.telemetry_file IN SHARE ROW EXCLUSIVE MODE")
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM ops.telemetry_file").fetchall()
    return {row["path"]: TelemetryFile(**row | {"state": State(row["state"])}) for row in rows}


def write(connection: Connection, files: Iterable[TelemetryFile]) -> None:
    """Insert or update rows of the inventory in one load."""
    if rows := [asdict(file) for file in files]:
        upsert(connection, TELEMETRY_FILE, TELEMETRY_FILE.frame(rows))


def loaded_records(connection: Connection) -> dict[str, int]:
    """Records loaded of each session, by session key."""
    rows = connection.execute("SELECT session_key, record_count FROM racing.telemetry_session")
    return dict(rows.fetchall())


def sources(connection: Connection, session_keys: Sequence[str]) -> dict[str, TelemetryFile]:
    """The file to load each session from: of those there are, the one with most records.

    One that is in quarantine is taken only where there is no other.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (session_key) * FROM ops.telemetry_file"
            " WHERE session_key = ANY(%s) AND state <> 'missing'"
            " ORDER BY session_key, state = 'quarantined', record_count DESC NULLS LAST,"
            " state = 'duplicate', path",
            [list(session_keys)],
        ).fetchall()
    return {
        row["session_key"]: TelemetryFile(**row | {"state": State(row["state"])}) for row in rows
    }


def begin(connection: Connection, session_keys: Sequence[str], attempt: int) -> None:
    """Count an attempt at the files of sessions: a run that was asked for has begun.

    A file that has changed since, and is yet to be asked for, has not been tried.

    Args:
        connection: Connection to write to.
        session_keys: The sessions.
        attempt: Which attempt it is; a run that is launched again for it counts once.
    """
    connection.execute(
        "UPDATE ops.telemetry_file SET attempts = %s"
        " WHERE session_key = ANY(%s) AND state = 'ready' AND requested_at IS NOT NULL"
        " AND attempts < %s",
        [attempt, list(session_keys), attempt],
    )


def postpone(connection: Connection, file: TelemetryFile, *, note: str) -> None:
    """Request a run for a ready file again, without counting an attempt.

    Args:
        connection: Connection to write to.
        file: The file.
        note: Why it could not be loaded now.
    """
    connection.execute(
        "UPDATE ops.telemetry_file SET attempts = 0, note = %s WHERE path = %s AND state = 'ready'",
        [note, file.path],
    )


def postpone_all(connection: Connection, session_keys: Sequence[str], *, note: str) -> None:
    """Request runs for the ready files of sessions again, without counting an attempt.

    Args:
        connection: Connection to write to.
        session_keys: The sessions.
        note: Why they were not loaded.
    """
    connection.execute(
        "UPDATE ops.telemetry_file SET attempts = 0, note = %s"
        " WHERE session_key = ANY(%s) AND state = 'ready'",
        [note, list(session_keys)],
    )


def mark(
    connection: Connection,
    file: TelemetryFile,
    state: State,
    *,
    record_count: int | None = None,
    note: str | None = None,
) -> None:
    """Say what became of a file, unless it has been seen to be another one meanwhile."""
    connection.execute(
        "UPDATE ops.telemetry_file"
        " SET state = %s, note = %s, record_count = coalesce(%s, record_count)"
        " WHERE path = %s AND size_bytes = %s AND modified_at = %s",
        [state, note, record_count, file.path, file.size_bytes, file.modified_at],
    )


def settled(connection: Connection, paths: Sequence[str]) -> int:
    """How many of some files are neither waiting nor ready to be loaded any more."""
    row = connection.execute(
        "SELECT count(*) FROM ops.telemetry_file"
        " WHERE path = ANY(%s) AND state NOT IN ('waiting', 'ready')",
        [list(paths)],
    ).fetchone()
    return int(row[0]) if row else 0
