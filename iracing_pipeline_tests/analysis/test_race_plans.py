"""Plans for a ladder of race lengths."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from iracing_pipeline.analysis.race_plans import LADDER, Planned, race_plans
from iracing_pipeline.tables.strategy import CAR_TRACK

KEY = ["car_id", "track_id", "race"]


def place(**values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "car_id": 7,
        "track_id": 1,
        "session_count": 3,
        "clean_lap_count": 60,
        "last_session_at": datetime(2026, 3, 1, tzinfo=UTC),
        "pace_lap_count": 60,
        "base_lap_s": 90.0,
        "median_lap_time_s": 91.5,
        "lap_spread_s": 0.3,
        "lap_spread_session_count": 3,
        "fuel_median_l": 2.45,
        "fuel_p65_l": 2.5,
        "fuel_p90_l": 2.6,
        "fuel_lap_count": 60,
        "fuel_effect_s_per_l": 0.03,
        "fuel_effect_low_s_per_l": 0.02,
        "fuel_effect_high_s_per_l": 0.04,
        "fuel_effect_lap_count": 40,
        "fuel_effect_session_count": 3,
        "degradation_s_per_lap": 0.05,
        "degradation_low_s_per_lap": 0.01,
        "degradation_high_s_per_lap": 0.09,
        "degradation_lap_count": 40,
        "degradation_session_count": 3,
        "tank_l": 60.0,
        "pit_loss_s": 25.0,
        "pit_stop_count": 4,
        "refuel_lps": 2.5,
        "refuel_count": 4,
        "tyre_change_s": 12.0,
        "tyre_change_count": 3,
        "caution_race_count": 0,
        "unknown": [],
    }
    return row | values


def planned(raced: tuple[int, ...] = (), **values: Any) -> Planned:
    return race_plans(CAR_TRACK.frame([place(**values)]), {(7, 1): raced})


def test_every_length_has_plans_whose_stints_add_up() -> None:
    made_plans = planned(raced=(28, 12, 28))

    assert made_plans.lengths.height == len(LADDER) + 2
    assert made_plans.lengths.filter("driven")["race"].to_list() == ["12 laps", "28 laps"]
    assert made_plans.plans.select(KEY).unique().height == made_plans.lengths.height
    for row in made_plans.plans.rows(named=True):
        assert sum(row["stint_laps"]) == row["laps"]
        assert len(row["stint_laps"]) == row["stops"] + 1
        assert max(row["stint_laps"]) * 2.5 + row["reserve_l"] <= 60.0 + 1e-9
        stops = made_plans.stops.filter(race=row["race"], stops=row["stops"])
        assert stops.height == row["stops"]
        assert stops["after_lap"].to_list() == list(
            pl.Series(row["stint_laps"][:-1], dtype=pl.Int32).cum_sum()
        )
        assert (stops["window_first_lap"] <= stops["after_lap"]).all()
        assert (stops["after_lap"] <= stops["window_last_lap"]).all()


def test_a_race_by_the_clock_ends_after_the_clock() -> None:
    made_plans = planned()
    fastest = made_plans.plans.filter(rank=1).join(made_plans.lengths, on=KEY)

    assert fastest.height == len(LADDER)
    # The last lap began before the clock was out, and ended after.
    assert (fastest["total_s"] > fastest["race_time_s"]).all()
    assert (fastest["total_s"] - fastest["race_time_s"] < 100.0).all()


def test_the_lap_more() -> None:
    # 91 s a lap to 20 minutes: laps that come out faster make one more.
    steady: dict[str, Any] = {"fuel_effect_s_per_l": 0.0, "degradation_s_per_lap": 0.0}
    close = planned(base_lap_s=92.4, lap_spread_s=0.3, **steady).lengths.row(0, named=True)
    clear = planned(base_lap_s=95.0, lap_spread_s=0.3, **steady).lengths.row(0, named=True)

    assert (close["laps"], close["laps_most"]) == (13, 14)
    assert close["fuel_l"] == pytest.approx(13 * 2.5)
    assert close["fuel_most_l"] == pytest.approx(14 * 2.5)
    assert close["fuel_safe_l"] == pytest.approx(14 * 2.6)
    assert (clear["laps"], clear["laps_most"]) == (13, 13)


def test_plans_carry_what_they_rest_on() -> None:
    row = planned().plans.row(0, named=True)

    assert row["simulated_races"] == 2000
    assert (row["pit_loss_s"], row["refuel_lps"], row["fuel_per_lap_l"]) == (25.0, 2.5, 2.5)
    assert (row["clean_lap_count"], row["degradation_lap_count"], row["pit_stop_count"]) == (
        60,
        40,
        4,
    )
    assert row["low_s"] < row["median_s"] < row["high_s"]


def test_odds_know_that_degradation_is_not_known_well() -> None:
    sure = planned(degradation_low_s_per_lap=0.049, degradation_high_s_per_lap=0.051).plans
    unsure = planned(degradation_low_s_per_lap=-0.4, degradation_high_s_per_lap=0.5).plans

    def favourite(plans: pl.DataFrame) -> float:
        return float(plans.filter(race="120 min")["best_share"].max())  # type: ignore[arg-type]  # numbers

    assert favourite(sure) == pytest.approx(1.0)
    assert favourite(unsure) < 0.9


def test_again_gives_the_same() -> None:
    first, second = planned(raced=(9,)), planned(raced=(9,))

    assert first.plans.equals(second.plans)
    assert first.stops.equals(second.stops)


def test_without_a_pit_loss_plans_have_no_times_but_windows() -> None:
    made_plans = planned(pit_loss_s=None, pit_stop_count=0, unknown=["pit loss"])
    stopping = made_plans.plans.filter(pl.col("stops") > 0)

    assert stopping["total_s"].null_count() == stopping.height > 0
    assert made_plans.plans["rank"].null_count() == made_plans.plans.height
    assert made_plans.plans.filter(stops=0)["total_s"].null_count() == 0
    assert made_plans.stops["window_first_lap"].null_count() == 0
    assert made_plans.stops["standing_s"].null_count() == made_plans.stops.height


def test_without_degradation_there_are_no_odds() -> None:
    made_plans = planned(degradation_s_per_lap=None, fuel_effect_s_per_l=None)

    assert made_plans.plans["best_share"].null_count() == made_plans.plans.height
    assert made_plans.plans["rank"].null_count() == 0


@pytest.mark.parametrize("missing", ["base_lap_s", "fuel_p65_l", "tank_l"])
def test_without_pace_fuel_or_tank_there_are_no_plans(missing: str) -> None:
    values: dict[str, Any] = {missing: None}
    made_plans = planned(**values)

    assert made_plans.lengths.is_empty()
    assert made_plans.plans.is_empty()
    assert made_plans.savings.is_empty()


def test_a_tank_that_lasts_for_no_lap_is_no_error() -> None:
    assert planned(tank_l=2.0).lengths.is_empty()


def test_the_saving_ladder_goes_a_lap_at_a_time() -> None:
    ladder = planned().savings

    assert ladder["laps"].to_list() == list(range(24, 24 + ladder.height))
    assert (ladder["fuel_per_lap_l"] * ladder["laps"]).to_list() == pytest.approx(
        [60.0] * ladder.height
    )
    assert ladder["saving"].is_sorted()
