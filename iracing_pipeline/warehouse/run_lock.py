"""Detect whether the process of a run is alive.

A run holds a lock of the database for as long as its connection lives. When its process is killed
the database lets go of the lock by itself, on whatever machine that was; when the machine is lost,
as soon as the database misses its answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.warehouse.connection import KEEPALIVES

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

_KEY = "hashtextextended('iracing-pipeline run ' || %s, 0)"
_WORK = "hashtextextended('iracing-pipeline work ' || %s, 0)"


def hold(connection: Connection, run_id: str) -> None:
    """Hold the lock of a run until the connection is closed."""
    _miss_soon(connection)
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
    _miss_soon(connection)
    row = connection.execute(f"SELECT pg_try_advisory_lock({_WORK})".encode(), [work]).fetchone()
    return row is not None and row[0]


def _miss_soon(connection: Connection) -> None:
    """Have the server probe our side as we probe its: by itself most do so after two hours."""
    connection.execute(
        "SELECT set_config('tcp_' || name, value, false)"
        " FROM unnest(%s::text[], %s::text[]) AS of (name, value)",
        [list(KEEPALIVES), [str(value) for value in KEEPALIVES.values()]],
    )
