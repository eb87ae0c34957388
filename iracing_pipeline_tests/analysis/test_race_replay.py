from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.race_replay import World, coverage, drive
from iracing_pipeline.analysis.race_field import at_lap, estimate
from iracing_pipeline.analysis.race_replay import Distance, Field, Passing, finish, replay
from iracing_pipeline.analysis.race_what_if import Race, from_place, with_stops, without_loss

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
def driven() -> World:
    random = np.random.default_rng(5)
    while (world := drive(random)).place.size < 20:
        pass
    return world


def race_of(world: World, chart: pl.DataFrame) -> Race:
    return Race(
        chart, estimate(chart, until_lap=world.laps), Distance(laps=world.laps), world.stops
    )


def test_twelve_seconds_lost_are_given_back(driven: World) -> None:
    car, lap = _clean_car(driven)
    later = pl.when(pl.col("car") == car, pl.col("lap_number") >= lap).then(12.0).otherwise(0.0)
    here = (pl.col("car") == car) & (pl.col("lap_number") == lap)
    chart = driven.chart.with_columns(
        pl.col("crossed_s") + later,
        pl.when(here).then(pl.col("lap_s") + 12.0).otherwise(pl.col("lap_s")).alias("lap_s"),
        (pl.col("clean") & ~here).alias("clean"),
    )

    answer = without_loss(race_of(driven, chart), car, lap)

    assert answer.gained_low_s < 12.0 < answer.gained_high_s + 1.5
    assert answer.places_gained > 0
    assert answer.place_odds.sum() == pytest.approx(1.0)


def _clean_car(world: World) -> tuple[int, int]:
    """A car in the middle of the field, and a clean lap of its early race."""
    clean = world.chart.filter(pl.col("clean"), pl.col("lap_number") == 4)
    middle = clean.sort("crossed_s")["car"].to_list()
    return middle[len(middle) // 2], 4


def test_one_stop_fewer_gains_a_stop_where_tyres_last(driven: World) -> None:
    car, _ = _clean_car(driven)
    race = race_of(driven, driven.chart)
    lasting = replace(race.estimates.field, fade_s_per_lap=np.zeros(driven.place.size))
    race = replace(race, estimates=replace(race.estimates, field=lasting, passing=EASY))

    answer = with_stops(race, car, ())

    assert answer.gained_s == pytest.approx(race.estimates.field.stop_s[0], abs=6.0)


def test_starting_in_front_ends_no_further_back(driven: World) -> None:
    car, _ = _clean_car(driven)

    answer = from_place(race_of(driven, driven.chart), car, 1)

    assert answer.places_gained > 0
    with pytest.raises(ValueError, match="outside the class"):
        from_place(race_of(driven, driven.chart), car, 99)


def test_a_car_or_a_lap_that_the_chart_lacks_is_named(driven: World) -> None:
    race = race_of(driven, driven.chart)
    with pytest.raises(ValueError, match="Car 4711 is not in the race"):
        with_stops(race, 4711, ())
    with pytest.raises(ValueError, match="no lap up to lap 0"):
        estimate(driven.chart, until_lap=0)
    missing = driven.chart.filter((pl.col("car") != 3) | (pl.col("lap_number") > 2))
    with pytest.raises(ValueError, match="A car has no lap up to lap 2"):
        at_lap(race.estimates, missing, 2, {})
