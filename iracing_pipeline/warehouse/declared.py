"""The tables of ``iracing_pipeline.tables`` as SQLAlchemy's, for Alembic to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.tables.raw import PAYLOAD

if TYPE_CHECKING:
    from polars._typing import PolarsDataType
    from sqlalchemy.sql.schema import SchemaItem
    from sqlalchemy.types import TypeEngine

    from iracing_pipeline.tables import Column

_TYPES: dict[PolarsDataType, TypeEngine[Any]] = {
    pl.Binary(): sa.LargeBinary(),
    pl.String(): sa.Text(),
    pl.Boolean(): sa.Boolean(),
    pl.Int16(): sa.SmallInteger(),
    pl.Int32(): sa.Integer(),
    pl.Int64(): sa.BigInteger(),
    pl.Float32(): sa.REAL(),
    pl.Float64(): sa.Double(),
    pl.Date(): sa.Date(),
    pl.Datetime("us", "UTC"): sa.DateTime(timezone=True),
}


def metadata() -> sa.MetaData:
    """The declared tables: columns, types, what is required, keys.

    Comments and bounds are left out: ``views.create`` and ``bounds.apply`` make them.
    """
    declared = sa.MetaData()
    for table in TABLES:
        schema, _, name = table.name.partition(".")
        columns = [
            sa.Column(
                column.name,
                _type(column),
                nullable=not column.required,
                primary_key=column.name in table.key,
                autoincrement=False,
            )
            for column in table.columns
        ]
        sa.Table(name, declared, *columns, schema=schema)
    return declared


def comparison() -> dict[str, Any]:
    """Options with which Alembic compares a database with the declarations."""
    return {"target_metadata": metadata(), "include_schemas": True, "include_object": _compared}


def _compared(
    item: SchemaItem,
    name: str | None,
    kind: str,
    reflected: bool,  # noqa: ARG001, FBT001 - as Alembic calls it
    counterpart: SchemaItem | None,  # noqa: ARG001
) -> bool:
    """Whether Alembic compares it: declared are tables and columns, not indexes and references."""
    if kind == "table":
        return f"{getattr(item, 'schema', None)}.{name}" in {table.name for table in TABLES}
    return kind == "column"


def _type(column: Column) -> TypeEngine[Any]:
    if column is PAYLOAD.columns[-1]:
        return postgresql.JSON()  # as received, to the byte
    if column.json:
        return postgresql.JSONB()
    inner = _TYPES[column.inner]
    return postgresql.ARRAY(inner) if column.array else inner
