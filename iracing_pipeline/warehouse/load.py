"""Bulk loads: rows of a frame become rows of a table, by COPY and one upsert.

The caller holds the transaction, so several tables of one partition change together or not at
all. Only rows that differ are written, so the same load again changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from iracing_pipeline.warehouse.copy_text import as_csv
from iracing_pipeline.warehouse.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed.

    Attributes:
        table: Name of the table.
        inserted: New rows.
        updated: Rows that were there and differ.
        deleted: Rows of the partition that are no longer there.
        rows: Rows in the frame.
        bytes: Bytes sent to the database.
        started_at: When it began, UTC.
        seconds: How long it took.
    """

    table: str
    inserted: int
    updated: int
    deleted: int
    rows: int
    bytes: int
    started_at: datetime
    seconds: float

    @property
    def finished_at(self) -> datetime:
        """When it ended, UTC."""
        return self.started_at + timedelta(seconds=self.seconds)

    @property
    def changed(self) -> bool:
        """Whether the table is another than before."""
        return bool(self.inserted or self.updated or self.deleted)


def replace(
    connection: Connection, table: Table, frame: pl.DataFrame, *, where: Mapping[str, object]
) -> Loaded:
    """Make a partition of a table hold exactly the rows of a frame.

    Args:
        connection: In whose transaction it happens; nothing is committed here.
        table: The table's declaration.
        frame: Rows with exactly the table's columns; NaN becomes NULL.
        where: The partition: column and value, or a list of values for several partitions at
            once. Rows of it that are not in the frame are deleted.

    Raises:
        LoadError: If the frame does not fit the table or the partition, or the database refuses
            a row. The transaction is then to be rolled back.
    """
    if not where:
        raise ValueError("where must name at least one column")
    return _load(connection, table, frame, where)


def upsert(connection: Connection, table: Table, frame: pl.DataFrame) -> Loaded:
    """Insert the rows of a frame, or update those whose key is there; delete nothing.

    Raises:
        LoadError: As for ``replace``.
    """
    return _load(connection, table, frame, {})


def _load(
    connection: Connection, table: Table, frame: pl.DataFrame, where: Mapping[str, object]
) -> Loaded:
    started_at = datetime.now(UTC)
    began = time.perf_counter()
    _check(table, frame, where)
    stage = sql.Identifier("pg_temp", f"stage_{table.name.rpartition('.')[2]}")
    target = sql.Identifier(*table.name.split("."))
    try:
        connection.execute(
            sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(
                sql.Identifier(stage.as_string().split(".")[1].strip('"')), target
            )
        )
        sent = _copy(connection, stage, table, frame)
        deleted = _delete(connection, target, stage, table, where) if where else 0
        inserted, updated = _upsert(connection, target, stage, table)
        connection.execute(sql.SQL("DROP TABLE {}").format(stage))
    except psycopg.DataError as error:
        raise _refused(table, error) from error
    except psycopg.IntegrityError as error:
        raise _refused(table, error) from error
    return Loaded(
        table=table.name,
        inserted=inserted,
        updated=updated,
        deleted=deleted,
        rows=frame.height,
        bytes=sent,
        started_at=started_at,
        seconds=time.perf_counter() - began,
    )


def _check(table: Table, frame: pl.DataFrame, where: Mapping[str, object]) -> None:
    """Say what does not fit before the database says it less clearly."""
    if frame.columns != table.names and set(frame.columns) != set(table.names):
        odd = sorted(set(frame.columns) ^ set(table.names))
        raise _unfit(table, f"its columns differ: {', '.join(odd)}")
    for column in table.columns:
        if (dtype := frame.schema[column.name]) != column.dtype:
            raise _unfit(table, f"{column.name} is {dtype} and not {column.dtype}")
        if column.required and (missing := frame[column.name].null_count()):
            raise _unfit(table, f"{column.name} is missing in {missing} rows")
    if frame.select(table.key).is_duplicated().any():
        raise _unfit(table, f"several rows have the same {', '.join(table.key)}")
    for name, value in where.items():
        if not frame[name].is_in(_listed(value)).all():
            raise _unfit(table, f"rows lie outside the partition that is replaced ({name})")


def _copy(connection: Connection, stage: sql.Identifier, table: Table, frame: pl.DataFrame) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(stage, _columns(table.names))
    sent = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in as_csv(frame.select(table.names)):
            copy.write(block)
            sent += len(block)
    return sent


def _delete(
    connection: Connection,
    target: sql.Identifier,
    stage: sql.Identifier,
    table: Table,
    where: Mapping[str, object],
) -> int:
    partition = sql.SQL(" AND ").join(
        sql.SQL("target.{} = ANY(%s)").format(sql.Identifier(name)) for name in where
    )
    same_key = sql.SQL(" AND ").join(
        sql.SQL("stage.{0} = target.{0}").format(sql.Identifier(name)) for name in table.key
    )
    return connection.execute(
        sql.SQL(
            "DELETE FROM {} AS target WHERE {} AND NOT EXISTS (SELECT FROM {} AS stage WHERE {})"
        ).format(target, partition, stage, same_key),
        [_listed(value) for value in where.values()],
    ).rowcount


def _upsert(
    connection: Connection, target: sql.Identifier, stage: sql.Identifier, table: Table
) -> tuple[int, int]:
    rest = [name for name in table.names if name not in table.key]
    action: sql.Composable = sql.SQL("DO NOTHING")
    if rest:
        action = sql.SQL(
            "DO UPDATE SET ({0}) = ROW ({1}) WHERE ({2}) IS DISTINCT FROM ({1})"
        ).format(_columns(rest), _columns(rest, "excluded"), _columns(rest, "target"))
    row = connection.execute(
        sql.SQL(
            "WITH written AS ("
            "INSERT INTO {target} AS target ({columns}) SELECT {columns} FROM {stage}"
            " ON CONFLICT ({key}) {action} RETURNING xmax = 0 AS is_new)"
            " SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new)"
            " FROM written"
        ).format(
            target=target,
            stage=stage,
            columns=_columns(table.names),
            key=_columns(table.key),
            action=action,
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row[0], row[1]


def _columns(names: Iterable[str], relation: str | None = None) -> sql.Composed:
    prefix = (relation,) if relation else ()
    return sql.SQL(", ").join(sql.Identifier(*prefix, name) for name in names)


def _listed(value: object) -> list[object]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    return [value]


def _unfit(table: Table, what: str) -> LoadError:
    return LoadError(
        f"The rows for {table.name} do not fit: {what}", "Nothing was stored; report this"
    )


def _refused(table: Table, error: psycopg.Error) -> LoadError:
    said = " ".join(part for part in (error.diag.message_primary, error.diag.context) if part)
    return LoadError(
        f"The database refuses rows for {table.name}: {said or error}",
        "Nothing was stored; report this with the file it was read from",
    )
