"""Name of one figure: a column of a table, and the key of a row.

``telemetry_lap.lap_time_s session_key=20260307T192418Z-aaa037757148 stint=1 lap_number=2``. Answers
carry it with each figure that a table holds.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iracing_pipeline.tables import Column, Table
    from iracing_pipeline.warehouse.view import View

EXAMPLE = "telemetry_lap.lap_time_s session_key=KEY stint=1 lap_number=2"
_SCHEMAS = ("racing", "grafana")
_TABLES = {table.name: table for table in TABLES}
_VIEWS = {view.name: view for view in VIEWS}
_PLAIN = re.compile(r'(\w+)\."?(\w+)"?\Z')
_LONGEST = 200
_SECRET = "ops.oauth_token"  # noqa: S105 - the name of a table


class WhyError(PipelineError):
    """A figure that cannot be explained: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One figure.

    Attributes:
        table: Its table.
        column: Its column.
        key: Value of each column of the table's key.
    """

    table: Table
    column: Column
    key: Mapping[str, object]

    def __str__(self) -> str:
        return reference_id(self.table, self.column.name, self.key)


def reference_id(table: Table, column: str, key: Mapping[str, object]) -> str:
    """The id of a figure, as the shell takes it."""
    words = [f"{name}={_written(key[name])}" for name in table.key]
    return " ".join((f"{table.name.removeprefix('racing.')}.{column}", *map(shlex.quote, words)))


def parse(words: Sequence[str]) -> Reference:
    """The figure that an id names.

    Args:
        words: ``TABLE.COLUMN`` and ``KEY=VALUE`` each, or the whole id as one.

    Raises:
        WhyError: There is no such column, or the key does not fit the table.
    """
    try:
        parts = shlex.split(words[0]) if len(words) == 1 else list(words)
    except ValueError as error:
        raise WhyError("The id cannot be read", f"Write it like {EXAMPLE}") from error
    if not parts or len(max(parts, key=len)) > _LONGEST:
        raise WhyError("The id cannot be read", f"Write it like {EXAMPLE}")
    table, column = _column(parts[0])
    given = dict(_pair(part) for part in parts[1:])
    if given.keys() != set(table.key):
        raise WhyError(
            f"{table.name} is keyed by {', '.join(table.key)}, and not by"
            f" {', '.join(given) or 'nothing'}",
            f"Write {table.name}.{column.name} {' '.join(f'{name}=...' for name in table.key)}",
        )
    types = {each.name: each for each in table.columns}
    key = {name: _value(types[name], text) for name, text in given.items()}
    return Reference(table, column, key)


def origin(view: View, column: str) -> tuple[Table, Column] | None:
    """The column of a table that a view shows as it is; None for an expression."""
    shown = next((each for each in view.columns if each.column.name == column), None)
    match = _PLAIN.match(shown.expression) if shown else None
    if match is None:
        return None
    named = re.search(rf"(?<![\w.])((?:racing|ops|raw)\.\w+) AS {match[1]}\b", view.source)
    table = _TABLES.get(named[1]) if named else None
    return None if table is None else _of(table, match[2])


def _column(text: str) -> tuple[Table, Column]:
    name, _, column = text.rpartition(".")
    for full in (name, *(f"{schema}.{name}" for schema in _SCHEMAS)):
        if full in _VIEWS and (table := origin(_VIEWS[full], column)):
            return table
        if full in _TABLES and full != _SECRET and (table := _of(_TABLES[full], column)):
            return table
    if any(full in _VIEWS for full in (name, f"grafana.{name}")):
        raise WhyError(
            f"{text} is computed by its view, or is no column of it",
            "Name a column of a table; docs/ask.md says which",
        )
    raise WhyError(f"There is no column {text}", f"Write it like {EXAMPLE}")


def _of(table: Table, column: str) -> tuple[Table, Column] | None:
    return next(((table, each) for each in table.columns if each.name == column), None)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WhyError(f"{text} is no KEY=VALUE", f"Write it like {EXAMPLE}")
    return name, value


def _value(column: Column, text: str) -> object:
    if "\0" in text:
        raise WhyError(f"{column.name} holds a character that no key has", f"Write {EXAMPLE}")
    try:
        if column.dtype.is_integer():
            return _bounded(int(text))
        if column.dtype.is_float():
            return float(text)
        if isinstance(column.dtype, pl.Datetime):
            return _moment(text)
    except ValueError as error:
        raise WhyError(f"{column.name} cannot be {text}", f"It is: {column.doc}") from error
    return text


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _bounded(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise ValueError(number)
    return number


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
