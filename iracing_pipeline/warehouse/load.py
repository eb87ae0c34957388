"""Bulk loads: rows of a frame become rows of a table, by COPY and one upsert.

The caller holds the transaction, so several tables of a partition change together or not at all.
Only rows that differ are written, so the same load again changes nothing, not even on the disk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from iracing_pipeline.warehouse.copy_binary import encode
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.load_statements import Statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

    Values = tuple[object, ...]

logger = logging.getLogger(__name__)

IDLE = TransactionStatus.IDLE


@dataclass(frozen=True, slots=True)
class LoadedPartition:
    """Changes of a load in one of its partitions.

    Attributes:
        key: The partition's values of the ``where`` columns, joined by ``|``.
        rows: Rows in the frame.
        inserted: New rows.
        updated: Rows that were there and differ.
        deleted: Rows that are no longer there.
    """

    key: str
    rows: int
    inserted: int
    updated: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """Changes of a load.

    Attributes:
        table: Name of the table.
        rows: Rows in the frame.
        inserted: New rows.
        updated: Rows that were there and differ.
        deleted: Rows of the replaced partitions that are no longer there.
        bytes: Bytes sent to the database.
        started_at: When it began, UTC.
        seconds: Duration.
        partitions: The same for each replaced partition; none for ``upsert``.
    """

    table: str
    rows: int
    inserted: int
    updated: int
    deleted: int
    bytes: int
    started_at: datetime
    seconds: float
    partitions: tuple[LoadedPartition, ...] = ()

    @property
    def finished_at(self) -> datetime:
        """When it ended, UTC."""
        return self.started_at + timedelta(seconds=self.seconds)

    @property
    def changed(self) -> bool:
        """Whether the load changed the table."""
        return bool(self.inserted or self.updated or self.deleted)


def replace(
    connection: Connection, table: Table, frame: pl.DataFrame, *, where: Mapping[str, object]
) -> Loaded:
    """Make a partition of a table hold exactly the rows of a frame.

    Args:
        connection: Connection with the caller's transaction; nothing is committed here, unless the
            connection is in autocommit.
        table: The table's declaration.
        frame: Rows with exactly the table's columns; NaN, and a value outside the bounds of its
            column, become NULL.
        where: The partition: column and value, or column and list of values for many partitions
            at once. Rows of it that are not in the frame are deleted.

    Raises:
        LoadError: If the frame does not fit the table or the partition, or the database refuses
            a row. This load is then undone, and the transaction can go on.
    """
    if not where:
        raise ValueError("where must name at least one column")
    return _load(connection, table, frame, {name: _listed(value) for name, value in where.items()})


def replace_whole(connection: Connection, table: Table, frame: pl.DataFrame) -> Loaded:
    """Make a whole table hold exactly the rows of a frame; it is recorded as one load.

    Raises:
        LoadError: As for ``replace``.
    """
    return _load(connection, table, frame, {}, whole=True)


def upsert(connection: Connection, table: Table, frame: pl.DataFrame) -> Loaded:
    """Insert the rows of a frame, or update those whose key is there; delete nothing.

    Raises:
        LoadError: As for ``replace``.
    """
    return _load(connection, table, frame, {})


def _load(
    connection: Connection,
    table: Table,
    frame: pl.DataFrame,
    where: dict[str, list[object]],
    *,
    whole: bool = False,
) -> Loaded:
    started_at = datetime.now(UTC)
    began = time.perf_counter()
    frame = _check(table, frame, where)
    run = Statements.of(table.name, tuple(table.names), table.key, tuple(where))
    deleted: dict[Values, int] = {}
    written: list[tuple[Any, ...]] = []
    sent = 0
    try:
        with _savepoint(connection), connection.cursor() as cursor:
            # Most tables of a short session are empty: no stage is made for nothing.
            if not frame.is_empty():
                cursor.execute(run.make_stage)
                sent = _copy(cursor, run.copy, table, frame)
            if where or whole:
                delete = run.clear if frame.is_empty() else run.delete
                rows = cursor.execute(delete, list(where.values())).fetchall()
                deleted = {row[:-1]: row[-1] for row in rows}
            if not frame.is_empty():
                written = cursor.execute(run.upsert).fetchall()
                cursor.execute(run.drop_stage)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise _refused(table, error) from error
    inserted = {row[:-2]: row[-2] for row in written}
    updated = {row[:-2]: row[-1] for row in written}
    return Loaded(
        table=table.name,
        rows=frame.height,
        inserted=sum(inserted.values()),
        updated=sum(updated.values()),
        deleted=sum(deleted.values()),
        bytes=sent,
        started_at=started_at,
        seconds=time.perf_counter() - began,
        partitions=_partitions(frame, where, inserted, updated, deleted),
    )


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """Undo what fails within, and leave the rest of the caller's transaction as it is."""
    if not connection.autocommit and connection.info.transaction_status == IDLE:
        connection.execute("SELECT")  # begins the caller's; ours would commit at its end
    with connection.transaction():
        yield


def _check(table: Table, frame: pl.DataFrame, where: dict[str, list[object]]) -> pl.DataFrame:
    """The frame as it is loaded; refuses what does not fit, more clearly than the database does.

    A value outside the bounds of its column becomes NULL.
    """
    schema = frame.schema
    if odd := schema.keys() ^ set(table.names):
        raise _unfit(table, f"its columns differ: {', '.join(sorted(odd))}")
    for column in table.columns:
        if (dtype := schema[column.name]) != column.dtype:
            raise _unfit(table, f"{column.name} is {dtype} and not {column.dtype}")
        if column.required and (missing := frame[column.name].null_count()):
            raise _unfit(table, f"{column.name} is missing in {missing} rows")
    frame, left_out = table.bounded(frame)
    for each in left_out:
        if each.rows:
            raise _unfit(table, str(each))
        logger.warning("%s", each)
    if frame.height > 1 and frame.select(table.key).is_duplicated().any():
        raise _unfit(table, f"several rows have the same {', '.join(table.key)}")
    for name, values in where.items():
        if not frame[name].is_in(values).all():
            raise _unfit(table, f"rows lie outside the partition that is replaced ({name})")
    return frame


def _copy(
    cursor: psycopg.Cursor[tuple[Any, ...]], statement: bytes, table: Table, frame: pl.DataFrame
) -> int:
    sent = 0
    with cursor.copy(statement) as copy:
        for block in encode(table, frame):
            copy.write(block)
            sent += len(block)
    return sent


def _partitions(
    frame: pl.DataFrame,
    where: dict[str, list[object]],
    inserted: dict[Values, int],
    updated: dict[Values, int],
    deleted: dict[Values, int],
) -> tuple[LoadedPartition, ...]:
    if not where:
        return ()
    rows = {row[:-1]: row[-1] for row in frame.group_by(list(where)).len().iter_rows()}
    return tuple(
        LoadedPartition(
            key="|".join(map(str, values)),
            rows=rows.get(values, 0),
            inserted=inserted.get(values, 0),
            updated=updated.get(values, 0),
            deleted=deleted.get(values, 0),
        )
        for values in product(*where.values())
    )


def _listed(value: object) -> list[object]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    return [value]


def _unfit(table: Table, what: str) -> LoadError:
    return LoadError(
        f"The rows for {table.name} do not fit: {what}", "Nothing was stored; report this"
    )


def _refused(table: Table, error: psycopg.Error) -> LoadError:
    message = error.diag.message_primary or str(error)
    detail = error.diag.message_detail or error.diag.context or ""
    return LoadError(
        f"The database refuses rows for {table.name}: {message} ({detail})",
        "Nothing was stored; report this with the file it was read from",
    )
