"""The inventory of dropped result files: which version of each has been read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection

Version = tuple[int, "datetime"]
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One version of a dropped file: a row of ``ops.result_file``.

    Attributes:
        version: Its size and time when it was read.
        state: ``reading``, ``loaded`` or ``quarantined``.
        attempts: How often in a row it could not be loaded.
        retry_at: When it is read again; None where only a change of the file helps.
    """

    version: Version
    state: str
    attempts: int
    retry_at: datetime | None

    def is_due(self, version: Version, now: datetime) -> bool:
        """Whether the file, which has this version now, is to be read."""
        return self.version != version or (self.retry_at is not None and now >= self.retry_at)


def known(connection: Connection) -> dict[str, ResultFile]:
    """Each file as it was read last, by path."""
    rows = connection.execute(
        "SELECT path, size_bytes, modified_at, state, attempts, retry_at FROM ops.result_file"
    )
    return {path: ResultFile((size, modified), *rest) for path, size, modified, *rest in rows}


def begin(connection: Connection, path: str, version: Version, now: datetime) -> int:
    """Count an attempt to read a version of a file; return the attempts in a row.

    Committed before the file is read, it keeps a file that ends its run from being read at once
    by the next.

    Args:
        connection: Connection with the caller's transaction.
        path: The file.
        version: Its size and time.
        now: The present, UTC.
    """
    row = connection.execute(
        "SELECT attempts FROM ops.result_file"
        " WHERE path = %s AND size_bytes = %s AND modified_at = %s AND state <> 'loaded'",
        [path, *version],
    ).fetchone()
    attempts = 1 + (row[0] if row else 0)
    mark(connection, path, ResultFile(version, "reading", attempts, now + pause(attempts)), now=now)
    return attempts


def mark(
    connection: Connection, path: str, file: ResultFile, *, now: datetime, subsessions: int = 0
) -> None:
    """Store the outcome of a version of a file.

    Args:
        connection: Connection with the caller's transaction.
        path: The file.
        file: Its version and state.
        now: The present, UTC.
        subsessions: How many subsessions are in it.
    """
    connection.execute(
        "INSERT INTO ops.result_file (path, size_bytes, modified_at, state, subsessions,"
        " attempts, retry_at, loaded_at, first_modified_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (path) DO UPDATE SET"
        " size_bytes = excluded.size_bytes, modified_at = excluded.modified_at,"
        " state = excluded.state, subsessions = excluded.subsessions,"
        " attempts = excluded.attempts, retry_at = excluded.retry_at,"
        " loaded_at = excluded.loaded_at",
        [
            path, *file.version, file.state, subsessions, file.attempts, file.retry_at, now,
            file.version[1],
        ],
    )  # fmt: skip


def is_replaced(connection: Connection, path: str) -> bool:
    """Whether a file has been written again since it was first read."""
    row = connection.execute(
        "SELECT modified_at > first_modified_at FROM ops.result_file WHERE path = %s", [path]
    ).fetchone()
    return bool(row and row[0])


def interrupted(connection: Connection) -> list[tuple[str, Version]]:
    """Files that a run began to read and did not finish."""
    rows = connection.execute(
        "SELECT path, size_bytes, modified_at FROM ops.result_file WHERE state = 'reading'"
    )
    return [(path, (size, modified)) for path, size, modified in rows]


def pause(attempts: int) -> timedelta:
    """Return the pause after so many failures in a row: 1, 4, 16 ... min, a day."""
    factor: int = 4 ** min(max(attempts - 1, 0), 10)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)
