"""A function of schema ``grafana``, as a declaration: what dashboards may call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from iracing_pipeline.warehouse.errors import MigrationError

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Function:
    """An SQL function of schema ``grafana``.

    It runs with the rights of its caller, and PostgreSQL puts its body into the query that calls
    it: so it is as fast as the query written out, and shows nobody what they may not read.

    Attributes:
        name: Schema and name.
        doc: Description, with units.
        arguments: Names and types as in SQL.
        returns: SQL after ``RETURNS``.
        body: One ``SELECT``.
        immutable: Whether the answer depends on the arguments alone.
    """

    name: str
    doc: str
    arguments: str
    returns: str
    body: str
    immutable: bool = False

    @property
    def statement(self) -> str:
        """The statement that creates it."""
        kept = "IMMUTABLE" if self.immutable else "STABLE"
        return (
            f"CREATE FUNCTION {self.name}({self.arguments}) RETURNS {self.returns}"
            f" LANGUAGE sql {kept} PARALLEL SAFE AS $sql$\n{self.body}\n$sql$"
        )


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
