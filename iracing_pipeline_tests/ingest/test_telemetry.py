from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from iracing_pipeline.analysis.samples import MissingChannelError
from iracing_pipeline.ibt import FileChangedError, IbtFile
from iracing_pipeline.ingest.telemetry import (
    FRAMES,
    KIND,
    ShorterThanLoadedError,
    StoredFrames,
    analyse,
    load,
    store_frames,
)
from iracing_pipeline.lake import Lake, NotInLakeError
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.recordings import INFO, drive, write

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse import Connection


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", durable=False)


@pytest.fixture
def file(tmp_path: Path) -> IbtFile:
    return IbtFile(recordings.session(tmp_path / "a.ibt", laps=3))


def test_frames_in_the_lake_are_the_records_with_their_facts(lake: Lake, file: IbtFile) -> None:
    stored = store_frames(lake, file)

    assert stored.rows == file.record_count
    assert stored.size_bytes == lake.path(KIND, file.session_key, FRAMES).stat().st_size
    source = StoredFrames(lake, file.session_key)
    assert source.facts == file.facts
    assert source.schema == file.schema
    assert source.read(list(file.schema)).equals(file.read())


def test_the_same_file_makes_the_same_bytes(lake: Lake, file: IbtFile) -> None:
    store_frames(lake, file)
    first = lake.read_bytes(KIND, file.session_key, FRAMES)
    store_frames(lake, file)

    assert lake.read_bytes(KIND, file.session_key, FRAMES) == first


def test_the_lake_tells_the_same_as_the_file(lake: Lake, file: IbtFile) -> None:
    store_frames(lake, file)

    first, second = analyse(file), analyse(StoredFrames(lake, file.session_key))

    assert second.session.equals(first.session)
    assert second.laps.equals(first.laps)
    assert second.best_lap == first.best_lap


def test_the_rows_are_those_of_the_tables(file: IbtFile) -> None:
    result = analyse(file)

    assert result.session.schema == TELEMETRY_SESSION.schema
    assert result.laps.schema == TELEMETRY_LAP.schema
    assert result.laps.height == 5
    assert set(result.seconds) == {"read", "analyse"}
    best = result.best_lap
    assert best is not None
    assert best["lap_time_s"] == pytest.approx(20.0, abs=1e-5)
    records = result.records_of(best)
    assert records.height == best["record_count"]
    assert records["Lap"].unique().to_list() == [best["lap_number"]]


def test_a_session_without_a_clean_lap_has_no_best_one(tmp_path: Path) -> None:
    path = recordings.session(tmp_path / "a.ibt", laps=1, PlayerTrackSurface=0)

    assert analyse(IbtFile(path)).best_lap is None


def test_a_file_that_changes_leaves_the_lake_as_it_was(lake: Lake, file: IbtFile) -> None:
    file.path.write_bytes(file.path.read_bytes()[:-5000])

    with pytest.raises(FileChangedError):
        store_frames(lake, file)

    assert not lake.exists(KIND, file.session_key, FRAMES)
    assert lake.local is not None
    assert [path for path in lake.local.rglob("*") if path.is_file()] == []


def test_what_is_not_in_the_lake_says_so(lake: Lake) -> None:
    with pytest.raises(NotInLakeError):
        StoredFrames(lake, "20260307T191533Z-000000000000")


def test_a_recording_without_laps_says_which_channel_it_lacks(tmp_path: Path) -> None:
    recordings.write(tmp_path / "a.ibt", names=["SessionTime", "Lap"])

    with pytest.raises(MissingChannelError, match="LapDistPct"):
        analyse(IbtFile(tmp_path / "a.ibt"))


def test_less_than_is_loaded_is_refused(file: IbtFile) -> None:
    analyse(file, at_least=file.record_count)

    with pytest.raises(ShorterThanLoadedError, match="Nothing was changed") as raised:
        analyse(file, at_least=file.record_count + 1)

    assert str(file.record_count) in raised.value.reason
    assert "Copy the whole file" in raised.value.advice


def test_a_load_is_in_the_callers_transaction(file: IbtFile, connection: Connection) -> None:
    load(connection, analyse(file), frames_uri="there", run_id="run 1")
    sessions = connection.execute("SELECT frames_uri FROM racing.telemetry_session").fetchall()
    connection.rollback()

    assert sessions == [("there",)]
    for table in ("racing.telemetry_session", "racing.telemetry_lap", "ops.load_audit"):
        assert connection.execute(f"TABLE {table}".encode()).fetchall() == []


def test_a_renamed_copy_keeps_the_time_zone(tmp_path: Path, connection: Connection) -> None:
    path = recordings.session(tmp_path / "car_track 2026-03-07 20-15-33.ibt")
    for name in (path.name, "copy.ibt"):
        load(connection, analyse(IbtFile(path.rename(tmp_path / name))))
        path = tmp_path / name
        rows = connection.execute(
            "SELECT file_name, utc_offset_s, start_source FROM racing.telemetry_session"
        ).fetchall()
        assert rows == [(name, 3600, "header")]


def test_a_recorder_without_a_name_has_that_of_the_results(
    tmp_path: Path, connection: Connection
) -> None:
    """In a team event the file may name the team mate alone."""
    info = INFO.replace(" DriverCarIdx: 1", " DriverCarIdx: 1\n DriverUserID: 1001").replace(
        "UserName: Ada Example", "UserName: Team Mate\n   UserID: 2002"
    )
    path = tmp_path / "team.ibt"
    write(path, drive((20.0,)), info=info)
    recorded = analyse(IbtFile(path))
    load(connection, recorded)
    query = "SELECT cust_id, driver_name FROM grafana.telemetry_sessions WHERE session_key = %s"

    def shown() -> object:
        return connection.execute(query, [recorded.facts.session_key]).fetchone()

    assert shown() == (1001, None)
    connection.execute(
        "INSERT INTO racing.member (cust_id, display_name) VALUES (1001, 'Ada Example')"
    )
    assert shown() == (1001, "Ada Example")


def test_a_load_is_written_down(file: IbtFile, connection: Connection) -> None:
    for run in ("first", "second"):
        load(connection, analyse(file), frames_uri=None, run_id=run)

    rows = connection.execute(
        "SELECT run_id, table_name, partition_key, rows_inserted, rows_updated, rows_deleted"
        " FROM ops.load_audit ORDER BY id"
    ).fetchall()
    key = file.session_key
    assert rows == [
        ("first", "racing.telemetry_session", key, 1, 0, 0),
        ("first", "racing.telemetry_lap", key, 5, 0, 0),
        ("second", "racing.telemetry_session", key, 0, 0, 0),
        ("second", "racing.telemetry_lap", key, 0, 0, 0),
    ]


def test_a_row_for_the_lake_is_null_where_nothing_lies_there(file: IbtFile) -> None:
    assert analyse(file).session["frames_uri"].dtype == pl.String
    assert analyse(file).session["frames_uri"].to_list() == [None]
