"""The laps of a race: what begins them, what ends them, and which of them count."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from iracing_pipeline.analysis.laps import laps
from iracing_pipeline_tests.recordings import START, drive, glitch, where

GREEN_S, LINE_S = 3.0, 8.0  # the green falls so long before the line, that so long into the file


def laps_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return laps(frame, session_key="key", start=START).to_dicts()


def race(*, clock: str = "green", official: float = 23.0, state: bool = True) -> pl.DataFrame:
    """Lap 0, the green before the line, and laps of 20, 21 and 20.5 s."""
    frame = drive((20.0, 21.0, 20.5), lap=0, official=(official, 21.0, 20.5))
    line = int(frame["Lap"].search_sorted(1))
    moment = 100.0 + LINE_S + 0.37 / 60
    green = moment - GREEN_S
    second = moment + 20.0 + 0.5
    time = pl.col("SessionTime")
    if clock == "green":
        running = pl.when(time.is_between(green, second)).then(time - green)
        frame = frame.with_columns(
            LapCurrentLapTime=running.otherwise("LapCurrentLapTime").cast(pl.Float32)
        )
    if state:
        states = pl.when(time < green).then(3).otherwise(4).cast(pl.Int32)
        frame = frame.with_columns(SessionState=states)
    assert line == 481
    return frame


@pytest.mark.parametrize("state", [True, False])
def test_lap_1_is_timed_from_the_green_by_the_clock(*, state: bool) -> None:
    pace, first, *_ = laps_of(race(state=state))
    assert (pace["kind"], pace["lap_number"]) == ("pace", 0)
    assert (first["kind"], first["lap_number"], first["begins_at"]) == ("start", 1, "green")
    assert first["lap_time_s"] == pytest.approx(23.0, abs=1e-6)
    assert first["lap_time_method"] == "clock"
    assert first["reasons"] == ["start_lap"]


def test_lap_1_is_timed_to_a_record_where_the_clock_runs_from_the_line() -> None:
    _, first, second, *_ = laps_of(race(clock="line"))
    assert first["lap_time_method"] == "green"
    assert first["lap_time_s"] == pytest.approx(23.0, abs=1 / 60)
    assert first["reasons"] == ["start_lap"]
    assert second["clean"]


def test_the_official_time_shows_the_green_where_nothing_else_does() -> None:
    _, first, *_ = laps_of(race(clock="line", state=False))
    assert (first["kind"], first["lap_time_method"]) == ("start", "official")


def test_lap_1_is_timed_from_the_line_where_only_that_agrees() -> None:
    _, first, *_ = laps_of(race(clock="line", official=20.0))
    assert (first["kind"], first["begins_at"]) == ("start", "line")
    assert first["lap_time_s"] == pytest.approx(20.0, abs=1e-5)


@pytest.mark.parametrize("counted", [0, 7])
@pytest.mark.parametrize("state", [True, False])
def test_a_grid_beyond_the_line_is_no_line(*, state: bool, counted: int) -> None:
    frame = drive((20.0, 21.0), lap=1, before=19.0, official=(20.0, 21.0))
    green_row = 150  # the car stands for the first 2.5 s, beyond the line
    green = frame["SessionTime"][green_row] - 0.004
    end = 100.0 + 19.0 + 0.37 / 60
    row = pl.int_range(pl.len())
    time = pl.col("SessionTime")
    here = {name: float(frame[name][green_row]) for name in ("LapDistPct", "Lat", "Lon")}
    frame = where(frame, slice(0, green_row), Speed=0.0, Lap=0, **here)
    frame = where(frame, slice(green_row, green_row + counted), Lap=0)
    frame = where(frame, slice(green_row, 1171), LapCurrentLapTime=time - green)
    # The official time of lap 1 arrives half a second after the line.
    shown = int((end + 0.5 - 100.0) * 60) + 1
    frame = where(frame, slice(shown, shown + 1000), LapLastLapTime=end - green)
    frame = where(frame, slice(shown, shown + 600), LapCurrentLapTime=time - end)
    if state:
        states = pl.when(row < green_row).then(3).otherwise(4)
        frame = frame.with_columns(SessionState=states.cast(pl.Int32))
    pace, first, second, *_ = laps_of(frame)
    assert (pace["kind"], first["kind"], first["lap_number"]) == ("pace", "start", 1)
    assert first["lap_time_s"] == pytest.approx(end - green, abs=1e-5)
    assert (first["stint"], second["lap_number"], second["kind"]) == (1, 2, "timed")


def test_a_file_that_begins_after_the_green_still_knows_lap_1() -> None:
    frame = race().filter(pl.col("SessionTime") > 106.0)
    first, second, *_ = laps_of(frame)
    assert (first["kind"], first["lap_number"]) == ("start", 1)
    assert first["lap_time_s"] == pytest.approx(23.0, abs=1e-6)
    assert second["clean"]


def test_a_lap_1_of_a_practice_is_no_start() -> None:
    frame = drive((20.0, 21.0), lap=0).with_columns(SessionState=pl.lit(4, pl.Int32))
    assert [row["kind"] for row in laps_of(frame)] == ["partial", "timed", "timed", "partial"]


def test_the_lap_that_takes_the_flag_counts() -> None:
    frame = drive((20.0, 20.0, 31.0))
    row = int(frame["Lap"].search_sorted(7)) + 300  # the leader finishes inside lap 7
    later = pl.int_range(pl.len()) >= row
    frame = frame.with_columns(SessionState=pl.when(later).then(5).otherwise(4).cast(pl.Int32))
    assert [(row["lap_number"], row["kind"]) for row in laps_of(frame)] == [
        (5, "partial"),
        (6, "timed"),
        (7, "timed"),
        (8, "cooldown"),
        (9, "cooldown"),
    ]


@pytest.mark.parametrize(("position", "kind"), [(1, "cooldown"), (3, "timed")])
def test_the_leader_finishes_at_the_line_before_the_state_turns(position: int, kind: str) -> None:
    frame = drive((20.0, 20.0, 20.0))
    row = int(frame["Lap"].search_sorted(7)) + 20
    later = pl.int_range(pl.len()) >= row
    frame = frame.with_columns(SessionState=pl.when(later).then(5).otherwise(4).cast(pl.Int32))
    rows = laps_of(where(frame, slice(None), PlayerCarPosition=position))
    assert next(row["kind"] for row in rows if row["lap_number"] == 7) == kind


@pytest.mark.parametrize("late", [1, 4, 9])
def test_a_lap_that_is_counted_late_is_timed_at_the_line(late: int) -> None:
    frame = drive((20.0, 21.0, 20.5))
    expected = laps_of(frame)
    found_laps = laps_of(frame.with_columns(Lap=pl.col("Lap").shift(late, fill_value=5)))
    assert found_laps == expected


def test_a_reset_near_the_stall_is_seen() -> None:
    frame = drive((20.0, 20.0))
    row = int(frame["Lap"].search_sorted(7)) + 300
    place = pl.col("LapDistPct") + 0.015  # 12 m
    after = where(frame, slice(row, None), LapDistPct=place)
    around = 2 * 3.141592653589793 * after["LapDistPct"]
    after = after.with_columns(
        Lat=(40 + 1e-3 * around.sin()).cast(pl.Float64),
        Lon=(10 + 1e-3 * around.cos()).cast(pl.Float64),
    )
    kinds = [(row["stint"], row["kind"]) for row in laps_of(glitch(after, row))]
    assert kinds[2][1] == "reset"
    assert kinds[3][0] == 2


def test_a_car_that_never_left_its_stall_drove_no_pit_lap() -> None:
    frame = where(
        drive((20.0,))[:300],
        slice(None),
        OnPitRoad=True,
        PlayerTrackSurface=1,
        Speed=0.0,
        LapDistPct=0.1,
    )
    assert [row["kind"] for row in laps_of(frame)] == ["partial"]


def test_fuel_and_distance_include_the_step_over_the_line() -> None:
    rows = laps_of(drive((5.0, 5.0, 5.0, 5.0)))[2:4]
    assert [row["fuel_used_l"] for row in rows] == pytest.approx([0.3] * 2, abs=2e-5)
    assert [row["distance_m"] for row in rows] == pytest.approx([800.0] * 2, abs=0.01)
    assert rows[0]["fuel_end_l"] == rows[1]["fuel_start_l"]
