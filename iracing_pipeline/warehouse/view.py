"""A view of schema ``grafana``, read from its ``.sql`` file: what dashboards may read.

The file is plain SQL that ``psql`` runs. Its comments become the comments in the database: the one
above the statement describes a row, the one above a column that column. A column of a table, under
its own name, takes the table's comment. ``-- racing.lap_corner.time_s`` takes the comment of that
column, ``-- racing.lap_corner.*`` names the table behind an alias.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.catalog import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TABLES = {table.name: table for table in TABLES}
_COLUMNS = {f"{table.name}.{column.name}": column for table in TABLES for column in table.columns}
_TYPES = {
    "text": pl.String(),
    "jsonb": pl.String(),
    "boolean": pl.Boolean(),
    "smallint": pl.Int16(),
    "integer": pl.Int32(),
    "bigint": pl.Int64(),
    "real": pl.Float32(),
    "double precision": pl.Float64(),
    "date": pl.Date(),
    "timestamptz": pl.Datetime("us", "UTC"),
}
_VIEW = re.compile(r"\ACREATE OR REPLACE VIEW (\S+) AS\nSELECT\n(.*?)\nFROM (.*);\s*\Z", re.DOTALL)
_PARTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*\n|[][(),]|[^][(),'-]+|-")
_DECLARED = re.compile(rf"({'|'.join(_TYPES)})(\[\])?: (.*?)(?: \[([^\]]+)\])?")
_PLAIN = re.compile(r"(\w+)\.(\w+)")


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


def read_view(path: Path) -> View:
    """The view that a file makes.

    Raises:
        ValueError: If the file is not as described above.
    """
    doc, statement = documented(path)
    match = _VIEW.match(statement)
    if match is None or match[1] != f"grafana.{path.stem}":
        raise ValueError(f"{path.name} makes no view grafana.{path.stem}")
    name, columns, source = match.groups()
    tables = {alias: table for table, alias in re.findall(r"\b(\w+\.\w+) AS (\w+)", source)}
    try:
        return View(name, doc, source, tuple(_columns(columns, tables)))
    except KeyError as error:
        raise ValueError(f"{path.name}: no column {error}") from error


def documented(path: Path) -> tuple[str, str]:
    """The comment at the top of an ``.sql`` file, and its statement.

    A comment that begins with a table, ``-- racing.stint: With its pit stop.``, begins with what a
    row of the table is.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    count = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    doc = _joined(lines[:count])
    table, _, more = doc.partition(": ")
    if table in _TABLES:
        doc = f"{_TABLES[table].doc} {more}".rstrip()
    return doc, "".join(lines[count:])


def _columns(text: str, tables: dict[str, str]) -> Iterator[ViewColumn]:
    """The columns of the list between ``SELECT`` and ``FROM``."""
    for comment, item in _items(text):
        expression, _, name = item.rpartition(" AS ")
        plain = _PLAIN.fullmatch(item)
        if plain:
            expression, name = item, plain[2]
            if comment.endswith(".*"):
                tables[plain[1]] = comment.removesuffix(".*")
            if not comment or comment.endswith(".*"):
                yield ViewColumn(item, _COLUMNS[f"{tables[plain[1]]}.{name}"])
                continue
        yield ViewColumn(expression, _declared(name, comment))


def _declared(name: str, comment: str) -> Column:
    match = _DECLARED.fullmatch(comment)
    if match is None:
        column = _COLUMNS[comment]
        return column if column.name == name else replace(column, name=name)
    kind, array, doc, unit = match.groups()
    dtype = pl.List(_TYPES[kind]) if array else _TYPES[kind]
    return Column(name, dtype, doc, unit, json=kind == "jsonb")


def _items(text: str) -> Iterator[tuple[str, str]]:
    """The comment above each item of a list, and the item."""
    comments, item, depth = [], "", 0
    for part in _PARTS.findall(f"{text},"):
        depth += (part in "([") - (part in ")]")
        if part.startswith("--"):
            comments.append(part)
        elif part == "," and depth == 0:
            yield _joined(comments), item.strip()
            comments, item = [], ""
        else:
            item += part


def _joined(comments: list[str]) -> str:
    return " ".join(line.removeprefix("--").strip() for line in comments)


def in_words(expression: str, words: Mapping[str, str]) -> str:
    """SQL that shows what a key means; the key itself where it has no meaning here."""
    cases = " ".join(f"WHEN {_quoted(key)} THEN {_quoted(text)}" for key, text in words.items())
    return f"CASE {expression} {cases} ELSE {expression} END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
