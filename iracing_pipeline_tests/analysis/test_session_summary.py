"""Figures of a session, and the trend of consistency."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import fuel, sectors
from iracing_pipeline.analysis.session_summary import (
    WHOLE_LAP,
    consistency_trends,
    corner_consistency,
    session_summary,
)
from iracing_pipeline.demo.plan import Contact
from iracing_pipeline_tests.analysis.simulated import Analysed, practice
from iracing_pipeline_tests.recordings import START


def summary(of: Analysed, laps: pl.DataFrame | None = None) -> dict[str, object]:
    laps = of.laps if laps is None else laps
    parts = sectors.lap_sectors(of.unrolled, [0.0, 0.4])
    return session_summary("s", laps, parts, fuel.fuel_laps(laps)).row(0, named=True)


def test_a_session_in_a_row() -> None:
    result = summary(practice("formula", laps=8, seed=11))

    assert result["clean_lap_count"] == result["fuel_lap_count"] == 7
    assert result["spread_low_s"] < result["spread_s"] < result["spread_high_s"]  # type: ignore[operator]
    assert result["theoretical_best_s"] <= result["median_lap_time_s"]  # type: ignore[operator]
    assert result["fuel_median_l"] <= result["fuel_p65_l"] <= result["fuel_p90_l"]  # type: ignore[operator]


def test_one_incident_does_not_move_it() -> None:
    calm = summary(practice("formula", laps=8, seed=11))
    hit = summary(practice("formula", laps=8, seed=11, mishaps=(Contact(4, 2),)))

    assert hit["clean_lap_count"] == calm["clean_lap_count"] - 1  # type: ignore[operator]
    assert hit["spread_s"] == pytest.approx(calm["spread_s"], abs=0.2)
    assert hit["median_lap_time_s"] == pytest.approx(calm["median_lap_time_s"], abs=0.2)


def test_without_a_clean_lap_there_is_a_row_of_nothing() -> None:
    of = practice("formula")
    dirty = of.laps.with_columns(clean=pl.lit(value=False))
    result = summary(of, dirty)

    assert result["clean_lap_count"] == result["fuel_lap_count"] == 0
    assert [value for name, value in result.items() if name.endswith(("_s", "_l"))] == [None] * 8
    assert corner_consistency(of.corners, dirty).is_empty()


def test_corners_of_few_laps_have_no_spread() -> None:
    of = practice("formula")
    result = corner_consistency(of.corners, of.laps)

    assert result["corner"].to_list() == [1, 2, 3, 4, 5, 6, 7]
    assert result["spread_s"].null_count() == 7
    assert (result["best_s"] <= result["median_s"]).all()


def spreads(values: list[float | None], corner: int = WHOLE_LAP) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "car_id": 1,
            "track_id": 2,
            "cust_id": 3,
            "start_time": [START + timedelta(days=n) for n in range(len(values))],
            "corner": corner,
            "spread_s": values,
        },
        schema_overrides={
            "car_id": pl.Int32,
            "track_id": pl.Int32,
            "cust_id": pl.Int64,
            "corner": pl.Int16,
            "spread_s": pl.Float64,
        },
    )


def test_a_driver_who_gets_more_even() -> None:
    falling = list(np.linspace(0.9, 0.4, 8))
    wild = [*falling[:4], 9.0, *falling[5:]]
    both = pl.concat([spreads(wild), spreads(falling[:3], corner=5)])
    whole, corner = consistency_trends(both).rows(named=True)

    assert whole["session_count"] == 8
    assert whole["trend_s_per_session"] == pytest.approx((0.4 - 0.9) / 7, abs=0.02)
    assert whole["trend_high_s_per_session"] < 0
    assert (corner["corner"], corner["session_count"]) == (5, 3)
    assert corner["trend_s_per_session"] is None


def test_one_session_is_no_trend_and_none_is_nothing() -> None:
    one = consistency_trends(spreads([0.4, None])).row(0, named=True)

    assert (one["session_count"], one["spread_s"], one["trend_s_per_session"]) == (1, 0.4, None)
    assert consistency_trends(spreads([None, None])).is_empty()
