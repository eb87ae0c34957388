from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iracing_pipeline.analysis.lap_kind import KINDS, REASONS
from iracing_pipeline.analysis.laps import laps
from iracing_pipeline.analysis.samples import REQUIRED, MissingChannelError
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP
from iracing_pipeline_tests.recordings import CHANNELS, START, TRACK_M, drive, glitch, where

SMALL = drive((6.0, 8.0, 7.0), hz=10.0, before=2.0, after=2.0)


def laps_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return laps(frame, session_key="key", start=START).to_dicts()


def test_the_table_has_the_declared_columns() -> None:
    table = laps(SMALL, session_key="key", start=START)
    assert table.schema == TELEMETRY_LAP.schema
    assert table["session_key"].to_list() == ["key"] * 5


def test_figures_of_a_lap() -> None:
    row = laps_of(drive((20.0, 25.0)))[1]
    assert row["distance_m"] == pytest.approx(TRACK_M, rel=2e-3)
    assert row["max_speed_mps"] == pytest.approx(40)
    assert row["fuel_used_l"] == pytest.approx(1.2, abs=5e-3)
    assert row["fuel_added_l"] == 0
    assert row["air_temp_c"] == 25
    assert row["track_temp_c"] == 35
    assert row["track_wetness"] == 1
    assert row["position"] == 3
    assert row["record_count"] == pytest.approx(1200, abs=1)


def test_refuelling_counts_as_added_and_not_as_negative_use() -> None:
    frame = drive((20.0, 20.0))
    filled = where(frame, slice(700, None), FuelLevel=pl.col("FuelLevel") + 10)
    row = laps_of(where(filled, slice(650, 800), OnPitRoad=True))[1]
    assert row["fuel_added_l"] == pytest.approx(10, abs=0.01)
    assert row["fuel_used_l"] == pytest.approx(1.2, abs=0.01)
    assert row["fuel_end_l"] == pytest.approx(row["fuel_start_l"] + 10 - 1.2, abs=0.01)


def test_a_rise_of_the_level_on_track_is_no_refuelling() -> None:
    frame = drive((20.0, 20.0))
    sloshing = where(frame, slice(700, 710), FuelLevel=pl.col("FuelLevel") + 0.01)
    row = laps_of(sloshing)[1]
    assert row["fuel_added_l"] == 0
    assert row["fuel_used_l"] == laps_of(frame)[1]["fuel_used_l"]


def test_the_older_name_of_the_track_temperature() -> None:
    row = laps_of(SMALL.rename({"TrackTempCrew": "TrackTemp"}))[1]
    assert row["track_temp_c"] == 35


def test_an_array_channel_gives_its_value_at_the_tick() -> None:
    spread = [pl.col("Speed") * share for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
    array = pl.concat_list(spread).list.to_array(6).alias("Speed")
    assert laps_of(SMALL.with_columns(array)) == laps_of(SMALL)


@pytest.mark.parametrize("name", sorted({channel.name for channel in CHANNELS} - set(REQUIRED)))
def test_laps_are_found_without_any_one_channel(name: str) -> None:
    rows = laps_of(SMALL.drop(name))
    assert [row["lap_number"] for row in rows] == [5, 6, 7, 8, 9]
    assert rows[2]["lap_time_s"] == pytest.approx(8.0, abs=0.1)


def test_laps_are_found_with_the_required_channels_alone() -> None:
    row = laps_of(SMALL.select(REQUIRED))[2]
    assert row["kind"] == "timed"
    unknown = {"incidents", "fuel_used_l", "fuel_added_l", "pit_road_s", "off_track_s", "position"}
    assert {name for name in unknown if row[name] is not None} == set()


def test_the_pits_are_told_by_the_surface_where_pit_road_is_not() -> None:
    frame = where(drive((20.0,)), slice(0, 100), PlayerTrackSurface=1).drop("OnPitRoad")
    assert laps_of(frame)[0]["kind"] == "out"


@pytest.mark.parametrize("name", REQUIRED)
def test_no_laps_without_a_required_channel(name: str) -> None:
    with pytest.raises(MissingChannelError, match=name):
        laps_of(SMALL.drop(name))


@pytest.mark.parametrize("name", ["SessionTime", "Lap"])
def test_no_laps_where_a_required_channel_is_of_another_type(name: str) -> None:
    other = pl.Float64 if name == "Lap" else pl.Boolean
    with pytest.raises(MissingChannelError, match=name):
        laps_of(SMALL.with_columns(pl.col(name).cast(other)))


def test_a_channel_of_another_type_is_as_good_as_absent() -> None:
    damaged = SMALL.with_columns(pl.col("SessionNum").cast(pl.Float32) + math.nan)
    assert laps_of(damaged) == laps_of(SMALL.drop("SessionNum"))


def test_a_file_of_one_record() -> None:
    (row,) = laps_of(SMALL[:1])
    assert (row["kind"], row["record_count"], row["lap_time_s"]) == ("partial", 1, None)


def test_no_records_no_laps() -> None:
    assert laps_of(SMALL.clear()) == []


def test_a_file_of_glitches_has_no_laps() -> None:
    frame = SMALL
    for row in range(frame.height):
        frame = where(frame, slice(row, row + 1), PlayerTrackSurface=-1)
    assert laps_of(frame) == []
    assert laps_of(glitch(SMALL[:1], 0)) == []


FLOATS = [name for name, kind in SMALL.schema.items() if kind in (pl.Float32, pl.Float64)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("name", FLOATS)
def test_a_channel_without_numbers_spoils_no_other(name: str, value: float) -> None:
    rows = laps_of(where(SMALL, slice(None), **{name: value}))
    check(SMALL, rows)
    if name not in REQUIRED:
        assert [row["lap_number"] for row in rows] == [5, 6, 7, 8, 9]
    for row in rows:
        for column, figure in row.items():
            assert not isinstance(figure, float) or math.isfinite(figure), column


def test_one_record_without_a_time_loses_nothing() -> None:
    rows = laps_of(where(SMALL, slice(30, 31), SessionTime=math.nan))
    assert rows == laps_of(SMALL)


def check(frame: pl.DataFrame, rows: list[dict[str, Any]]) -> None:
    """Check invariants of the laps of any records."""
    keys = [(row["stint"], row["lap_number"]) for row in rows]
    assert len(set(keys)) == len(keys)
    after = 0
    for row in rows:
        assert row["kind"] in KINDS
        assert set(row["reasons"]) <= set(REASONS)
        assert row["clean"] == (not row["reasons"])
        assert (row["kind"] == "timed") or not row["clean"]
        assert row["record_count"] >= 1
        assert row["first_record"] >= after
        after = row["first_record"] + row["record_count"]
        assert row["lap_time_s"] is None or row["lap_time_s"] > 0
        assert (row["lap_time_s"] is None) == (row["lap_time_method"] is None)
    assert after <= frame.height


GARBAGE: dict[type[pl.DataType] | pl.DataType, st.SearchStrategy[Any]] = {
    pl.Float64(): st.floats(width=64),
    pl.Float32(): st.floats(width=32),
    pl.Int32(): st.integers(-(2**31), 2**31 - 1),
    pl.UInt32(): st.integers(0, 2**32 - 1),
    pl.Boolean(): st.booleans(),
}
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "Lap": st.integers(-1, 6),
    "LapDistPct": st.sampled_from([0.0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999, 1.0, -0.0002]),
    "SessionTime": st.floats(0, 30),
    "SessionNum": st.integers(0, 2),
    "LapCurrentLapTime": st.floats(0, 20, width=32),
    "LapLastLapTime": st.sampled_from([-1.0, 0.0, 2.0, 3.0]),
    "PlayerTrackSurface": st.integers(-1, 3),
    "Lat": st.sampled_from([0.0, 40.0]),
    "Lon": st.sampled_from([0.0, 10.0]),
}


@st.composite
def mangled(draw: st.DrawFn) -> pl.DataFrame:
    """A drive, or the rows of one in another order, in which some channels hold other values."""
    frame = SMALL.drop("SteeringWheelTorque_ST")
    if draw(st.booleans()):
        rows = draw(st.lists(st.integers(0, frame.height - 1), max_size=40))
        frame = frame[rows]
    for name in draw(st.lists(st.sampled_from(frame.columns), unique=True, max_size=6)):
        kind = frame.schema[name]
        one = PLAUSIBLE.get(name, GARBAGE[kind]) if draw(st.booleans()) else GARBAGE[kind]
        few = draw(st.lists(one, min_size=1, max_size=12))
        first = draw(st.integers(0, frame.height))
        values = np.resize(np.array(few, dtype=frame[name].to_numpy().dtype), frame.height)
        frame = where(frame, slice(first, None), **{name: pl.Series(values, dtype=kind)})
    absent = draw(st.lists(st.sampled_from(frame.columns), unique=True, max_size=3))
    return frame.drop(set(absent) - set(REQUIRED))


@given(mangled())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_records_break_it(frame: pl.DataFrame) -> None:
    check(frame, laps_of(frame))


@given(st.lists(st.sampled_from(range(SMALL.height)), max_size=30))
@settings(max_examples=100, deadline=None)
def test_records_in_any_order_break_nothing(rows: list[int]) -> None:
    check(SMALL[rows], laps_of(SMALL[rows]))
