import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import traces, track_grid
from iracing_pipeline.analysis.delta import GridMismatchError, compare, delta
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.track_evidence import lengths
from iracing_pipeline.analysis.track_grid import Grid
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.tables.traces import LAP_TRACE, TRACE_CHANNELS, Between
from iracing_pipeline_tests.recordings import START, TRACK_M, drive, glitch, where

GRID = Grid(TRACK_M, 400, (40.0, 10.0), 17)


def traced(records: pl.DataFrame, grid: Grid = GRID) -> pl.DataFrame:
    laps = find_laps(records, session_key="s", start=START)
    return traces.lap_traces(records, unroll(Samples.of(records), laps), grid)


def test_a_lap_is_traced_from_line_to_line_and_closes_to_its_lap_time() -> None:
    trace = traced(drive((20.0, 21.0)))

    assert trace.schema == LAP_TRACE.schema
    assert trace.get_column("lap_number").to_list() == [6, 7]
    for row in trace.rows(named=True):
        elapsed = np.array(row["elapsed_s"])
        assert len(elapsed) == 401
        assert elapsed[0] == 0.0
        assert elapsed[-1] == row["lap_time_s"]
        assert (np.diff(elapsed) > 0).all()
    # The car goes round at constant speed, so the clock is known at each point.
    first = np.array(trace.row(0, named=True)["elapsed_s"])
    assert np.abs(first - np.linspace(0, 20.0, 401)).max() < 5e-4


def test_a_constant_lag_of_the_lap_distance_cancels() -> None:
    records = drive((20.0, 21.0))
    pct = records.get_column("LapDistPct").to_numpy()
    late = records.with_columns(LapDistPct=pl.Series((pct - 0.0145 / 20) % 1, dtype=pl.Float32))
    # The lap is counted by the line, so the wrap may come a record after it.
    trace = traced(late)

    assert trace.height == 2
    first = np.array(trace.row(0, named=True)["elapsed_s"])
    assert np.abs(first - np.linspace(0, 20.0, 401)).max() < 1e-3
    assert trace.get_column("closure_s").abs().max() < 1e-3  # type: ignore[operator]


def test_the_line_is_crossed_without_a_jump() -> None:
    ramp = (pl.int_range(pl.len()) * 0.01).cast(pl.Float32)
    trace = traced(drive((20.0, 21.0)).with_columns(Speed=ramp))

    first, second = trace.get_column("speed_mps").to_list()
    assert first[-1] == pytest.approx(second[0], abs=0.02)
    assert np.diff(np.array(first)).max() < 0.1


def test_gears_are_held_and_not_interpolated() -> None:
    rows = pl.int_range(pl.len())
    trace = traced(drive((20.0, 21.0)).with_columns(Gear=2 + 2 * (rows // 300 % 2)))

    assert set(trace.get_column("gear").explode()) == {2, 4}


def test_an_angle_takes_the_shorter_arc() -> None:
    records = drive((20.0, 21.0))
    turned = 7 * 2 * np.pi * records.get_column("LapDistPct").to_numpy().astype(float)
    trace = traced(records.with_columns(Yaw=pl.Series((turned + np.pi) % (2 * np.pi) - np.pi)))

    yaw = np.array(trace.get_column("yaw_rad").to_list()[0])
    expected = 7 * 2 * np.pi * GRID.pct
    off = (yaw - expected + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(off).max() < 0.01


def test_channels_that_a_file_lacks_are_null_and_not_zero() -> None:
    records = drive((20.0, 21.0)).drop("Speed", "Lat", "Lon")
    trace = traced(records)

    assert trace.height == 2
    assert trace.get_column("speed_mps").null_count() == 2
    assert trace.get_column("east_m").null_count() == 2
    assert trace.get_column("abs_active").null_count() == 2


def test_positions_are_metres_from_the_origin_whatever_the_sign() -> None:
    records = drive((20.0, 21.0))
    mirrored = traced(
        records.with_columns(Lon=-pl.col("Lon"), Lat=-pl.col("Lat")), Grid(TRACK_M, 400, (-40, -10))
    )
    trace = traced(records)

    east, north = (np.array(trace.get_column(name).to_list()[0]) for name in ("east_m", "north_m"))
    assert np.hypot(east[0], north[0]) == pytest.approx(
        1e-3 * np.pi / 180 * 6_371_008.8 * np.cos(np.radians(40.0)), abs=0.2
    )
    assert np.allclose(mirrored.get_column("east_m").to_list()[0], -east, atol=0.02)


def test_a_car_that_stands_and_rolls_back_gets_to_each_place_once() -> None:
    # It stands for two seconds in lap 6 and rolls back by half a percent of the lap.
    records = drive((20.0, 21.0))
    pct = records.get_column("LapDistPct").to_numpy().astype(float)
    at = 8 * 60 + 600
    pct[at : at + 120] = pct[at] - 0.005 * np.sin(np.linspace(0, np.pi, 120))
    back = pct[at + 120] - pct[at]
    pct[at + 120 : at + 480] -= back * np.linspace(1, 0, 360)
    trace = traced(records.with_columns(LapDistPct=pl.Series(pct, dtype=pl.Float32)))

    elapsed = np.array(trace.get_column("elapsed_s").to_list()[0])
    assert (np.diff(elapsed) > 0).all()
    assert np.diff(elapsed).max() > 1.4  # it rolled on before it was back where it had stood
    assert elapsed[-1] == pytest.approx(20.0, abs=1e-6)


def test_a_lap_with_a_reset_in_it_is_not_traced() -> None:
    records = drive((20.0, 21.0, 20.5))
    row = 8 * 60 + 30 * 60
    elsewhere = (pl.col("LapDistPct") + 0.4) % 1.0
    records = glitch(where(records, slice(row, row + 400), LapDistPct=elsewhere), row)

    assert traced(records).get_column("lap_number").to_list() == [6, 8]


def test_records_before_the_line_belong_to_the_lap_before() -> None:
    records = drive((20.0, 21.0))
    laps = find_laps(records, session_key="s", start=START)
    unrolled = unroll(Samples.of(records), laps, before=0.3)

    places = np.array([-0.25, 0.0])
    times = unrolled.look_up(unrolled.times, places, Between.CONTINUOUS)
    assert times[1, 1] - times[1, 0] == pytest.approx(0.25 * 20.0, abs=1e-3)
    assert unrolled.reaches(-0.25).tolist() == [True, True]
    assert unroll(Samples.of(records), laps).reaches(-0.25).tolist() == [False, False]


def test_damage_in_one_lap_leaves_the_others_alone() -> None:
    records = where(drive((20.0, 21.0, 22.0)), slice(1000, 1060), LapDistPct=float("nan"))

    assert traced(records).get_column("lap_number").to_list() == [7, 8]


def test_the_grid_is_measured_better_than_the_session_info_says() -> None:
    records = drive((20.0,))
    pct = records.get_column("LapDistPct")
    grid = grid_of(records.with_columns(LapDist=pct * 575.24), 580.0)

    assert grid is not None
    assert (grid.length_m, grid.intervals) == (575.24, 288)
    without = grid_of(records.drop("Speed", "Lat", "Lon"), 580.0)
    assert without is not None
    assert without.length_m == 580.0
    assert grid_of(records.drop("Speed", "Lat", "Lon"), None) is None


def grid_of(records: pl.DataFrame, declared_m: float | None) -> Grid | None:
    measured_lengths = lengths(records, Samples.of(records), declared_m)
    return track_grid.measure(records, measured_lengths, track_id=17)


@pytest.mark.parametrize("length", [120.0, 675.3, 2999.0, 3001.0, 7004.0, 20_832.0])
def test_every_point_of_the_grid_is_a_point_of_the_fine_grid(length: float) -> None:
    grid = Grid.of_length(length)

    assert grid.fine.step_m <= 2.01
    assert grid.fine.intervals % grid.intervals == 0
    assert grid.intervals <= 1200


def test_delta_ends_at_the_difference_of_the_lap_times() -> None:
    lap, reference = traced(drive((21.25, 20.0))).rows(named=True)

    behind = delta(lap, reference)
    assert behind[0] == 0.0
    assert behind[-1] == lap["lap_time_s"] - reference["lap_time_s"] == pytest.approx(1.25)
    table = compare(lap, reference)
    assert table.get_column("distance_m")[-1] == TRACK_M
    assert table.get_column("elapsed_s")[-1] == reference["lap_time_s"]


def test_laps_of_different_tracks_are_not_compared() -> None:
    lap, reference = traced(drive((21.25, 20.0))).rows(named=True)

    with pytest.raises(GridMismatchError, match="one track configuration"):
        delta(lap, {**reference, "track_id": 18})
    with pytest.raises(GridMismatchError):
        delta(lap, {**reference, "interval_count": 300})


def test_a_traced_lap_is_small() -> None:
    columns = [each for each in TRACE_CHANNELS if each.dtype == pl.Float32]

    longest = Grid.of_length(25_378.0).intervals + 1
    assert longest * (8 + 4 * (2 + len(columns)) + 2 + 1) < 125_000  # before it is packed
