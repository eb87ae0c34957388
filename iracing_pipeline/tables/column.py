"""A column and a table, as one declaration for frames, database and dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.tables.bounds import Bounds, TimeBounds, default_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from polars._typing import PolarsDataType


_ENDINGS = ("_s_per_lap", "_s_per_l", "_s_per_session", "_s")
"""Of an estimate with an interval: ``effect_s`` has ``effect_low_s`` and ``effect_high_s``."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type in a frame, its unit and what it means.

    Attributes:
        name: Name in frames and in PostgreSQL; it ends in its unit where it has one (``_s``).
        dtype: Type in a polars frame.
        doc: Meaning and source; becomes the comment in the database.
        unit: Unit symbol (SI where one exists), or None for counts, names and flags.
        required: Whether a row without it is wrong (``NOT NULL``).
        json: Whether the text holds a JSON document (``jsonb`` in PostgreSQL).
        bounds: The values that it can have, of an array each element; those of its unit where none
            are given. None for text, flags and identifiers, and for times of the pipeline's own.
    """

    name: str
    dtype: PolarsDataType
    doc: str
    unit: str | None = None
    required: bool = False
    json: bool = False
    bounds: Bounds | TimeBounds | None = None

    def __post_init__(self) -> None:
        """Take the bounds of the unit where none are given."""
        if self.bounds is None:
            usual = default_bounds(self.inner, self.name, self.unit)
            object.__setattr__(self, "bounds", usual)

    @property
    def inner(self) -> pl.DataType:
        """Its type, or that of the elements of its arrays."""
        inner = self.dtype.inner if isinstance(self.dtype, pl.List) else self.dtype
        return inner if isinstance(inner, pl.DataType) else inner()

    @property
    def array(self) -> bool:
        """Whether it holds arrays."""
        return isinstance(self.dtype, pl.List)

    @property
    def comment(self) -> str:
        """The column's comment in the database: its meaning, then its unit."""
        return f"{self.doc} [{self.unit}]" if self.unit else self.doc


@dataclass(frozen=True, slots=True)
class OutOfBounds:
    """Values of one column that were outside its bounds, and so left out.

    Attributes:
        table: Name of the table.
        column: The column.
        count: Rows that had such a value.
        rows: Whether the rows were left out, as they mean nothing without it.
    """

    table: str
    column: Column
    count: int
    rows: bool

    def __str__(self) -> str:
        unit = f" {self.column.unit}" if self.column.unit else ""
        what = "row" if self.rows else "value"
        return (
            f"{self.table.partition('.')[2]}.{self.column.name}: {self.count} {what}"
            f"{'s' if self.count > 1 else ''} left out, not within {self.column.bounds}{unit}"
        )


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
        declared = set(self.names)
        listed = list(rows)
        for row in listed:
            if unknown := row.keys() - declared:
                raise KeyError(f"{self.name} has no column {', '.join(sorted(unknown))}")
        return pl.DataFrame(listed, schema=self.schema, orient="row", strict=True)

    def bounded(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[OutOfBounds]]:
        """A frame without the values that are outside the bounds of their columns.

        Such a value becomes null, and an element of an array a null element. Where the column is
        required or of the key, the row is left out.

        Args:
            frame: Rows of this table.

        Returns:
            The frame, and what was left out of it; nothing of a frame that is as it should be.
        """
        outside_by_name = self._outside(frame)
        suspect = [column for column in self.columns if column.name in outside_by_name]
        if not suspect:
            return frame, []
        limited = [(column, bounds) for column in suspect if (bounds := column.bounds)]
        counts = frame.select(
            (~_within(column, bounds)).sum().alias(column.name) for column, bounds in limited
        ).row(0)
        outside = [(*each, count) for each, count in zip(limited, counts, strict=True) if count]
        left_out: list[OutOfBounds] = []
        for column, bounds, count in outside:
            needed = column.required or column.name in self.key
            left_out.append(OutOfBounds(self.name, column, count, needed))
            if needed:
                frame = frame.filter(_within(column, bounds))
        return frame.with_columns(self._only_within([column for column, *_ in outside])), left_out

    def _outside(self, frame: pl.DataFrame) -> set[str]:
        """The columns of a frame with a value outside their bounds, by their extremes alone."""
        limited = {column.name: bounds for column in self.columns if (bounds := column.bounds)}
        plain = [column.name for column in self.columns if column.bounds and not column.array]
        arrays = [column.name for column in self.columns if column.bounds and column.array]
        if not limited or frame.is_empty():
            return set()
        low = frame.select(pl.col(plain).min(), pl.col(arrays).list.min().min()).row(0, named=True)
        high = frame.select(pl.col(plain).max(), pl.col(arrays).list.max().max()).row(0, named=True)
        return {
            name
            for name, bounds in limited.items()
            if low[name] is not None and not (bounds.holds(low[name]) and bounds.holds(high[name]))
        }

    def _only_within(self, outside: Iterable[Column]) -> Iterator[pl.Expr]:
        """Null the values outside the bounds in columns that are not required."""
        by_name = {column.name: column for column in self.columns}
        wanted = {column.name for column in outside}
        for column in self.columns:
            # An estimate without an end of its interval is none: they go together.
            group = [by_name[name] for name in _estimate(column.name) if name in by_name]
            if column.required or not wanted.intersection(each.name for each in group):
                continue
            values = pl.col(column.name)
            if column.array and column.bounds:
                element = pl.element()
                inside = pl.when(_contain(column, column.bounds, element)).then(element)
                yield values.list.eval(inside)
            else:
                whole = [_within(each, each.bounds) for each in group if each.bounds]
                yield pl.when(pl.all_horizontal(whole)).then(values).alias(column.name)


def _within(column: Column, bounds: Bounds | TimeBounds) -> pl.Expr:
    values = pl.col(column.name)
    if not column.array:
        return _contain(column, bounds, values)
    # The extremes of an array are cheap; NaN is neither.
    return _contain(column, bounds, values.list.min()) & _contain(column, bounds, values.list.max())


def _estimate(name: str) -> tuple[str, str, str]:
    """The names of an estimate and of both ends of its interval, of whichever of the three."""
    bare = name.replace("_low", "").replace("_high", "")
    for unit in _ENDINGS:
        if bare.endswith(unit):
            stem = bare.removesuffix(unit)
            return bare, f"{stem}_low{unit}", f"{stem}_high{unit}"
    return bare, f"{bare}_low", f"{bare}_high"


def _contain(column: Column, bounds: Bounds | TimeBounds, values: pl.Expr) -> pl.Expr:
    # NaN is of floats alone; a whole number is compared as one, exactly.
    return bounds.contain(values, floats=column.inner.is_float())
