"""A view of schema ``grafana``, as a declaration: what dashboards may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        source: SQL after ``FROM``.
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


def in_words(expression: str, words: Mapping[str, str]) -> str:
    """SQL that shows what a key means; the key itself where it has no meaning here."""
    cases = " ".join(f"WHEN {_quoted(key)} THEN {_quoted(text)}" for key, text in words.items())
    return f"CASE {expression} {cases} ELSE {expression} END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def taken(alias: str, table: Table, *names: str) -> tuple[ViewColumn, ...]:
    """Columns of a table as they are; all of them when no name is given.

    A recording of a team event may name its driver by id alone: ``driver_name`` beside ``cust_id``
    is then the name of the member.

    Raises:
        KeyError: If the table has no such column.
    """
    by_name = {column.name: column for column in table.columns}

    def expression(name: str) -> str:
        if name == "driver_name" and "cust_id" in by_name:
            return _driver_name(alias)
        return f'{alias}."{name}"'

    return tuple(ViewColumn(expression(n), by_name[n]) for n in names or table.names)


def _driver_name(alias: str) -> str:
    """SQL for the name of a driver: as the recording has it, else as results last showed it."""
    return (
        f"coalesce({alias}.driver_name, (SELECT member.display_name FROM racing.member AS member"
        f" WHERE member.cust_id = {alias}.cust_id))"
    )


def of_simsession(columns: tuple[ViewColumn, ...]) -> tuple[ViewColumn, ...]:
    """Columns of a session beside a lap, with the type of the simsession that the lap is of."""
    return tuple(
        ViewColumn(f"coalesce(lap.{column.column.name}, {column.expression})", column.column)
        if column.column.name == "simsession_type"
        else column
        for column in columns
    )
