"""A view of schema ``grafana``, as a declaration: what dashboards may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.tables import Column, Table


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view: the expression it shows, and its declaration."""

    expression: str
    column: Column


@dataclass(frozen=True, slots=True)
class View:
    """A view of schema ``grafana``.

    Attributes:
        name: Schema and name.
        doc: What one row is.
        source: What follows ``FROM``.
        columns: Its columns in order.
    """

    name: str
    doc: str
    source: str
    columns: tuple[ViewColumn, ...]

    @property
    def query(self) -> str:
        """The statement behind the view."""
        shown = ",\n    ".join(f'{c.expression} AS "{c.column.name}"' for c in self.columns)
        return f"SELECT\n    {shown}\nFROM {self.source}"


def taken(alias: str, table: Table, *names: str) -> tuple[ViewColumn, ...]:
    """Columns of a table as they are; all of them when no name is given.

    Raises:
        KeyError: If the table has no such column.
    """
    by_name = {column.name: column for column in table.columns}
    return tuple(ViewColumn(f'{alias}."{n}"', by_name[n]) for n in names or table.names)
