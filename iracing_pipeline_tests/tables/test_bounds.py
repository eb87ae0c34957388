"""Bounds of columns: declared for every figure, and held in frames."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from iracing_pipeline.tables import Column, Table
from iracing_pipeline.tables.bounds import FUEL, LAP_TIME, TIME, Bounds
from iracing_pipeline.tables.catalog import TABLES

if TYPE_CHECKING:
    from iracing_pipeline.tables.column import OutOfBounds

TABLE = Table(
    "racing.example",
    "An example.",
    ("lap_number",),
    (
        Column("lap_number", pl.Int32, "Key", required=True, bounds=Bounds(0, 100)),
        Column("lap_time_s", pl.Float64, "May be null", "s", bounds=LAP_TIME),
        Column("driven_at", pl.Datetime("us", "UTC"), "A time", bounds=TIME),
        Column("fuel_l", pl.List(pl.Float64), "An array", "l"),
        Column("effect_s", pl.Float64, "An estimate", "s", bounds=Bounds(-10, 10)),
        Column("effect_low_s", pl.Float64, "Lower end", "s", bounds=Bounds(-10, 10)),
        Column("effect_high_s", pl.Float64, "Upper end", "s", bounds=Bounds(-10, 10)),
    ),
)


def bounded(**row: object) -> tuple[list[dict[str, object]], list[OutOfBounds]]:
    frame, left_out = TABLE.bounded(TABLE.frame([{"lap_number": 1, **row}]))
    return frame.to_dicts(), left_out


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_float_has_finite_bounds(table: Table) -> None:
    for column in table.columns:
        if column.inner.is_float():
            assert isinstance(column.bounds, Bounds)
            assert math.isfinite(column.bounds.lower)
            assert math.isfinite(column.bounds.upper)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_time_of_racing_is_bounded(table: Table) -> None:
    if table.name.startswith("racing."):
        times = [column for column in table.columns if isinstance(column.inner, pl.Datetime)]
        assert [column.name for column in times if column.bounds is None] == []


@pytest.mark.parametrize("year", [1, 1899, 2201, 9999])
def test_a_time_that_no_race_has_becomes_null(year: int) -> None:
    rows, left_out = bounded(driven_at=datetime(year, 6, 1, tzinfo=UTC))

    assert rows[0]["driven_at"] is None
    assert [str(each) for each in left_out] == [
        "example.driven_at: 1 value left out, not within 1900-01-01 to 2200-01-01"
    ]


@pytest.mark.parametrize("value", [0.0, -1.0, 86_400.1, 1e304, math.inf, -math.inf])
def test_a_value_out_of_bounds_becomes_null_and_is_told(value: float) -> None:
    rows, left_out = bounded(lap_time_s=value)

    assert rows[0]["lap_time_s"] is None
    assert [str(each) for each in left_out] == [
        "example.lap_time_s: 1 value left out, not within above 0, up to 86400 s"
    ]


@pytest.mark.parametrize("value", [1e-3, 92.5, 86_400.0, None])
def test_a_value_within_stays(value: float | None) -> None:
    rows, left_out = bounded(lap_time_s=value)

    assert rows[0]["lap_time_s"] == value
    assert left_out == []


def test_an_element_of_an_array_becomes_null_alone() -> None:
    rows, left_out = bounded(fuel_l=[1.0, math.inf, -5.0, 1_000.0])

    assert rows[0]["fuel_l"] == [1.0, None, None, 1_000.0]
    assert len(left_out) == 1


def test_a_row_whose_key_is_out_of_bounds_is_left_out() -> None:
    rows, left_out = bounded(lap_number=101)

    assert rows == []
    assert left_out[0].rows


def test_an_estimate_goes_with_its_interval() -> None:
    rows, _ = bounded(effect_s=1.0, effect_low_s=-1e9, effect_high_s=2.0)

    assert [rows[0][name] for name in ("effect_s", "effect_low_s", "effect_high_s")] == [None] * 3


def test_a_missing_value_is_no_violation() -> None:
    _, left_out = bounded(lap_time_s=math.nan, fuel_l=[math.nan, None, float(FUEL.upper)])

    assert left_out == []
