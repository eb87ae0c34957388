"""The statements of a bulk load, composed once for each table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import LiteralString

STAGE = sql.Identifier("load_stage")


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of a load, in order.

    Attributes:
        make_stage: Makes a temporary table like the target.
        copy: Fills it.
        delete: Deletes rows of the partitions that are not in it; its parameters are the lists
            of values. Returns partition and count.
        clear: Deletes all rows of the partitions, as ``delete`` with an empty stage does.
        upsert: Inserts or updates what differs. Returns partition, inserted and updated.
        drop_stage: Drops it, so that the next load of the transaction can make its own.
    """

    make_stage: bytes
    copy: bytes
    delete: bytes
    clear: bytes
    upsert: bytes
    drop_stage: bytes

    @staticmethod
    @cache
    def of(
        table: str, columns: tuple[str, ...], key: tuple[str, ...], where: tuple[str, ...]
    ) -> Statements:
        """The statements for a table with these columns, replaced by these of them."""
        parts = {
            "table": sql.Identifier(*table.split(".")),
            "stage": STAGE,
            "columns": _list(columns),
            "key": _list(key),
            "same_key": _all("target.{0} = stage.{0}", key),
            "action": _action([name for name in columns if name not in key]),
            "same_row": _same_row([name for name in columns if name not in key]),
            "partition": _all("target.{} = ANY(%s)", where) if where else sql.SQL("true"),
            "shown": _list(where, suffix=", "),
            "returned": _list(where, relation="target", suffix=", "),
            "written": _list(tuple(dict.fromkeys((*where, *key))), relation="target"),
            "written_before": _all("target.{0} = written.{0}", key),
            "grouped": sql.SQL(" GROUP BY {}").format(_list(where)) if where else sql.SQL(""),
        }

        def composed(text: LiteralString) -> bytes:
            return sql.SQL(text).format(**parts).as_bytes()

        return Statements(
            make_stage=composed(MAKE),
            copy=composed(COPY),
            delete=composed(DELETE),
            clear=composed(CLEAR),
            upsert=composed(UPSERT),
            drop_stage=composed(DROP),
        )


MAKE = "CREATE TEMP TABLE {stage} (LIKE {table}) ON COMMIT DROP"

DROP = "DROP TABLE {stage}"

COPY = "COPY {stage} ({columns}) FROM STDIN (FORMAT binary)"

DELETE = """
WITH gone AS (
    DELETE FROM {table} AS target
    WHERE {partition} AND NOT EXISTS (SELECT FROM {stage} AS stage WHERE {same_key})
    RETURNING {returned} true
)
SELECT {shown} count(*) FROM gone{grouped}
"""

CLEAR = """
WITH gone AS (DELETE FROM {table} AS target WHERE {partition} RETURNING {returned} true)
SELECT {shown} count(*) FROM gone{grouped}
"""

# Rows that are there already are left out before the conflict, which would lock and so rewrite
# them. The whole statement sees what was there when it began, and so which rows are new; xmax tells
# that too, but not of the rows of a partitioned table.
UPSERT = """
WITH written AS (
    INSERT INTO {table} AS target ({columns})
    SELECT {columns} FROM {stage} AS stage
    WHERE NOT EXISTS (SELECT FROM {table} AS target WHERE {same_key} AND {same_row})
    ON CONFLICT ({key}) {action}
    RETURNING {written}
), told AS (
    SELECT {shown} NOT EXISTS (SELECT FROM {table} AS target WHERE {written_before}) AS is_new
    FROM written
)
SELECT {shown} count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new)
FROM told{grouped}
"""


def _list(
    names: Iterable[str], *, relation: str | None = None, suffix: LiteralString = ""
) -> sql.Composable:
    prefix = (relation,) if relation else ()
    columns = [sql.Identifier(*prefix, name) for name in names]
    return sql.SQL(", ").join(columns) + sql.SQL(suffix if columns else "")


def _all(condition: LiteralString, names: Iterable[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL(condition).format(sql.Identifier(n)) for n in names)


def _action(rest: list[str]) -> sql.Composable:
    if not rest:
        return sql.SQL("DO NOTHING")
    return sql.SQL("DO UPDATE SET ({}) = ROW ({})").format(
        _list(rest), _list(rest, relation="excluded")
    )


def _same_row(rest: list[str]) -> sql.Composable:
    if not rest:
        return sql.SQL("true")
    return sql.SQL("({}) IS NOT DISTINCT FROM ({})").format(
        _list(rest, relation="target"), _list(rest, relation="stage")
    )
