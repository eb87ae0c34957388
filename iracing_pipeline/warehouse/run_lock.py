"""Tell a run that works from one whose process is gone.

A run holds a lock of the database for as long as its connection lives. When its process is killed
the database lets go of the lock by itself, on whatever machine that was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

_KEY = "hashtextextended('iracing-pipeline run ' || %s, 0)"
_WORK = "hashtextextended('iracing-pipeline work ' || %s, 0)"


def hold(connection: Connection, run_id: str) -> None:
    """Hold the lock of a run until the connection is closed."""
    connection.execute(f"SELECT pg_advisory_lock_shared({_KEY})".encode(), [run_id])


def is_held(connection: Connection, run_id: str) -> bool:
    """Whether any connection holds the lock of a run."""
    row = connection.execute(
        f"SELECT pg_try_advisory_xact_lock({_KEY})".encode(), [run_id]
    ).fetchone()
    return row is not None and not row[0]


def take(connection: Connection, work: str) -> bool:
    """Take on work that one process at a time does, until the connection is closed.

    Returns:
        False when another process is at it.
    """
    row = connection.execute(f"SELECT pg_try_advisory_lock({_WORK})".encode(), [work]).fetchone()
    return row is not None and row[0]
