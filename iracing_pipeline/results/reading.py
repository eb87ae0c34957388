"""Reads a list of JSON objects into the frame of a table, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

from iracing_pipeline.results.issues import Issues, Problem
from iracing_pipeline.tables.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.results.kinds import Kind
    from iracing_pipeline.tables import Column, Table


@dataclass(frozen=True, slots=True)
class Field:
    """Source of a column.

    Attributes:
        column: Column of the table.
        path: Name of the field, dotted into nested objects.
        kind: How its values are read.
        optional: Whether payloads are known that lack it, so that lacking it is no surprise.
    """

    column: str
    path: str
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """Fields of one kind of JSON object, and the table that it fills.

    Attributes:
        where: Name of the object in messages.
        table: The table.
        fields: The fields that are read.
        ignored: Names of fields that are known and not read, parted by spaces.
        derived: Columns computed from those of ``fields``, of which some may exist for this only.
    """

    where: str
    table: Table
    fields: tuple[Field, ...]
    ignored: str = ""
    derived: tuple[tuple[str, pl.Expr], ...] = ()

    @property
    def known(self) -> frozenset[str]:
        """The names of all fields that are no surprise."""
        read = {field.path.partition(".")[0] for field in self.fields}
        return frozenset(read.union(self.ignored.split()))


class Rows:
    """JSON objects of one shape, gathered from any number of payloads.

    Values that an object does not carry itself (the subsession of a lap) are given beside it.
    """

    def __init__(self, shape: Shape, issues: Issues) -> None:
        self._shape = shape
        self._issues = issues
        self._items: list[dict[str, Any]] = []
        self._given: list[dict[str, object]] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, items: object, given: dict[str, object]) -> None:
        """Add the objects of a JSON list, or a single one; anything else is noted."""
        if isinstance(items, dict):
            items = [items]
        if not isinstance(items, list):
            if items is not None:
                self._changed("a list of objects", items)
            return
        objects = [item for item in items if type(item) is dict]
        if len(objects) < len(items):
            odd = next(item for item in items if type(item) is not dict)
            self._changed("an object", odd, len(items) - len(objects))
        self._items += objects
        self._given += [given] * len(objects)

    def frame(self, *, keep: str = "first") -> pl.DataFrame:
        """The gathered objects as a frame of the table, each key once.

        Args:
            keep: Which of several rows with one key stays, ``first`` or ``last``.
        """
        shape, table = self._shape, self._shape.table
        if not self._items:
            return table.frame()
        self._note_fields()
        given = sorted(self._given[0])
        columns = {
            name: pl.Series(name, [row[name] for row in self._given], strict=False)
            for name in given
        }
        finish = [pl.col(name) for name in given]
        for field in shape.fields:
            columns[field.column] = self._column(field)
            finish.append(field.kind.finish(pl.col(field.column)).alias(field.column))
        frame = pl.DataFrame(columns).select(finish)
        frame = frame.with_columns(rule.alias(name) for name, rule in shape.derived)
        absent = [name for name in table.names if name not in frame.columns]
        frame = frame.with_columns(pl.lit(None).alias(name) for name in absent)
        frame, left_out = table.bounded(self._fitted(frame))
        for each in left_out:
            detail = f"not within {each.column.bounds}"
            self._issues.add(
                shape.where, each.column.name, Problem.OUT_OF_BOUNDS, detail, count=each.count
            )
        return self._keyed(frame, keep)

    def _column(self, field: Field) -> pl.Series:
        values = _values(self._items, field.path)
        kind = field.kind
        if not set(map(type, values)) <= kind.types:
            values = [self._repaired(field, value) for value in values]
        if kind.limits is not None:
            values = self._believed(field, values, *kind.limits)
        series = pl.Series(field.column, values, dtype=kind.raw, strict=False)
        if lost := series.null_count() - values.count(None):  # beyond 64 bits
            self._issues.add(self._shape.where, field.path, Problem.RANGE, count=lost)
        return series

    def _believed(self, field: Field, values: list[Any], low: float, high: float) -> list[Any]:
        """The values within limits; the others are None and noted."""
        odd = sum(value is not None and not low <= value <= high for value in values)  # NaN too
        if not odd:
            return values
        self._issues.add(self._shape.where, field.path, Problem.RANGE, count=odd)
        return [value if value is not None and low <= value <= high else None for value in values]

    def _fitted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The table's columns in their types; a value too large for its column is NULL, noted."""
        schema = self._shape.table.schema
        fitted = frame.select(_fitting(name, dtype) for name, dtype in schema.items())
        before, after = frame.null_count(), fitted.null_count()
        for name in schema:
            if lost := after.item(0, name) - before.item(0, name):
                self._issues.add(self._shape.where, name, Problem.RANGE, count=lost)
        return fitted

    def _repaired(self, field: Field, value: object) -> object:
        if type(value) in field.kind.types:
            return value
        try:
            return field.kind.repair(value)
        except (ValueError, TypeError, OverflowError):
            detail = f"{field.kind.name} expected, {type(value).__name__} found"
            self._issues.add(self._shape.where, field.path, Problem.CHANGED, detail)
            return None

    def _note_fields(self) -> None:
        seen = set(chain.from_iterable(self._items))
        for name in sorted(seen - self._shape.known):
            self._issues.add(self._shape.where, name, Problem.UNKNOWN)
        for field in self._shape.fields:
            if field.path.partition(".")[0] not in seen and not field.optional:
                self._issues.add(
                    self._shape.where, field.path, Problem.MISSING, count=len(self._items)
                )

    def _keyed(self, frame: pl.DataFrame, keep: str) -> pl.DataFrame:
        key = list(self._shape.table.key)
        for name in key:
            if nulls := frame[name].null_count():
                self._issues.add(self._shape.where, name, Problem.UNUSABLE, count=nulls)
        whole = frame.drop_nulls(key)
        once = whole.unique(key, keep="last" if keep == "last" else "first", maintain_order=True)
        if repeated := whole.height - once.height:
            self._issues.add(self._shape.where, ", ".join(key), Problem.REPEATED, count=repeated)
        return once

    def _changed(self, expected: str, value: object, count: int = 1) -> None:
        detail = f"{expected} expected, {type(value).__name__} found"
        self._issues.add(self._shape.where, "[]", Problem.CHANGED, detail, count=count)


def _fitting(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name).cast(dtype, strict=False)
    return pl.when(column.is_finite()).then(column) if dtype.is_float() else column


def _values(items: Sequence[dict[str, Any]], path: str) -> list[Any]:
    head, _, rest = path.partition(".")
    values = [item.get(head) for item in items]
    for name in rest.split(".") if rest else ():
        values = [value.get(name) if isinstance(value, dict) else None for value in values]
    return values


def objects(payload: object, name: str) -> list[Any]:
    """The list under ``name`` of a JSON object; empty when it is not there or not a list."""
    held = payload.get(name) if isinstance(payload, dict) else None
    return held if isinstance(held, list) else []


def value_at(payload: object, path: str) -> Any:
    """The value at a dotted path; None if there is none."""
    for name in path.split("."):
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def fitting(
    table: Table, rows: Iterable[dict[str, object]], issues: Issues, where: str
) -> list[dict[str, object]]:
    """Rows without numbers that their columns cannot hold, such as ``ClassPosition`` 10**18.

    A row whose key is one is left out.
    """
    limits = {column.name: _limits(column) for column in table.columns if column.inner.is_numeric()}
    kept = []
    for row in rows:
        bad = [
            name
            for name, value in row.items()
            if name in limits and isinstance(value, int | float) and not limits[name].holds(value)
        ]
        for name in bad:
            issues.add(where, name, Problem.OUT_OF_BOUNDS)
        if not set(bad).intersection(table.key):
            kept.append(row | dict.fromkeys(bad))
    return kept


def _limits(column: Column) -> Bounds:
    """The bounds of a column, or those of its type."""
    bits = 15 if column.inner == pl.Int16 else 31 if column.inner == pl.Int32 else 63
    bounds = column.bounds
    return bounds if isinstance(bounds, Bounds) else Bounds(-(2**bits), 2**bits - 1)


def stacked(table: Table, frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Frames of one table as one; empty when there are none."""
    return pl.concat([table.frame(), *frames])
