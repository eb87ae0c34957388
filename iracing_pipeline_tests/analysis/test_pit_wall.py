"""Decisions of a race, where the answer is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.fuel_to_flag import FuelPrior, fuel_prior, per_lap, to_flag
from iracing_pipeline.analysis.pit_wall import (
    Advice,
    Moment,
    Penalty,
    Why,
    Window,
    advice,
    fuel,
    laps_to_flag,
    penalty,
    pit,
)
from iracing_pipeline.analysis.race_replay import Distance, Field, Passing, finish, replay

PRIOR = FuelPrior(per_lap_l=2.0, between_l=0.03, lap_spread_l=0.02, sessions=6, laps=90)
USE = per_lap(PRIOR, [2.0] * 8)
LAPS_20 = np.full(50, 20.0)


def moment(**known: float | bool) -> Moment:
    return Moment(**{"fuel_l": 30.0, "tank_l": 40.0, "share": 0.0, "lap_s": 90.0, **known})  # type: ignore[arg-type]


def test_the_prior_tells_sessions_from_laps() -> None:
    rng = np.random.default_rng(3)
    rows = [
        {"session_key": str(key), "condition": "clean", "fuel_used_l": 2.0 + shift + noise}
        for key, shift in enumerate(rng.normal(0, 0.05, 40))
        for noise in rng.normal(0, 0.02, 12)
    ]
    prior = fuel_prior(pl.DataFrame(rows))

    assert prior is not None
    assert prior.per_lap_l == pytest.approx(2.0, abs=0.03)
    assert prior.between_l == pytest.approx(0.05, rel=0.35)
    assert prior.lap_spread_l == pytest.approx(0.02, rel=0.1)
    assert fuel_prior(pl.DataFrame(rows[:24])) is None, "two sessions do not show it"


def test_fuel_use_is_unknown_without_a_prior_before_three_laps() -> None:
    assert per_lap(None, [2.0, 2.1]) is None
    assert per_lap(None, [2.0, 2.1, 2.2]) is not None
    assert per_lap(PRIOR, []) is not None


def test_the_interval_of_the_fuel_to_the_flag_holds_in_95_of_100_races() -> None:
    rng = np.random.default_rng(11)
    hits = np.zeros(4)
    for _ in range(400):
        mean = rng.normal(2.0, 0.03)
        used = rng.normal(mean, 0.02, 30)
        for at, laps in enumerate((0, 1, 5, 20)):
            use = per_lap(PRIOR, used[:laps].tolist())
            assert use is not None
            need = to_flag(use, np.full(200, 30.0 - laps))
            hits[at] += need.low <= used[laps:].sum() <= need.high
    assert (hits / 400 >= 0.92).all(), hits
    assert (hits[1:] / 400 <= 0.985).all(), hits


def test_the_interval_narrows_with_each_clean_lap() -> None:
    widths = []
    for laps in (0, 1, 4, 12):
        use = per_lap(PRIOR, [2.0] * laps)
        assert use is not None
        need = to_flag(use, LAPS_20)
        widths.append(need.high - need.low)

    assert widths == sorted(widths, reverse=True)


def test_window_opens_when_one_more_tank_reaches_the_flag_and_closes_with_the_fuel() -> None:
    # 30 laps, 15 of fuel, a tank for 19: a stop from lap 11 on, at lap 14 at the latest.
    found = pit(moment(fuel_l=30.0), USE, np.full(50, 30.0))

    assert (found.window, found.stops) == (Window.CLOSED, 1)
    assert (found.opens_in, found.closes_in) == (10, 13)
    later = pit(moment(fuel_l=30.0 - 11 * 2.0), USE, np.full(50, 19.0))
    assert (later.window, later.opens_in) == (Window.OPEN, 0)
    last = pit(moment(fuel_l=3.5), USE, np.full(50, 15.0))
    assert last.window is Window.CLOSING


def test_a_window_does_not_move_within_a_lap() -> None:
    at_line = pit(moment(fuel_l=30.0), USE, np.full(50, 30.0))
    within = pit(moment(fuel_l=30.0 - 0.6 * 2.0, share=0.6), USE, np.full(50, 29.4))

    assert (within.opens_in, within.closes_in) == (at_line.opens_in, at_line.closes_in)


def test_no_stop_is_needed_when_the_fuel_surely_lasts() -> None:
    found = pit(moment(fuel_l=45.0), USE, LAPS_20)

    assert (found.window, found.stops) == (Window.NOT_NEEDED, 0)


@pytest.mark.parametrize(
    ("known", "use", "laps", "why"),
    [
        ({}, USE, None, Why.NO_LENGTH),
        ({}, None, LAPS_20, Why.NO_FUEL_USE),
        ({"fuel_l": None}, USE, LAPS_20, Why.NO_FUEL_USE),
        ({"tank_l": None}, USE, LAPS_20, Why.NO_TANK),
    ],
)
def test_what_is_not_known_is_unknown_and_says_why(
    known: dict[str, float], use: object, laps: object, why: Why
) -> None:
    found = pit(moment(**known), use, laps)  # type: ignore[arg-type]

    assert (found.window, found.why) == (Window.UNKNOWN, why)
    assert found.stops is None


def test_saving_is_what_the_fuel_lacks_over_the_laps_left() -> None:
    found = fuel(moment(fuel_l=36.0), USE, LAPS_20)

    assert found.spare_laps == pytest.approx(-2.0, abs=0.01)
    assert found.saving_l == pytest.approx(0.2, abs=0.01)
    assert found.saving == pytest.approx(0.1, abs=0.01)


def test_laps_of_a_race_by_the_clock_count_the_lap_that_is_begun() -> None:
    known = moment(remaining_s=905.0, leader_lap_s=90.0, leader_into_lap_s=10.0, share=0.05)

    left = laps_to_flag(known)

    assert left is not None
    # 915 s from the leader's line: 11 laps; the own car crosses its line after that.
    assert np.median(left) == pytest.approx(10.95)


def test_a_lapped_car_has_fewer_laps() -> None:
    slow = moment(remaining_laps=10.0, leader_lap_s=90.0, leader_into_lap_s=0.0, lap_s=100.0)

    left = laps_to_flag(slow)

    assert left is not None
    assert np.median(left) == 9


def test_the_ladder_of_penalties() -> None:
    assert penalty(3, 25, 17, 4) == Penalty(14, 22)
    assert penalty(17, 25, 17, 4) == Penalty(4, 8)
    assert penalty(22, 25, 17, 4) == Penalty(None, 3)
    assert penalty(30, 25, 17, None) == Penalty(None, 0)
    assert penalty(5, None, None, None) == Penalty(None, None)
    assert penalty(None, 25, 17, 4) == Penalty(None, None)
    assert penalty(float("nan"), 25, None, None) == Penalty(None, None)


def test_the_most_urgent_advice_comes_first() -> None:
    known = moment(fuel_l=3.5)
    closing = pit(known, USE, np.full(50, 15.0))
    burn = fuel(known, USE, np.full(50, 15.0))

    def given(points: Penalty, *, rain: bool = False) -> Advice:
        return advice(known, burn, closing, points, rain=rain, racing=True)

    assert given(Penalty(None, 2)) is Advice.LIMIT_NEAR
    assert given(Penalty(None, 20), rain=True) is Advice.BOX
    assert advice(known, burn, closing, Penalty(), rain=False, racing=False) is Advice.UNKNOWN


def test_a_race_by_the_clock_that_is_joined_late_ends_at_its_clock() -> None:
    cars = 4
    ones = np.ones(cars)
    field = Field(
        car_class_id=np.zeros(cars, np.int64),
        elapsed_s=np.arange(500.0, 500.0 + cars),
        laps_done=np.full(cars, 5),
        tyre_laps=5 * ones,
        pace_s=100 * ones,
        pace_error_s=0 * ones,
        spread_s=0.01 * ones,
        fade_s_per_lap=0 * ones,
        fade_error_s_per_lap=0 * ones,
        stop_s=0 * ones,
        stop_spread_s=0 * ones,
        stops=((),) * cars,
        mistake_chance=0 * ones,
        mistake_s=0 * ones,
        retirement_chance=0 * ones,
        running=ones.astype(np.bool_),
    )
    distance = Distance(clock_s=950.0)

    end = finish(replay(field, distance, Passing(-1.4, 2.1, 0.3), races=20), field, distance)

    assert (end.laps == 10).all()
