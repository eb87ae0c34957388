"""The views that dashboards read, and the functions that they call: the files in ``sql``.

Neither holds data, so they have no history: whenever one of them or a comment changed, they
are recreated after the migrations, in the same transaction. A migration that changes a column
which a view shows, or retires a view, drops that view first.
"""

from __future__ import annotations

import hashlib
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse import bounds, function
from iracing_pipeline.warehouse.errors import MigrationError
from iracing_pipeline.warehouse.function import read_function
from iracing_pipeline.warehouse.view import View, read_view

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection


_SQL = Path(__file__).parent / "sql"


def _in_order(made: dict[str, str]) -> list[str]:
    """Names of views or functions, each after those that its SQL names."""
    names = {name: set(re.findall(r"grafana\.\w+", text)) - {name} for name, text in made.items()}
    order = TopologicalSorter(
        {name: sorted(others & made.keys()) for name, others in names.items()}
    )
    return list(order.static_order())


_VIEWS = {view.name: view for view in map(read_view, sorted(_SQL.glob("views/*.sql")))}
_FUNCTIONS = {each.name: each for each in map(read_function, sorted(_SQL.glob("functions/*.sql")))}
VIEWS = tuple(_VIEWS[n] for n in _in_order({n: view.query for n, view in _VIEWS.items()}))
FUNCTIONS = tuple(
    _FUNCTIONS[n] for n in _in_order({n: each.statement for n, each in _FUNCTIONS.items()})
)


def digest() -> str:
    """The views, comments and bounds of this version as one short text."""
    text = repr([(v.name, v.doc, v.query, _comments(v)) for v in VIEWS])
    text += repr([(t.name, t.doc, _comments(t)) for t in TABLES])
    text += repr([bounds.conditions(table) for table in TABLES])
    text += repr([(f.statement, f.doc) for f in FUNCTIONS])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def create(connection: Connection) -> None:
    """Make views and functions, and give tables and views their comments and bounds.

    A view whose columns changed is recreated, and all others with it, as they may build on it.

    Raises:
        MigrationError: If somebody else's view or function builds on one of them.
    """
    try:
        with connection.transaction():
            _create(connection)
    except psycopg.errors.InvalidTableDefinition:  # columns can only be added in place
        _drop(connection)
        _create(connection)
    relations: tuple[Table | View, ...] = (*TABLES, *VIEWS)
    for relation in relations:
        _comment(connection, relation)
    function.remake(connection, FUNCTIONS)
    bounds.apply(connection)


def _create(connection: Connection) -> None:
    for view in VIEWS:
        connection.execute(
            sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(
                sql.Identifier(*view.name.split(".")), sql.SQL(view.query)
            )
        )


def _drop(connection: Connection) -> None:
    for view in reversed(VIEWS):
        name = sql.Identifier(*view.name.split("."))
        try:
            connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(name))
        except psycopg.errors.DependentObjectsStillExist as error:
            raise MigrationError(
                f"{view.name} has new columns, but is used: {error.diag.message_detail}",
                "Drop what uses it, migrate again, and create it again",
            ) from error


def _comment(connection: Connection, relation: Table | View) -> None:
    kind = sql.SQL("VIEW" if isinstance(relation, View) else "TABLE")
    name = sql.Identifier(*relation.name.split("."))
    statements = [
        sql.SQL("COMMENT ON {} {} IS {}").format(kind, name, sql.Literal(relation.doc)),
        *(
            sql.SQL("COMMENT ON COLUMN {} IS {}").format(
                sql.Identifier(*relation.name.split("."), column), sql.Literal(text)
            )
            for column, text in _comments(relation)
        ),
    ]
    connection.execute(sql.SQL("; ").join(statements))


def _comments(relation: Table | View) -> list[tuple[str, str]]:
    columns = (
        [shown.column for shown in relation.columns]
        if isinstance(relation, View)
        else relation.columns
    )
    return [(column.name, column.comment) for column in columns]
