"""End what the dashboards' role holds for too long.

PostgreSQL lets every role switch off its own time limit and hold transactions and advisory locks
for ever. Whoever is a member of the role, or a superuser, can end its connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.warehouse.reader import READER

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

LONGEST_S = 120
"""Twice the time limit that the role begins with."""

_END = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity AS activity
WHERE usename = %(reader)s AND pid <> pg_backend_pid() AND (
    xact_start < now() - make_interval(secs => %(longest_s)s)
    OR EXISTS (SELECT FROM pg_locks WHERE pg_locks.pid = activity.pid AND locktype = 'advisory')
)
"""


def end_long_queries(connection: Connection, *, longest_s: float = LONGEST_S) -> list[int]:
    """End connections of the role with an old transaction or an advisory lock; their process ids.

    Args:
        connection: As a superuser, or as a member of the role.
        longest_s: How long a transaction may last.
    """
    rows = connection.execute(_END, {"reader": READER, "longest_s": longest_s}).fetchall()
    return [pid for pid, ended in rows if ended]
