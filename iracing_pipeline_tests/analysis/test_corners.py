import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import corner_map
from iracing_pipeline.analysis.corner_map import Corner, CornerMap
from iracing_pipeline.analysis.corners import lap_corners
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.track_grid import Grid
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.demo.plan import OffTrack, Reset, Spin
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline_tests.analysis.simulated import PAIRS, measured, practice
from iracing_pipeline_tests.recordings import START, drive

BOUNDARY_M = 15.0
APEX_M = 5.0


@pytest.mark.parametrize("pair", PAIRS)
def test_the_corners_of_a_circuit_are_found_where_they_are(pair: str) -> None:
    session = practice(pair)
    result = session.map.corners

    assert [corner.number for corner in result] == list(range(1, len(result) + 1))
    assert [corner.direction for corner in result] == [c.direction for c in session.circuit.corners]
    for corner, true in zip(result, session.circuit.corners, strict=True):
        assert corner.start_pct * session.grid.length_m == pytest.approx(true.start_m, abs=15)
        assert corner.apex_pct * session.grid.length_m == pytest.approx(true.apex_m, abs=APEX_M)
        assert corner.end_pct * session.grid.length_m == pytest.approx(true.end_m, abs=BOUNDARY_M)
        assert corner.radius_m == pytest.approx(true.radius_m, rel=0.1)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_map_from_another_session_is_the_same_map(pair: str) -> None:
    first, second = practice(pair).map, practice(pair, laps=1, seed=7).map

    assert len(first.corners) == len(second.corners)
    for one, other in zip(first.corners, second.corners, strict=True):
        assert one.start_pct == pytest.approx(other.start_pct, abs=5 / 1000)
        assert one.end_pct == pytest.approx(other.end_pct, abs=5 / 1000)


@pytest.mark.parametrize("pair", PAIRS)
def test_times_in_true_corners_are_recovered(pair: str) -> None:
    session = practice(pair)
    length = session.circuit.length_m
    edges = np.array([m for c in session.circuit.corners for m in (c.start_m, c.end_m)]) / length
    elapsed, _ = session.unrolled.elapsed(edges)
    times = (elapsed[:, 1::2] - elapsed[:, ::2]).round(6)
    numbers = session.unrolled.laps.get_column("lap_number")
    true = [lap.corner_times_s for lap in session.truth.laps if lap.number in set(numbers)]

    assert len(true) == len(times)
    assert np.abs(times - np.array(true, dtype=float)).max() < 0.002


@pytest.mark.parametrize("pair", PAIRS)
def test_corners_and_straights_add_up_to_the_lap_time(pair: str) -> None:
    session = practice(pair)
    sums = session.corners.group_by("lap_number", maintain_order=True).agg(
        (pl.col("time_s") + pl.col("straight_s")).sum().alias("sum")
    )

    assert session.corners.schema == LAP_CORNER.schema
    expected = session.unrolled.laps.get_column("lap_time_s").to_list()
    assert sums.get_column("sum").to_list() == pytest.approx(expected, abs=1e-9)


def test_what_the_driver_did_in_a_corner() -> None:
    session = practice("gt3")
    one = session.corners.filter(pl.col("lap_number") == 2)

    # He brakes before he turns in, is slowest near the apex, and then opens the throttle.
    hairpin = one.row(6, named=True)
    true = session.circuit.corners[6]
    assert true.start_m - 200 < hairpin["brake_point_m"] < true.start_m
    assert hairpin["brake_point_m"] < hairpin["turn_in_m"] < hairpin["apex_m"]
    assert hairpin["apex_m"] == pytest.approx(true.apex_m, abs=6)
    assert hairpin["apex_m"] < hairpin["throttle_on_m"] < true.end_m
    assert hairpin["min_speed_mps"] < hairpin["exit_speed_mps"]
    assert hairpin["min_speed_mps"] < hairpin["entry_speed_mps"]
    assert hairpin["abs_s"] > 0
    assert 0 < hairpin["steering_rad"] < 20


def test_the_brake_point_is_where_the_pedal_moved() -> None:
    # One corner in the middle of the lap; the brake comes up linearly from 0.30 to 0.34.
    records = drive((20.0, 20.0, 20.0))
    pct = pl.col("LapDistPct")
    brake = ((pct - 0.30) / 0.04).clip(0, 1) * (pct < 0.36)
    throttle = ((pct - 0.45) / 0.05).clip(0, 1) + (pct < 0.29)
    frame = records.with_columns(
        Brake=brake.cast(pl.Float32),
        Throttle=throttle.cast(pl.Float32),
        SteeringWheelAngle=(0.8 * (-(((pct - 0.42) / 0.03) ** 2)).exp()).cast(pl.Float32),
        Speed=(40 - 20 * (-(((pct - 0.42) / 0.04) ** 2)).exp()).cast(pl.Float32),
    )
    grid = Grid(800.0, 400, None, 1)
    corner = Corner(1, 0.38, 0.42, 0.50, 1, 1.5, 30.0)
    laps = find_laps(frame, session_key="s", start=START)
    unrolled = unroll(Samples.of(frame), laps, before=0.5)
    corner_rows = lap_corners(frame, unrolled, grid, CornerMap((corner,), 1, clean=True))

    row = corner_rows.row(1, named=True)
    assert row["brake_point_m"] == pytest.approx(800 * (0.30 + 0.05 * 0.04), abs=1.0)
    assert row["peak_brake"] == pytest.approx(1.0, abs=0.02)
    assert row["apex_m"] == pytest.approx(800 * 0.42, abs=2.0)
    assert row["throttle_on_m"] == pytest.approx(800 * (0.45 + 0.2 * 0.05), abs=1.0)
    # A quarter of the peak of a Gaussian of this width.
    assert row["turn_in_m"] == pytest.approx(800 * (0.42 - 0.03 * np.sqrt(np.log(4.0))), abs=1.0)
    coasting = 0.30 + 0.05 * 0.04 - 0.29 + (0.45 + 0.05 * 0.05 - 0.36)
    assert row["coasting_s"] == pytest.approx(20.0 * coasting, abs=0.1)
    assert row["steering_rad"] == pytest.approx(1.6, abs=0.3)
    assert row["abs_s"] is None


def test_a_corner_that_the_line_lies_in() -> None:
    frame = drive((20.0, 20.0, 20.0)).with_columns(Brake=pl.lit(0.0), Throttle=pl.lit(1.0))
    grid = Grid(800.0, 400, None, 1)
    corner_over_line = Corner(1, 0.95, 0.02, 0.05, 1, 1.5, 30.0)
    other = Corner(2, 0.45, 0.5, 0.55, 1, 1.5, 30.0)
    laps = find_laps(frame, session_key="s", start=START)
    unrolled = unroll(Samples.of(frame), laps, before=0.5)
    corner_rows = lap_corners(
        frame, unrolled, grid, CornerMap((corner_over_line, other), 1, clean=True)
    ).filter(pl.col("lap_number") == 7)

    assert corner_rows.get_column("time_s").to_list() == pytest.approx([2.0, 2.0], abs=0.01)
    assert corner_rows.get_column("straight_s").to_list() == pytest.approx([8.0, 8.0], abs=0.01)


def test_an_oval_that_never_runs_straight_has_two_corners() -> None:
    around = np.arange(1000) / 1000
    curvature = 0.010 - 0.006 * np.cos(4 * np.pi * around)  # 1/250 to 1/62
    bends = corner_map._bends(np.roll(curvature, 130), 0.6283)

    assert len(bends) == 2
    assert all(bend.turn > 2.0 for bend in bends)


@pytest.mark.parametrize("lost", [["YawRate"], ["YawRate", "Lat"]])
def test_corners_are_found_without_a_yaw_rate(lost: list[str]) -> None:
    session = practice("formula")
    _, _, _, _, result, _ = measured(session.records.drop(lost), 9102)

    assert [c.direction for c in result.corners] == [c.direction for c in session.map.corners]


def test_mirrored_positions_do_not_move_a_corner() -> None:
    session = practice("formula")
    mirrored = session.records.with_columns(Lat=-pl.col("Lat"))
    _, _, _, grid, result, _ = measured(mirrored, 9102)
    _, _, _, _, by_position, _ = measured(mirrored.drop("YawRate"), 9102)

    assert grid.origin is not None
    assert result == session.map
    # By position alone the sides are swapped, but not the places.
    assert [c.direction for c in by_position.corners] == [-c.direction for c in result.corners]


def test_no_channel_that_tells_turning_no_map() -> None:
    records = drive((20.0, 21.0)).drop("Lat", "Lon")
    laps = find_laps(records, session_key="s", start=START)
    unrolled = unroll(Samples.of(records), laps)

    assert corner_map.find(records, unrolled, Grid(800.0, 400)) is None


def test_a_spin_moves_neither_the_map_nor_other_laps() -> None:
    spun = practice("formula", laps=3, mishaps=(Spin(2, 2),), seed=3)
    calm = practice("formula", laps=3, seed=3)

    assert len(spun.map.corners) == len(calm.map.corners)
    assert spun.map.clean
    for one, other in zip(spun.map.corners, calm.map.corners, strict=True):
        assert one.apex_pct == pytest.approx(other.apex_pct, abs=0.003)
    lap = spun.corners.filter(pl.col("lap_number") == 2)
    assert lap.get_column("time_s").max() > 3.0  # type: ignore[operator]
    total = lap.select(pl.sum("time_s") + pl.sum("straight_s")).item()
    assert total == pytest.approx(
        spun.laps.filter(pl.col("lap_number") == 2).get_column("lap_time_s")[0]
    )


def test_a_session_without_a_clean_lap_gives_a_map_that_is_to_be_replaced() -> None:
    dirty = practice("formula", laps=1, mishaps=(OffTrack(1, 1),), seed=5).map
    clean = practice("formula").map

    assert not dirty.clean
    assert len(dirty.corners) == len(clean.corners)
    assert corner_map.is_better(clean, dirty)
    assert not corner_map.is_better(dirty, clean)
    assert not corner_map.is_better(clean, clean)


def test_a_reset_in_a_lap_leaves_it_out() -> None:
    session = practice("formula", laps=3, resets=(Reset(2, 0.4),), seed=4)

    assert 2 not in session.corners.get_column("lap_number").to_list()
    assert session.corners.height > 0


def test_without_pedals_there_are_still_times() -> None:
    session = practice("formula")
    lean = session.records.select(
        "SessionTime", "Lap", "LapDistPct", "LapDist", "LapCurrentLapTime", "Lat", "Lon"
    )
    _, _, _, _, _, result = measured(lean, 9102)

    assert result.get_column("time_s").null_count() == 0
    for name in ("brake_point_m", "min_speed_mps", "abs_s", "steering_rad", "lock_s"):
        assert result.get_column(name).null_count() == result.height


def test_a_kept_map_comes_back_as_it_was() -> None:
    session = practice("gt3")
    rows = session.map.rows(session.grid, "s")

    assert rows.schema == CORNER_MAP.schema
    assert CornerMap.of_rows(rows) == session.map
    newer = rows.with_columns(version=pl.lit(2, pl.Int16))
    again = CornerMap.of_rows(pl.concat([newer, rows]))
    assert again is not None
    assert again.version == 2
    assert CornerMap.of_rows(CORNER_MAP.frame()) is None


def test_no_lap_no_corner() -> None:
    records = drive((20.0,)).head(200)
    laps = find_laps(records, session_key="s", start=START)
    unrolled = unroll(Samples.of(records), laps)

    corner_rows = lap_corners(records, unrolled, Grid(800.0, 400), CornerMap((), 0, clean=False))
    assert corner_rows.is_empty()
    assert corner_rows.schema == LAP_CORNER.schema
