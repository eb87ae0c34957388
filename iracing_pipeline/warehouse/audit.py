"""The record of loads: what was loaded into which table, when, by which run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded


@dataclass(frozen=True, slots=True)
class Change:
    """A load that changed something.

    Attributes:
        number: Its number in ``ops.load_audit``.
        at: When it ended, UTC.
    """

    number: int
    at: datetime


def last_change(connection: Connection, tables: Sequence[str]) -> Change | None:
    """The last load that changed one of some tables; None when there was none."""
    row = connection.execute(
        "SELECT id, finished_at FROM ops.load_audit WHERE table_name = ANY(%s)"
        " AND rows_inserted + rows_updated + rows_deleted > 0 ORDER BY id DESC LIMIT 1",
        [list(tables)],
    ).fetchone()
    return None if row is None else Change(*row)


def record(
    connection: Connection,
    loads: Iterable[Loaded],
    *,
    partition_key: str | None = None,
    run_id: str | None = None,
) -> None:
    """Record loads in ``ops.load_audit``, in the transaction that made them.

    A load of many partitions becomes a row for each; bytes and seconds are shared out by rows.

    Args:
        connection: The one the loads were made on.
        loads: Results of ``replace`` or ``upsert``.
        partition_key: What to record for a load that replaced no partition; None for the table.
        run_id: The run that did it; None outside a run.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.load_audit (table_name, partition_key, run_id, started_at,"
            " finished_at, rows_inserted, rows_updated, rows_deleted, seconds, bytes,"
            " code_version) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(*row, __version__) for load in loads for row in _rows(load, partition_key, run_id)],
        )


def record_steps(
    connection: Connection, item: str, seconds: Mapping[str, float], *, run_id: str | None = None
) -> None:
    """Record in ``ops.step_time`` how long the steps of loading an item took.

    Args:
        connection: Connection with the caller's transaction.
        item: The item, such as a session key.
        seconds: How long each step took, by its name.
        run_id: The run that did it; None outside a run.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.step_time (step, item, run_id, seconds) VALUES (%s, %s, %s, %s)",
            [(step, item, run_id, took) for step, took in seconds.items()],
        )


def last_load(connection: Connection, table: str) -> datetime | None:
    """When a table was last loaded, whether that changed it or not; None if it never was."""
    row = connection.execute(
        "SELECT max(finished_at) FROM ops.load_audit WHERE table_name = %s", [table]
    ).fetchone()
    return row[0] if row else None


def _rows(
    load: Loaded, partition_key: str | None, run_id: str | None
) -> Iterator[tuple[object, ...]]:
    when = (run_id, load.started_at, load.finished_at)
    if not load.partitions:
        changes = (load.inserted, load.updated, load.deleted)
        yield (load.table, partition_key, *when, *changes, load.seconds, load.bytes)
    # One more than its rows, so that a partition that was only emptied has a share too.
    whole = load.rows + len(load.partitions)
    for part in load.partitions:
        share = (part.rows + 1) / whole
        changes = (part.inserted, part.updated, part.deleted)
        yield (
            load.table,
            part.key,
            *when,
            *changes,
            load.seconds * share,
            round(load.bytes * share),
        )
