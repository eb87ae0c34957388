from __future__ import annotations

import numpy as np
import pytest

from iracing_pipeline.analysis.evidence import (
    LONGEST_EXCURSION,
    restored,
    restored_place,
    restored_time,
    settled,
)


def test_a_short_excursion_is_taken_out_and_a_change_stays() -> None:
    values = np.array(
        [3] * 20 + [-1] * LONGEST_EXCURSION + [3] * 20 + [2] * (LONGEST_EXCURSION + 1) + [3] * 9
    )
    result = settled(values)
    assert (result[:45] == 3).all()
    assert (result[45 : 45 + LONGEST_EXCURSION + 1] == 2).all()


def test_a_channel_without_excursions_is_returned_itself() -> None:
    values = np.arange(100) // 25
    assert (settled(values) == values).all()
    level = np.linspace(30.0, 20.0, 1000)
    assert restored(level, 0.1) is level


def test_a_surface_that_the_car_passes_through_stays() -> None:
    values = np.array([3] * 20 + [2] * 3 + [1] * 20)
    assert (settled(values) == values).all()


def test_a_count_changes_where_the_fewest_records_contradict_it() -> None:
    values = np.array([5] * 20 + [-1, 5, 6, 5, 6] + [6] * 20)
    assert settled(values, strict=True).tolist() == [5] * 22 + [6] * 23


def test_two_short_runs_at_once_are_both_wrong() -> None:
    values = np.array([5] * 20 + [0, 0, 7] + [5] * 20)
    assert (settled(values, strict=True) == 5).all()


@pytest.mark.parametrize("wrong", [0.0, 1e9, np.nan, -1.0])
def test_a_measured_value_is_interpolated(wrong: float) -> None:
    level = np.linspace(30.0, 29.0, 1000, dtype=np.float64)
    lying = level.copy()
    lying[400:403] = wrong
    assert restored(lying, 0.1) == pytest.approx(level, abs=1e-9)


def test_a_level_that_stays_is_a_change() -> None:
    level = np.repeat(np.array([10.0, 40.0]), 50)
    assert (restored(level, 0.1) == level).all()


def test_a_place_is_interpolated_over_the_line() -> None:
    place = np.asarray((0.99 + np.arange(100) * 1e-3) % 1.0, np.float64)
    lying = place.copy()
    lying[8:12] = 0.5
    assert restored(lying, 0.004, circular=True) == pytest.approx(place, abs=1e-9)


@pytest.mark.parametrize("wrong", ["repeated", 0.0, np.nan, 1e9])
def test_a_time_that_is_not_between_its_neighbours_is_interpolated(wrong: float | str) -> None:
    time = 100 + np.arange(200) / 60
    lying = time.copy()
    lying[50:53] = lying[49] if wrong == "repeated" else wrong
    usable = np.abs(lying) < 5e6
    result, now = restored_time(lying, usable)
    assert result == pytest.approx(time, abs=1e-9)
    assert now.all()


def test_a_clock_that_slips_or_falls_for_good_is_no_lie() -> None:
    time = 100 + np.arange(200) / 60
    slipped = time + (np.arange(200) >= 80) / 60
    fallen = time - 90 * (np.arange(200) >= 120)
    for each in (slipped, fallen):
        assert (restored_time(each, each > 0)[0] == each).all()


def test_the_ends_of_a_file_are_held() -> None:
    """No record before or after them shows that a jump lasts."""
    level = np.linspace(30.0, 29.0, 1000)
    lying = level.copy()
    lying[:LONGEST_EXCURSION] = 0.0
    lying[-2:] = np.nan
    result = restored(lying, 0.1)
    assert result == pytest.approx(level, abs=0.01)
    assert (result[:LONGEST_EXCURSION] == level[LONGEST_EXCURSION]).all()
    place = np.asarray((0.9 + np.arange(100) * 1e-3) % 1)
    lying = place.copy()
    lying[:2] = 0.5
    assert restored(lying, 4e-3, circular=True) == pytest.approx(place, abs=3e-3)


@pytest.mark.parametrize(
    "tail", [[0, 5, 5, 5, 5, 5], [0, 5, 0, 5, 0], [5, 0, 0, 0, 0, 0], [0, 5, 5, 5, 5, 7]]
)
def test_short_runs_at_the_ends_decide_nothing(tail: list[int]) -> None:
    values = np.array([5] * 20 + tail)
    assert (settled(values, strict=True) == 5).all()
    assert (settled(values[::-1]) == 5).all()


@pytest.mark.parametrize("wrong", [0.0, 9_000.0, -1.0])
@pytest.mark.parametrize("count", [1, 2, LONGEST_EXCURSION])
@pytest.mark.parametrize("last", [False, True])
def test_wrong_times_in_the_first_and_last_records_do_not_move_the_session(
    wrong: float, count: int, *, last: bool
) -> None:
    true = 150.0 + np.arange(100) / 60
    values = true.copy()
    values[slice(-count, None) if last else slice(count)] = wrong
    time, usable = restored_time(values, np.ones(100, bool))
    assert usable.all()
    assert np.abs(time - true).max() < 1e-9


def test_ticks_dropped_in_the_first_records_are_no_wrong_times() -> None:
    ticks = np.delete(np.arange(120), slice(2, 20))
    time, _ = restored_time(ticks / 60, np.ones(len(ticks), bool))
    assert (time == ticks / 60).all()


@pytest.mark.parametrize("count", [1, 3, LONGEST_EXCURSION])
def test_a_place_that_the_speed_contradicts_is_restored(count: int) -> None:
    length, speed = 1647.0, np.full(6_000, 33.5)
    time = 150.0 + np.arange(6_000) / 60
    true = (33.5 * np.arange(6_000) / 60 / length) % 1.0
    line = int(np.flatnonzero(np.diff(true) < 0)[0]) + 1
    place = true.copy()
    place[line : line + count] = 0.999
    assert np.abs(restored_place(place, speed, time) - true).max() < 1e-9
    assert restored_place(true, speed, time) is true
