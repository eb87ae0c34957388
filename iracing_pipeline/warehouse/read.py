"""Rows of a table as a frame of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection


def read_table(
    connection: Connection, table: Table, *, where: Mapping[str, object]
) -> pl.DataFrame:
    """Rows of a table, in the order of its key.

    Args:
        connection: Connection to read from.
        table: The table's declaration.
        where: Column and value, or a list of values, that rows must have.

    Returns:
        A frame of the table's schema; columns that hold JSON are null.
    """
    # JSON would come parsed; nobody who reads whole rows wants it.
    columns = [
        sql.SQL("NULL::text") if column.json else sql.Identifier(column.name)
        for column in table.columns
    ]
    query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
        sql.SQL(", ").join(columns),
        sql.Identifier(*table.name.split(".")),
        sql.SQL(" AND ").join(
            sql.SQL("{} = ANY(%s)").format(sql.Identifier(name)) for name in where
        )
        if where
        else sql.SQL("true"),
        sql.SQL(", ").join(map(sql.Identifier, table.key)),
    )
    values = [value if isinstance(value, list) else [value] for value in where.values()]
    rows = connection.execute(query, values).fetchall()
    return pl.DataFrame(rows, schema=table.schema, orient="row")
