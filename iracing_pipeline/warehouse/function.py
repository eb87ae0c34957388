"""A function of schema ``grafana``: what dashboards may call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from iracing_pipeline.warehouse.errors import MigrationError
from iracing_pipeline.warehouse.view import documented

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Function:
    """An SQL function of schema ``grafana``, read from its ``.sql`` file.

    It runs with the rights of its caller, and PostgreSQL puts its body into the query that calls
    it: so it is as fast as the query written out, and shows nobody what they may not read.

    Attributes:
        name: Schema and name.
        doc: Description, with units.
        statement: SQL that creates it.
    """

    name: str
    doc: str
    statement: str


def read_function(path: Path) -> Function:
    """Read the function that a file creates."""
    return Function(f"grafana.{path.stem}", *documented(path))


def remake(connection: Connection, functions: tuple[Function, ...]) -> None:
    """Recreate functions, with their comments; earlier ones of the same names are dropped.

    Raises:
        MigrationError: If somebody else's view or function builds on one of them.
    """
    for function in functions:
        _drop(connection, function)
        connection.execute(function.statement.encode())
        connection.execute(
            sql.SQL("COMMENT ON FUNCTION {} IS {}").format(
                sql.Identifier(*function.name.split(".")), sql.Literal(function.doc)
            )
        )


def _drop(connection: Connection, function: Function) -> None:
    signatures = connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace = 'grafana'::regnamespace AND proname = %s",
        [function.name.partition(".")[2]],
    ).fetchall()
    for (signature,) in signatures:
        try:
            connection.execute(f"DROP FUNCTION {signature}".encode())
        except psycopg.errors.DependentObjectsStillExist as error:
            raise MigrationError(
                f"{signature} has changed, but is used: {error.diag.message_detail}",
                "Drop what uses it, migrate again, and create it again",
            ) from error
