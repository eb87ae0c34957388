"""The inventory of dropped result files: which version of each has been read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

Version = tuple[int, "datetime"]


def known(connection: Connection) -> dict[str, Version]:
    """Size and time of each file as it was read last."""
    rows = connection.execute("SELECT path, size_bytes, modified_at FROM ops.result_file")
    return {path: (size, modified) for path, size, modified in rows}


def mark(
    connection: Connection, path: Path, version: Version, *, state: str, subsessions: int
) -> None:
    """Note that a version of a file was read.

    Args:
        connection: In whose transaction it happens.
        path: The file.
        version: Its size and time when it was read.
        state: ``loaded`` or ``quarantined``.
        subsessions: How many subsessions it told of.
    """
    connection.execute(
        "INSERT INTO ops.result_file (path, size_bytes, modified_at, state, subsessions, loaded_at)"
        " VALUES (%s, %s, %s, %s, %s, now()) ON CONFLICT (path) DO UPDATE SET"
        " size_bytes = excluded.size_bytes, modified_at = excluded.modified_at,"
        " state = excluded.state, subsessions = excluded.subsessions,"
        " loaded_at = excluded.loaded_at",
        [str(path), *version, state, subsessions],
    )
