from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from iracing_pipeline.analysis.laps import laps
from iracing_pipeline_tests.recordings import START, drive, where


def laps_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return laps(frame, session_key="key", start=START).to_dicts()


def lap(frame: pl.DataFrame, number: int) -> dict[str, Any]:
    return next(row for row in laps_of(frame) if row["lap_number"] == number)


def test_lap_times_are_exact_though_records_are_a_tick_apart() -> None:
    timed = [row for row in laps_of(drive((20.0123, 21.4567))) if row["kind"] == "timed"]
    assert [row["lap_time_s"] for row in timed] == pytest.approx([20.0123, 21.4567], abs=1e-5)
    assert {row["lap_time_method"] for row in timed} == {"clock"}


@pytest.mark.parametrize("late", [1 / 60, 0.08, 0.5, 1.85, 3.0])
def test_the_clock_may_be_reset_late(late: float) -> None:
    row = lap(drive((20.0123,), after=5.0, late=late), 6)
    assert row["lap_time_s"] == pytest.approx(20.0123, abs=1e-5)
    assert row["official_lap_time_s"] == 20.0123
    assert abs(row["residual_s"]) < 1e-5


def test_a_file_that_ends_right_after_the_line_is_timed_by_interpolation() -> None:
    row = lap(drive((20.0123,), after=0.3, late=0.5), 6)
    assert row["lap_time_method"] == "interpolation"
    assert row["lap_time_s"] == pytest.approx(20.0123, abs=0.02)
    assert row["official_lap_time_s"] is None
    assert row["residual_s"] is None


@pytest.mark.parametrize("absent", ["LapCurrentLapTime", "LapLastLapTime"])
def test_laps_are_timed_without_iracings_clocks(absent: str) -> None:
    row = lap(drive((20.0123,)).drop(absent), 6)
    assert row["lap_time_s"] == pytest.approx(20.0123, abs=0.02)
    assert (row["lap_time_method"] == "clock") == (absent == "LapLastLapTime")
    assert (row["official_lap_time_s"] is None) == (absent == "LapLastLapTime")


def test_a_lap_clock_that_stands_at_zero_is_not_believed() -> None:
    frame = where(drive((20.0123,)), slice(None), LapCurrentLapTime=0.0)
    assert lap(frame, 6)["lap_time_method"] == "interpolation"


def test_a_lap_clock_that_jitters_is_not_believed() -> None:
    frame = drive((20.0123,))
    jitter = (pl.int_range(pl.len()) % 5 - 2) * 0.004
    frame = where(frame, slice(None), LapCurrentLapTime=pl.col("LapCurrentLapTime") + jitter)
    assert lap(frame, 6)["lap_time_method"] == "interpolation"


def test_a_lap_without_a_time_of_iracings_is_invalid_but_timed() -> None:
    row = lap(drive((20.0, 21.0), official=(-1.0, 21.0)), 6)
    assert row["reasons"] == ["invalid"]
    assert row["lap_time_s"] == pytest.approx(20.0, abs=1e-5)
    assert row["official_lap_time_s"] is None


def test_a_time_that_differs_from_iracings_does_not_close() -> None:
    row = lap(drive((20.0, 21.0), official=(20.002, 21.0)), 6)
    assert row["reasons"] == ["no_closure"]
    assert row["residual_s"] == pytest.approx(-0.002, abs=1e-5)


def test_the_same_time_twice_is_official_twice() -> None:
    rows = laps_of(drive((20.5, 20.5, 20.5)))
    assert [row["official_lap_time_s"] for row in rows[1:4]] == [20.5, 20.5, 20.5]


def test_a_lap_begins_at_the_crossing_in_session_time_and_utc() -> None:
    row = lap(drive((20.0,), before=8.0, began=500.0), 6)
    crossing = 508.0 + 0.37 / 60
    assert row["start_session_time_s"] == pytest.approx(crossing, abs=1e-5)
    assert row["end_session_time_s"] == pytest.approx(crossing + 20, abs=1e-5)
    since = row["start_time"] - START - timedelta(seconds=crossing - 500)
    assert abs(since) < timedelta(microseconds=20)


def test_laps_follow_each_other_without_gap() -> None:
    rows = laps_of(drive((20.0, 21.0, 22.0)))
    for earlier, later in pairwise(rows):
        assert earlier["end_session_time_s"] == later["start_session_time_s"]
        assert earlier["first_record"] + earlier["record_count"] == later["first_record"]


def test_dropped_ticks_cost_no_accuracy_and_are_counted() -> None:
    frame = drive((20.0123,))
    row = pl.int_range(pl.len())
    dropped = frame.filter(~row.is_in([600, 601, 900]))
    assert lap(dropped, 6)["missed_records"] == 3
    assert lap(dropped, 6)["lap_time_s"] == pytest.approx(20.0123, abs=1e-5)


def test_a_clock_slip_is_no_dropped_tick() -> None:
    later = pl.col("SessionTime") + 1 / 60
    slipped = where(drive((20.0, 21.0)), slice(900, None), SessionTime=later)
    assert lap(slipped, 6)["missed_records"] == 0


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_a_burst_of_dropped_ticks_is_no_reset(seconds: float) -> None:
    frame = drive((20.0123,))
    row = pl.int_range(pl.len())
    dropped = frame.filter((row < 900) | (row >= 900 + seconds * 60))
    assert [each["kind"] for each in laps_of(dropped)] == ["partial", "timed", "partial"]


def test_a_crossing_lost_with_dropped_ticks_is_found_by_the_clock() -> None:
    frame = drive((20.0, 21.0))
    crossing = frame["Lap"].search_sorted(7)
    row = pl.int_range(pl.len())
    dropped = frame.filter((row < crossing - 3) | (row > crossing + 3))
    assert lap(dropped, 6)["lap_time_s"] == pytest.approx(20.0, abs=1e-5)


@pytest.mark.parametrize("hz", [5.0, 60.0, 360.0])
def test_any_tick_rate(hz: float) -> None:
    assert lap(drive((20.0123,), hz=hz), 6)["lap_time_s"] == pytest.approx(20.0123, abs=2e-5)
