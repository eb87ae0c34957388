"""The cars of a session, from CarIdx channels that are as iRacing writes them, or broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iracing_pipeline.analysis.irating import changes
from iracing_pipeline.metrics.live.field import (
    CHANNELS,
    MOST_CARS,
    Car,
    Entry,
    FieldWatch,
    entries,
    irating_now,
)

LAP_S = 90.0


def driver(index: int, **more: object) -> dict[str, Any]:
    return {
        "CarIdx": index,
        "CarNumber": str(10 + index),
        "CarClassShortName": "GT3",
        "CarClassID": 1,
        "CarClassEstLapTime": LAP_S,
        "IRating": 1500 + 100 * index,
        "TeamIncidentCount": index,
        **more,
    }


def info(cars: int) -> dict[str, Any]:
    return {"DriverCarIdx": 1, "Drivers": [driver(index) for index in range(cars)]}


def values(cars: int, **channels: list[Any]) -> dict[str, Any]:
    """Arrays of 64, as iRacing has them: rows of other cars hold its placeholders."""
    rest = MOST_CARS - cars
    base: dict[str, list[Any]] = {
        "CarIdxPosition": list(range(1, cars + 1)) + [0] * rest,
        "CarIdxClassPosition": list(range(1, cars + 1)) + [0] * rest,
        "CarIdxLap": [4] * cars + [-1] * rest,
        "CarIdxLapCompleted": [3] * cars + [-1] * rest,
        "CarIdxLapDistPct": [0.5 - 0.01 * n for n in range(cars)] + [-1.0] * rest,
        "CarIdxTrackSurface": [3] * cars + [-1] * rest,
        "CarIdxOnPitRoad": [False] * MOST_CARS,
        "CarIdxF2Time": [2.0 * n for n in range(cars)] + [0.0] * rest,
        "CarIdxEstTime": [45.0 - 2.0 * n for n in range(cars)] + [0.0] * rest,
        "CarIdxLastLapTime": [91.0 + n for n in range(cars)] + [-1.0] * rest,
        "CarIdxBestLapTime": [90.5 + n for n in range(cars)] + [-1.0] * rest,
    }
    for name, given_values in channels.items():
        base[name][: len(given_values)] = given_values
    return base


def by_number(cars: list[Car]) -> dict[str, Car]:
    return {car.entry.number: car for car in cars}


def test_gaps_are_those_to_the_own_car() -> None:
    cars = by_number(FieldWatch().see(entries(info(3)), values(3), race=True))

    assert cars["11"].entry.own
    assert cars["11"].ahead_s is None
    assert cars["10"].ahead_s == pytest.approx(2.0)
    assert cars["12"].ahead_s == pytest.approx(-2.0)
    assert cars["12"].track_ahead_s == pytest.approx(-2.0)
    assert cars["10"].laps_down == 0
    assert cars["12"].entry.incidents == 2


def test_over_the_line_the_gap_on_the_track_stays_short() -> None:
    near = values(2, CarIdxEstTime=[1.0, 89.0], CarIdxLapCompleted=[4, 3])

    cars = by_number(FieldWatch().see(entries(info(2)), near, race=True))

    assert cars["10"].track_ahead_s == pytest.approx(2.0)


def test_times_behind_a_leader_mean_nothing_outside_a_race() -> None:
    cars = FieldWatch().see(entries(info(3)), values(3), race=False)

    assert all(car.ahead_s is None for car in cars)
    assert all(car.track_ahead_s is not None for car in cars if not car.entry.own)


def test_laps_down_count_whole_laps_behind_the_leader_of_the_class() -> None:
    info_of_two = info(3)
    info_of_two["Drivers"][2] |= {"CarClassID": 2, "CarClassShortName": "GT4"}
    behind = values(3, CarIdxLapCompleted=[9, 7, 5], CarIdxLapDistPct=[0.1, 0.9, 0.5])

    cars = by_number(FieldWatch().see(entries(info_of_two), behind, race=True))

    assert (cars["10"].laps_down, cars["11"].laps_down, cars["12"].laps_down) == (0, 1, 0)


def test_stint_median_and_closing_are_watched_lap_by_lap() -> None:
    watch, who = FieldWatch(), entries(info(2))
    gaps = [3.0, 3.0, 2.4, 1.9]
    for lap, gap in enumerate(gaps, start=3):
        now = values(
            2,
            CarIdxLapCompleted=[lap, lap],
            CarIdxF2Time=[0.0, gap],
            CarIdxLastLapTime=[90.0 + lap, 91.0 + lap],
        )
        cars = by_number(watch.see(who, now, race=True))

    assert cars["11"].stint_laps == 3
    assert cars["11"].median_lap_s == pytest.approx(96.0)
    assert cars["10"].closing_s == pytest.approx(0.5)

    pit = values(2, CarIdxLapCompleted=[6, 6], CarIdxOnPitRoad=[False, True])
    cars = by_number(watch.see(who, pit, race=True))
    assert cars["11"].stint_laps == 0


def test_the_pace_car_and_spectators_are_no_cars() -> None:
    rows = info(3)
    rows["Drivers"][0]["CarIsPaceCar"] = 1
    rows["Drivers"][2]["IsSpectator"] = 1

    assert [entry.number for entry in entries(rows)] == ["11"]


def test_irating_if_it_ended_now_is_that_of_the_arithmetic() -> None:
    cars = FieldWatch().see(entries(info(5)), values(5), race=True)
    expected = changes(np.array([1500.0, 1600, 1700, 1800, 1900]), np.ones(5, np.bool_))

    assert irating_now(cars) == pytest.approx(expected[1])


def test_irating_is_not_known_where_a_rating_is_missing() -> None:
    rows = info(3)
    rows["Drivers"][2]["IRating"] = 1
    assert irating_now(FieldWatch().see(entries(rows), values(3), race=True)) is None
    assert irating_now([]) is None


def test_no_two_cars_share_a_number() -> None:
    rows = [driver(1, CarNumber="7"), driver(2, CarNumber="7"), driver(3, CarNumber="idx2")]

    numbers = [entry.number for entry in entries({"DriverCarIdx": 1, "Drivers": rows})]

    assert numbers == ["7", "idx2", "idx3"]


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"Drivers": None},
        {"Drivers": [None, 5, {"CarIdx": "1"}, {"CarIdx": True}, {"CarIdx": 64}, {"CarIdx": -1}]},
    ],
)
def test_session_info_of_nonsense_has_no_cars(rows: dict[str, Any]) -> None:
    assert entries(rows) == []


def test_names_from_outside_are_bounded() -> None:
    row = driver(1, CarNumber='1"} 1\n', CarClassShortName="x" * 500 + "\x1b[2J", IRating="1e9")
    entry = entries({"DriverCarIdx": 1, "Drivers": [row]})[0]

    assert entry.number == "idx1"
    assert len(entry.car_class) <= 24
    assert "\x1b" not in entry.car_class
    assert entry.irating is None


ODD = st.one_of(
    st.none(), st.floats(), st.integers(-(2**40), 2**40), st.text(max_size=3), st.booleans()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(CHANNELS), st.one_of(ODD, st.lists(ODD, max_size=6)), max_size=11
    )
)
def test_no_memory_breaks_it_or_gives_what_is_no_number(memory: dict[str, Any]) -> None:
    watch, who = FieldWatch(), entries(info(4))
    for _ in range(2):
        for car in watch.see(who, memory, race=True):
            assert car.position is None or 1 <= car.position <= MOST_CARS
            for value in (car.last_lap_s, car.best_lap_s, car.ahead_s, car.track_ahead_s):
                assert value is None or np.isfinite(value)


def test_an_entry_beyond_the_list_is_left_alone() -> None:
    entry = Entry(
        index=63,
        number="1",
        car_class="GT3",
        class_id=1,
        estimated_lap_s=LAP_S,
        irating=None,
        own=True,
        incidents=None,
    )

    (car,) = FieldWatch().see([entry], {name: [1] for name in CHANNELS}, race=True)

    assert car.position is None
    assert not car.in_world
