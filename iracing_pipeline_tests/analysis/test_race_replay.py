from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.race_replay import World, coverage, drive, fitted
from iracing_pipeline.analysis import race_ledger
from iracing_pipeline.analysis.race_field import NoLapError, at_lap, estimate
from iracing_pipeline.analysis.race_questions import FEWER_STOPS, MISTAKE, START, what_ifs
from iracing_pipeline.analysis.race_replay import Distance, Field, Passing, finish, replay
from iracing_pipeline.analysis.race_what_if import (
    WhatIfRefusedError,
    driven,
    from_place,
    with_stops,
    without_loss,
)
from iracing_pipeline.tables.results import LAP, RESULT

EASY = Passing(base=30.0, slope=1.0, follow_s=0.3)
HARD = Passing(base=-30.0, slope=0.1, follow_s=0.3)


def field(cars: int, **changes: object) -> Field:
    """Cars that drive like clockwork, each 0.1 s a lap slower than the one ahead."""
    zeros, ones = np.zeros(cars), np.ones(cars)
    even = Field(
        car_class_id=np.zeros(cars, np.int64),
        elapsed_s=0.5 * np.arange(cars, dtype=np.float64),
        laps_done=np.zeros(cars, np.int64),
        tyre_laps=zeros,
        pace_s=60.0 + 0.1 * np.arange(cars, dtype=np.float64),
        pace_error_s=zeros,
        spread_s=zeros,
        fade_s_per_lap=zeros,
        fade_error_s_per_lap=zeros,
        stop_s=20.0 * ones,
        stop_spread_s=zeros,
        stops=((),) * cars,
        mistake_chance=zeros,
        mistake_s=zeros,
        retirement_chance=zeros,
        running=ones.astype(np.bool_),
    )
    return replace(even, **changes)  # type: ignore[arg-type]


def test_without_chance_each_car_arrives_when_its_pace_says() -> None:
    cars = field(3, stops=((), (4,), ()), fade_s_per_lap=np.array([0.0, 0.2, 0.0]))

    lines = replay(cars, Distance(laps=6), EASY, races=2)

    assert lines[0, 0, 6] == pytest.approx(6 * 60.0)
    fade = 0.2 * (0 + 1 + 2 + 3) + 0.2 * (0 + 1)
    assert lines[1, 1, 6] == pytest.approx(0.5 + 6 * 60.1 + 20.0 + fade)


def test_a_faster_car_that_cannot_pass_follows() -> None:
    cars = field(2, pace_s=np.array([61.0, 60.0]))

    follows, passes = (
        finish(replay(cars, Distance(laps=5), way, races=3), cars, Distance(laps=5))
        for way in (HARD, EASY)
    )

    assert follows.place.tolist() == [[1, 2]] * 3
    assert follows.elapsed_s[0, 1] - follows.elapsed_s[0, 0] == pytest.approx(0.3)
    assert passes.place.tolist() == [[2, 1]] * 3


def test_a_car_in_its_stall_is_passed_even_where_nobody_can_pass() -> None:
    cars = field(2, stops=((2,), ()))

    end = finish(replay(cars, Distance(laps=3), HARD, races=1), cars, Distance(laps=3))

    assert end.place.tolist() == [[2, 1]]


def test_a_race_by_the_clock_ends_when_the_leader_next_crosses_the_line() -> None:
    cars = field(2, pace_s=np.array([60.0, 100.0]))
    clock = Distance(clock_s=290.0)

    end = finish(replay(cars, clock, EASY, races=1), cars, clock)

    assert end.laps.tolist() == [[5, 3]]
    assert end.elapsed_s[0, 0] == pytest.approx(300.0)


def test_a_retired_car_is_behind_all_that_finish_and_places_are_counted_by_class() -> None:
    cars = field(
        4,
        running=np.array([False, True, True, True]),
        laps_done=np.array([2, 2, 2, 2]),
        car_class_id=np.array([1, 1, 2, 2]),
        elapsed_s=np.array([120.0, 121.0, 122.0, 123.0]),
    )

    end = finish(replay(cars, Distance(laps=4), EASY, races=1), cars, Distance(laps=4))

    assert end.place.tolist() == [[4, 1, 2, 3]]
    assert end.place_in_class.tolist() == [[2, 1, 1, 2]]


def test_the_same_seed_is_the_same_race_and_a_car_keeps_its_luck_when_another_leaves() -> None:
    cars = field(3, spread_s=np.full(3, 0.5), elapsed_s=np.array([0.0, 30.0, 15.0]))
    two = field(2, spread_s=np.full(2, 0.5), elapsed_s=np.array([0.0, 30.0]))

    first, again = (replay(cars, Distance(laps=8), EASY, races=5, seed=3) for _ in range(2))
    fewer = replay(two, Distance(laps=8), EASY, races=5, seed=3)

    assert np.array_equal(first, again)
    assert np.array_equal(first[:, :2], fewer)


def test_most_true_finishes_lie_within_the_band() -> None:
    within, cars, _ = coverage(8, np.random.default_rng(11))

    assert cars > 150
    assert 0.82 <= within / cars <= 0.98


@pytest.fixture(scope="module")
def world() -> World:
    random = np.random.default_rng(5)
    while (made := drive(random)).place.size < 20:
        pass
    return made


def _clean_car(world: World) -> tuple[int, int]:
    """A car in the middle of the field, and a clean lap of its early race."""
    clean = world.chart.filter(pl.col("flags") == 0, pl.col("lap_number") == 4)
    middle = clean.sort("session_time_s")["group_id"].to_list()
    return middle[len(middle) // 2], 4


def _with_off(world: World) -> tuple[int, int, pl.DataFrame]:
    """A car that went off for 12 s, the lap, and the chart."""
    car, lap = _clean_car(world)
    mine = pl.col("group_id") == car
    here = mine & (pl.col("lap_number") == lap)
    later = pl.when(mine, pl.col("lap_number") >= lap).then(12.0).otherwise(0.0)
    return (
        car,
        lap,
        world.chart.with_columns(
            pl.col("session_time_s") + later,
            pl.when(here).then(4).otherwise(pl.col("flags")).alias("flags"),
        ),
    )


def test_twelve_seconds_lost_are_given_back(world: World) -> None:
    car, lap, chart = _with_off(world)

    answer = without_loss(driven(fitted(chart, world.laps)), car, lap, 12.0)

    assert answer.gained_low_s < 12.0 < answer.gained_high_s + 1.5
    assert answer.places_gained > 0
    assert answer.place_odds.sum() == pytest.approx(1.0)


def test_one_stop_fewer_gains_a_stop_where_tyres_last(world: World) -> None:
    car, _ = _clean_car(world)
    other = int(world.chart.filter(pl.col("lap_number") == world.laps)["group_id"][0])
    never = world.chart.with_columns(  # somebody did the race without a stop
        pl.when(pl.col("group_id") == other).then(0).otherwise(pl.col("flags")).alias("flags")
    )
    race = driven(fitted(never, world.laps))
    lasting = replace(race.estimates.field, fade_s_per_lap=np.zeros(world.place.size))
    race = replace(race, estimates=replace(race.estimates, field=lasting, passing=EASY))

    answer = with_stops(race, car, ())

    assert answer.gained_s == pytest.approx(race.estimates.field.stop_s[0], abs=6.0)


def test_a_stint_that_nobody_drove_is_refused(world: World) -> None:
    car, _ = _clean_car(world)

    with pytest.raises(WhatIfRefusedError, match="no car of the class drove more than"):
        with_stops(driven(fitted(world.chart, world.laps)), car, ())


def test_starting_in_front_ends_no_further_back(world: World) -> None:
    car, _ = _clean_car(world)
    race = driven(fitted(world.chart, world.laps))

    answer = from_place(race, car, 1)

    assert answer.places_gained > 0
    with pytest.raises(WhatIfRefusedError, match="outside the class"):
        from_place(race, car, 99)


def test_a_car_that_is_not_there_and_a_race_without_laps_are_named(world: World) -> None:
    race = driven(fitted(world.chart, world.laps))
    with pytest.raises(WhatIfRefusedError, match="car 4711 is not in the race"):
        with_stops(race, 4711, ())
    with pytest.raises(NoLapError, match="No car of the race completed a lap"):
        estimate(race_ledger.read_race(LAP.frame(), RESULT.frame()))
    missing = world.chart.filter((pl.col("group_id") != 3) | (pl.col("lap_number") > 2))
    fit = fitted(missing, world.laps)
    then = at_lap(fit, estimate(fit), 2, {})
    assert np.isfinite(then.elapsed_s).all()  # taken to have driven them at its pace


def test_questions_of_a_race_are_answered_in_places_seconds_and_irating(world: World) -> None:
    car, lap, chart = _with_off(world)
    changes = {place: 100.0 - 10.0 * place for place in range(1, 50)}

    rows = what_ifs(fitted(chart, world.laps), car, 77, 0, changes)

    off = rows.filter(kind=MISTAKE, lap_number=lap).row(0, named=True)
    assert off["place_low"] <= off["place"] <= off["place_high"]
    assert off["irating_gained"] == pytest.approx(10.0 * off["places_gained"])
    assert off["gained_s"] == pytest.approx(12.0, abs=2.5)
    assert rows.filter(kind=FEWER_STOPS)["refused_for"][0].startswith("It takes")
    assert "P1 after lap 1" in rows.filter(kind=START)["question"][0]
    assert rows["question_number"].to_list() == list(range(1, rows.height + 1))
    unknown = what_ifs(fitted(chart, world.laps), car, 77, 0)
    assert unknown["irating_change"].is_null().all()
    assert unknown["place"].equals(rows["place"])


def test_a_race_with_a_caution_is_refused_with_its_lap(world: World) -> None:
    slow = pl.when(pl.col("lap_number") >= 6).then(60.0).otherwise(0.0)
    chart = world.chart.with_columns(pl.col("session_time_s") + slow)

    rows = what_ifs(fitted(chart, world.laps), _clean_car(world)[0], 77, 0)

    assert rows["kind"].to_list() == ["any"]
    assert "lap 6" in rows["refused_for"][0]
