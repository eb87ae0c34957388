"""Refuse a pooler that gives a session away between two transactions.

Behind one, the lock of a run is held by nobody in particular: it outlives the run, and a dead run
would be taken for one that works for ever. Statements that were prepared are lost, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.warehouse.errors import UnavailableError

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection, Warehouse


def refuse_shared_sessions(warehouse: Warehouse) -> None:
    """Make sure that two connections are two sessions of the server.

    A pooler that is busy at this moment may not be found out.

    Raises:
        UnavailableError: If they are one, or the database cannot be reached.
    """
    with warehouse.connect(autocommit=True) as one, warehouse.connect(autocommit=True) as other:
        # Asked of the server: the parameters that the client got on connecting are the pooler's.
        if _session(one) != _session(other):
            return
    raise UnavailableError(
        f"The database {warehouse.address} is behind a pooler that shares sessions between"
        " transactions",
        "Point IRACING_DATABASE_URL at the server itself, or at a pool with pool_mode = session",
    )


def _session(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
