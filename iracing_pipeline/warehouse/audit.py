"""The record of loads: what was loaded into which table, when, by which run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded


def record(
    connection: Connection,
    loads: Iterable[Loaded],
    *,
    partition_key: str | None = None,
    run_id: str | None = None,
) -> None:
    """Record loads in ``ops.load_audit``, in the transaction that made them.

    Args:
        connection: The one the loads were made on.
        loads: What ``replace`` or ``upsert`` returned.
        partition_key: The partition that was replaced; None for a whole table.
        run_id: The run that did it; None outside a run.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.load_audit (table_name, partition_key, run_id, started_at,"
            " finished_at, rows_inserted, rows_updated, rows_deleted, seconds, bytes)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    load.table,
                    partition_key,
                    run_id,
                    load.started_at,
                    load.finished_at,
                    load.inserted,
                    load.updated,
                    load.deleted,
                    load.seconds,
                    load.bytes,
                )
                for load in loads
            ],
        )
