"""Laps of others: imported, checked, and kept apart from one's own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.reference import Conditions, OtherTrackError, against
from iracing_pipeline.exchange.garage61 import Garage61Error
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.reference_lap import UnusableReferenceError, add, move_to_grid
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import count, stored
from iracing_pipeline_tests.recordings import START

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

OWN = Conditions(9102, 9202, "Formula Vale", 20.0, 30.0, 1)


@pytest.fixture(scope="module")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("own"), laps=3, seed=41)


@pytest.fixture(scope="module")
def other_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("other"), laps=2, seed=42)


def csv_of(path: Path, folder: Path, *, lap: int = 2, name: str | None = None) -> Path:
    """A lap of a recording as Garage 61 exports it: no time, and its name says the rest."""
    records = IbtFile(path).read()
    table = records.filter(pl.col("Lap") == lap).select(
        "Speed",
        "LapDistPct",
        "Lat",
        "Lon",
        "Brake",
        "Throttle",
        "RPM",
        "SteeringWheelAngle",
        "Gear",
        "Clutch",
        pl.col("BrakeABSactive").alias("ABSActive"),
        pl.lit(value=False).alias("DRSActive"),
        "LatAccel",
        "LongAccel",
        "VertAccel",
        "Yaw",
        "YawRate",
    )
    named = (
        name or "Garage 61 - Zoë M. - Formula Vale - Millbrook Park (Club) - 01.00.123 - 01AB.csv"
    )
    table.filter(pl.col("LapDistPct") >= 0).write_csv(folder / named)
    return folder / named


def test_the_best_lap_of_somebody_is_kept_apart(
    connection: Connection, own_file: Path, other_file: Path
) -> None:
    stored(connection, own_file)
    laps, traces = (count(connection, f"racing.{t}") for t in ("telemetry_lap", "lap_trace"))
    row = add(connection, other_file)

    assert (row["source"], row["car_name"]) == ("ibt", "Formula Vale")
    assert row["elapsed_s"][-1] == row["lap_time_s"]
    assert START < row["driven_at"] < START + timedelta(minutes=10)
    assert count(connection, "grafana.reference_laps") == 1
    assert count(connection, "grafana.reference_lap_points") == row["interval_count"] + 1
    assert (count(connection, "racing.telemetry_lap"), count(connection, "racing.lap_trace")) == (
        laps,
        traces,
    )
    again = add(connection, other_file)
    assert again["reference_key"] == row["reference_key"]
    assert count(connection, "racing.reference_lap") == 1


def test_a_lap_of_garage_61_gets_its_time_back(
    connection: Connection, own_file: Path, tmp_path: Path
) -> None:
    recorded, analysis = stored(connection, own_file)
    row = add(connection, csv_of(own_file, tmp_path), track_id=9102)

    assert (row["driver_name"], row["car_name"]) == ("Zoë M.", "Formula Vale")
    assert (row["lap_time_s"], row["lap_time_method"]) == (60.123, "file_name")
    true = next(
        np.array(trace["elapsed_s"])
        for table, rows in analysis.tables.items()
        if table.name == "racing.lap_trace"
        for trace in rows.rows(named=True)
        if trace["lap_number"] == 2
    )
    # Stretched to the name's lap time, it is the lap's own clock.
    stretched = np.array(row["elapsed_s"]) * true[-1] / 60.123
    assert np.abs(stretched - true).max() < 0.02
    assert row["closure_s"] == pytest.approx(60.123 - true[-1], abs=0.05)
    assert row["rpm"] is not None
    assert row["lf_temp_c"] is None
    assert recorded.laps.height > 0


def test_a_renamed_csv_is_timed_by_integration(
    connection: Connection, own_file: Path, tmp_path: Path
) -> None:
    recorded, _ = stored(connection, own_file)
    row = add(connection, csv_of(own_file, tmp_path, name="fast.csv"), track_id=9102)

    true = recorded.laps.filter(pl.col("lap_number") == 2)["lap_time_s"][0]
    assert row["lap_time_method"] == "integration"
    assert row["lap_time_s"] == pytest.approx(true, rel=1e-3)
    assert row["driver_name"] is None
    assert row["driven_at"] is None


def test_what_cannot_be_compared_is_refused(
    connection: Connection, own_file: Path, other_file: Path, tmp_path: Path
) -> None:
    csv = csv_of(other_file, tmp_path)
    with pytest.raises(UnusableReferenceError, match="load a session of your own"):
        add(connection, csv, track_id=9102)
    stored(connection, own_file)
    with pytest.raises(UnusableReferenceError, match="give its TrackID"):
        add(connection, csv)
    with pytest.raises(OtherTrackError, match="not of 17"):
        add(connection, other_file, track_id=17)
    elsewhere = tmp_path / "elsewhere.csv"
    pl.read_csv(csv).with_columns(pl.col("Lat") + 0.01).write_csv(elsewhere)
    with pytest.raises(OtherTrackError, match="positions lie elsewhere"):
        add(connection, elsewhere, track_id=9102)
    half = tmp_path / "half.csv"
    pl.read_csv(csv).filter(pl.col("LapDistPct") < 0.5).write_csv(half)
    with pytest.raises(Garage61Error, match="choose a whole lap"):
        add(connection, half, track_id=9102)
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Garage61Error, match="Speed, LapDistPct"):
        add(connection, foreign, track_id=9102)
    assert count(connection, "racing.reference_lap") == 0


def test_what_speaks_against_a_comparison_is_said() -> None:
    assert against(OWN, OWN) == []
    other = Conditions(9102, 1, "Kart", 31.0, None, 4)
    assert against(other, OWN) == [
        "another car (Kart)",
        "track temperature unknown",
        "air +11 °C",
        "another or unknown wetness of the track",
    ]
    assert against(Conditions(None, None, "Vale", 20.0, 30.0, 1), OWN) == [
        "perhaps another car (Vale)"
    ]
    with pytest.raises(OtherTrackError):
        against(Conditions(1, None, None, None, None, None), OWN)


def test_a_reference_lap_follows_its_track_to_another_grid(
    connection: Connection, own_file: Path, other_file: Path
) -> None:
    stored(connection, own_file)
    row = add(connection, other_file)
    assert move_to_grid(connection, [row["track_id"]]) == 0
    connection.execute(
        "UPDATE racing.track_grid SET length_m = length_m * 1.1, interval_count = 500"
    )
    assert move_to_grid(connection, [row["track_id"]]) == 1
    moved = connection.execute(
        "SELECT length_m, interval_count, elapsed_s, speed_mps, gear FROM racing.reference_lap"
    ).fetchone()

    assert moved is not None
    assert moved[:2] == (pytest.approx(row["length_m"] * 1.1), 500)
    assert {len(each) for each in moved[2:]} == {501}
    assert moved[2][-1] == row["lap_time_s"]
    assert set(moved[4]) <= set(row["gear"])
    assert max(moved[3]) == pytest.approx(max(row["speed_mps"]), rel=0.01)
    assert move_to_grid(connection, [row["track_id"]]) == 0
