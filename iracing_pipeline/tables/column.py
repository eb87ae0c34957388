"""A column and a table, as one declaration for frames, database and dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polars._typing import PolarsDataType


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type in a frame, its unit and what it means.

    Attributes:
        name: Name in frames and in PostgreSQL; it ends in its unit where it has one (``_s``).
        dtype: Type in a polars frame.
        doc: What it says and where it comes from; becomes the comment in the database.
        unit: Unit symbol (SI where one exists), or None for counts, names and flags.
        required: Whether a row without it is wrong (``NOT NULL``).
        json: Whether the text holds a JSON document (``jsonb`` in PostgreSQL).
    """

    name: str
    dtype: PolarsDataType
    doc: str
    unit: str | None = None
    required: bool = False
    json: bool = False

    @property
    def comment(self) -> str:
        """The column's comment in the database: its meaning, then its unit."""
        return f"{self.doc} [{self.unit}]" if self.unit else self.doc


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its full name, its key and its columns in order.

    Attributes:
        name: Schema and table, such as ``racing.telemetry_lap``.
        doc: What one row is.
        key: The columns that identify a row.
        columns: All columns, the key first.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        """The polars schema of a frame that holds rows of this table."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    def frame(self, rows: Iterable[dict[str, object]] = ()) -> pl.DataFrame:
        """Rows as a frame of exactly this schema; a column that a row lacks is null.

        Raises:
            polars.exceptions.PolarsError: If a value does not fit its column.
        """
        known = set(self.names)
        listed = list(rows)
        for row in listed:
            if unknown := row.keys() - known:
                raise KeyError(f"{self.name} has no column {', '.join(sorted(unknown))}")
        return pl.DataFrame(listed, schema=self.schema, orient="row", strict=True)
