"""Analysis of the laps of a file, stored in the warehouse and read from its views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from iracing_pipeline.analysis.track_evidence import Measurement
from iracing_pipeline.analysis.track_grid import Grid
from iracing_pipeline.demo.plan import OffTrack
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import lap_analysis, telemetry
from iracing_pipeline.ingest.lap_analysis import Kept, LapAnalysis, analyse_laps, kept
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM
from iracing_pipeline.tables.traces import LAP_TRACE, TRACK_GRID, TRACK_MEASUREMENT
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.real_files import each, recordings

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.warehouse.connection import Connection


def length_measured(analysis: LapAnalysis) -> float:
    """The length of the lap by the file itself, which the check ``grids_fit`` compares."""
    return float(analysis.tables[TRACK_MEASUREMENT]["length_m"].item())


def stored(connection: Connection, path: Path) -> tuple[Telemetry, LapAnalysis]:
    """A file analysed and loaded, as the asset does it."""
    recorded = telemetry.analyse(IbtFile(path))
    analysis = analyse_laps(recorded, kept(connection, recorded.track_id))
    telemetry.load(connection, recorded)
    lap_analysis.load(connection, recorded.facts.session_key, analysis)
    connection.commit()
    return recorded, analysis


def count(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def clean_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("clean"), laps=3, seed=31)


def test_a_file_fills_every_table_and_again_changes_nothing(
    connection: Connection, clean_file: Path
) -> None:
    recorded, analysis = stored(connection, clean_file)

    assert {table.name for table in analysis.made} == {"racing.track_grid", "racing.corner_map"}
    filled = {table.name: count(connection, table.name) for table in analysis.tables}
    assert filled == {table.name: rows.height for table, rows in analysis.tables.items()}
    # It was no race, nothing happened in it, and nothing was limited.
    for name in ("race_finding", "race_incident", "penalty_ladder"):
        assert filled.pop(f"racing.{name}") == 0
    assert min(filled.values()) > 0
    _, again = stored(connection, clean_file)
    assert again.made == {}
    changed = connection.execute(
        "SELECT table_name FROM ops.load_audit WHERE partition_key = %s"
        " GROUP BY 1 HAVING sum(rows_updated + rows_deleted) > 0",
        [recorded.facts.session_key],
    ).fetchall()
    assert changed == []


def test_the_grid_and_the_map_of_a_track_are_kept(
    connection: Connection, clean_file: Path, tmp_path: Path
) -> None:
    _, first = stored(connection, clean_file)
    _, second = stored(connection, file_of(tmp_path, laps=2, seed=32))

    assert second.made == {}
    assert second.grid == first.grid
    assert second.corners == first.corners
    assert length_measured(second) == pytest.approx(first.grid.length_m, rel=0.005)  # type: ignore[union-attr]
    assert count(connection, TRACK_GRID.name) == 1
    assert set(second.tables[LAP_TRACE]["interval_count"]) == {first.grid.intervals}  # type: ignore[union-attr]


def test_a_map_of_dirty_laps_is_replaced_by_one_of_clean_laps(
    connection: Connection, clean_file: Path, tmp_path: Path
) -> None:
    dirty = file_of(tmp_path, laps=1, seed=33, mishaps=(OffTrack(1, 1),))
    _, first = stored(connection, dirty)
    _, second = stored(connection, clean_file)

    assert first.corners is not None
    assert second.corners is not None
    assert (first.corners.version, second.corners.version) == (1, 2)
    assert count(connection, CORNER_MAP.name) == 14
    assert set(second.tables[LAP_CORNER]["map_version"]) == {2}
    # Only what was measured by the newest map is shown, until the other is measured again.
    measured = second.tables[LAP_CORNER].height
    assert count(connection, "grafana.lap_corners") == measured
    assert count(connection, "grafana.corners") == 7
    _, again = stored(connection, dirty)
    assert count(connection, "grafana.lap_corners") == measured + again.tables[LAP_CORNER].height


def test_another_length_of_the_lap_is_noticed(connection: Connection, clean_file: Path) -> None:
    recorded, first = stored(connection, clean_file)
    assert first.grid is not None
    longer = Grid.of_length(first.grid.length_m * 1.02)
    kept_by = {key: Measurement(key, longer.length_m, 3) for key in ("a", "b")}
    analysis = analyse_laps(recorded, Kept(longer, None, "a", None, kept_by))

    assert length_measured(analysis) == pytest.approx(first.grid.length_m)
    assert analysis.grid == longer
    assert analysis.made == {}


def test_a_grid_that_its_own_file_contradicts_is_replaced(
    connection: Connection, clean_file: Path
) -> None:
    _, first = stored(connection, clean_file)
    connection.execute("UPDATE racing.track_grid SET length_m = length_m * 1.02")
    _, analysis = stored(connection, clean_file)

    assert analysis.grid == first.grid


def test_points_of_a_trace_are_on_the_map(connection: Connection, clean_file: Path) -> None:
    recorded, analysis = stored(connection, clean_file)
    trace = analysis.tables[LAP_TRACE].row(0, named=True)
    points = connection.execute(
        "SELECT distance_m, elapsed_s, speed_mps, latitude_deg, longitude_deg"
        " FROM grafana.lap_trace_points WHERE session_key = %s AND stint = %s AND lap_number = %s"
        " ORDER BY point",
        [trace["session_key"], trace["stint"], trace["lap_number"]],
    ).fetchall()

    assert len(points) == trace["interval_count"] + 1
    assert points[-1][:2] == (pytest.approx(trace["length_m"]), trace["lap_time_s"])
    assert [point[2] for point in points] == pytest.approx(trace["speed_mps"])
    driven = recorded.records.filter(recorded.records["Lap"] == trace["lap_number"])
    middle = driven.row(driven.height // 2, named=True)
    way = np.hypot(
        [(p[3] - middle["Lat"]) * 111_195 for p in points],
        [(p[4] - middle["Lon"]) * 111_195 * np.cos(np.radians(middle["Lat"])) for p in points],
    )
    assert way.min() < 2.0


def test_rows_go_with_their_laps(connection: Connection, clean_file: Path) -> None:
    _, analysis = stored(connection, clean_file)
    connection.execute("DELETE FROM racing.telemetry_session")

    assert all(count(connection, table.name) == 0 for table in analysis.tables)
    assert count(connection, CORNER_MAP.name) == 7


@each(recordings())
def test_every_real_file_flows_through(connection: Connection, path: Path) -> None:
    recorded, analysis = stored(connection, path)

    traced = recorded.laps["lap_time_s"].count()
    assert analysis.tables[LAP_TRACE].height == traced
    assert count(connection, "grafana.stints") >= 1
    assert count(connection, "grafana.fuel_laps") == recorded.laps.height
    corners = connection.execute(
        "SELECT max(abs(parts - lap_time_s)) FROM (SELECT lap_time_s, sum(time_s + straight_s)"
        " AS parts FROM grafana.lap_corners GROUP BY session_key, stint, lap_number, lap_time_s)"
        " AS lap"
    ).fetchone()
    assert corners is not None
    assert (corners[0] is None) == (traced == 0)
    assert corners[0] is None or corners[0] < 1e-6


def test_the_bins_of_a_damper_are_shown_one_by_one(
    connection: Connection, clean_file: Path
) -> None:
    _, analysis = stored(connection, clean_file)

    kept_row = analysis.tables[DAMPER_HISTOGRAM].row(0, named=True)
    bins = connection.execute(
        "SELECT bin, low_mps, high_mps, middle_mps, share, damper_name"
        " FROM grafana.damper_histograms WHERE damper = %s ORDER BY bin",
        [kept_row["damper"]],
    ).fetchall()
    number, low, high, middle, shares, names = zip(*bins, strict=True)
    assert number == tuple(range(62))
    assert list(low) == [None, *kept_row["edges_mps"]]
    assert list(high) == [*kept_row["edges_mps"], None]
    assert np.allclose(middle, np.arange(-30.5, 31.0) / 100)
    assert list(shares) == kept_row["shares"]
    assert set(names) == {"Left front"}
    zones = connection.execute(
        "SELECT damper, high_rebound + low_rebound + low_bump + high_bump"
        " FROM grafana.damper_zones ORDER BY damper"
    ).fetchall()
    assert [damper for damper, _ in zones] == ["LF", "LR", "RF", "RR"]
    assert [total for _, total in zones] == pytest.approx([1.0] * 4)
