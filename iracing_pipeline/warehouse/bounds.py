"""The bounds of columns as constraints of the database.

They are generated from the declarations in ``tables`` whenever the database is migrated, so they
need no revision of their own. The comment of a constraint is its condition, by which a later
version sees whether it has to change. Rows from before a bound was declared lose what violates it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from psycopg import sql

from iracing_pipeline.tables.catalog import TABLES

if TYPE_CHECKING:
    from iracing_pipeline.tables import Column, Table
    from iracing_pipeline.warehouse.connection import Connection

logger = logging.getLogger(__name__)

PREFIX = "bounds_"

_PRESENT = """
SELECT con.conrelid::regclass::text, con.conname,
    coalesce(obj_description(con.oid, 'pg_constraint'), '')
FROM pg_constraint AS con JOIN pg_class AS rel ON rel.oid = con.conrelid
    JOIN pg_namespace AS space ON space.oid = rel.relnamespace
WHERE con.contype = 'c' AND starts_with(con.conname, %s)
    AND space.nspname IN ('racing', 'raw', 'ops')
"""


def conditions(table: Table) -> dict[str, str]:
    """The name of each constraint of a table, and its condition."""
    return {
        PREFIX + column.name: column.bounds.condition(f'"{column.name}"', array=column.array)
        for column in table.columns
        if column.bounds is not None
    }


def apply(connection: Connection) -> None:
    """Give every table the constraints that are declared, in the caller's transaction.

    A value that violates a new one becomes NULL, and a row that cannot do without it is deleted.
    """
    present: dict[str, dict[str, str]] = {}
    for table, name, condition in connection.execute(_PRESENT, [PREFIX]).fetchall():
        present.setdefault(table, {})[name] = condition
    for table in TABLES:
        _apply(connection, table, present.get(table.name, {}))


def _apply(connection: Connection, table: Table, present: dict[str, str]) -> None:
    declared = conditions(table)
    gone = [name for name, condition in present.items() if declared.get(name) != condition]
    new = {name: text for name, text in declared.items() if present.get(name) != text}
    if not gone and not new:
        return
    target = sql.Identifier(*table.name.split("."))
    by_name = {PREFIX + column.name: column for column in table.columns}
    _leave_out(connection, table, [(by_name[name], text) for name, text in new.items()])
    actions = [sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(name)) for name in gone]
    actions += [
        sql.SQL("ADD CONSTRAINT {} CHECK ({})").format(sql.Identifier(name), _raw(text))
        for name, text in new.items()
    ]
    connection.execute(sql.SQL("ALTER TABLE {} {}").format(target, sql.SQL(", ").join(actions)))
    comments = [
        sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}").format(
            sql.Identifier(name), target, sql.Literal(text)
        )
        for name, text in new.items()
    ]
    connection.execute(sql.SQL("; ").join(comments))


def _leave_out(connection: Connection, table: Table, new: list[tuple[Column, str]]) -> None:
    target = sql.Identifier(*table.name.split("."))
    if not connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(target)).rowcount:
        return
    for column, condition in new:
        if column.required or column.name in table.key:
            statement = sql.SQL("DELETE FROM {} WHERE NOT ({})").format(target, _raw(condition))
        else:
            statement = sql.SQL("UPDATE {} SET {} = NULL WHERE NOT ({})").format(
                target, sql.Identifier(column.name), _raw(condition)
            )
        if count := connection.execute(statement).rowcount:
            logger.warning(
                "%s.%s: %d values left out, not within %s",
                table.name, column.name, count, column.bounds,
            )  # fmt: skip


def _raw(condition: str) -> sql.SQL:
    return sql.SQL(condition)  # of declared names and numbers alone
