from __future__ import annotations

import base64
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import psycopg
import pytest

from iracing_pipeline.defs.telemetry import assets, checks, lap_metadata
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import lap_analysis
from iracing_pipeline.ingest.telemetry import Telemetry, load
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.defs.conftest import Pipeline, aged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ASSETS = tuple(spec.key.to_user_string() for spec in assets.LINEAGE)


def check_results(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {done.check_name: done.passed for done in result.get_asset_check_evaluations()}


def failure(result: dg.ExecuteInProcessResult) -> Any:
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    return event.step_failure_data


def materialization(pipeline: Pipeline, asset: str, key: str) -> dg.AssetMaterialization:
    records = pipeline.instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[key]), limit=1
    ).records
    event = records[0].asset_materialization
    assert event is not None
    return event


def test_a_batch_becomes_frames_sessions_and_laps(pipeline: Pipeline) -> None:
    paths = [pipeline.record("a.ibt"), pipeline.record("b.ibt", laps=4)]

    (result,) = pipeline.load()

    assert result.success
    assert check_results(result) == {spec.name: True for spec in checks.FILE_CHECKS}
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "loaded"}
    assert pipeline.laps() == {"a.ibt": 4, "b.ibt": 6}
    for asset in ASSETS:
        assert pipeline.materialized(asset) == set(pipeline.keys)
    for path in paths:
        file = IbtFile(path)
        stored = pipeline.lake / "telemetry" / file.session_key / "frames.parquet"
        assert pl.read_parquet(stored).equals(file.read())
        uri = pipeline.rows(
            "SELECT frames_uri FROM racing.telemetry_session"
            f" WHERE session_key = '{file.session_key}'"
        )
        assert uri == [{"frames_uri": str(stored)}]


def test_a_bad_file_fails_alone(pipeline: Pipeline) -> None:
    names = ["a.ibt", "b.ibt", "c.ibt", "d.ibt"]
    for name in names:
        pipeline.record(name)
    pipeline.tick()
    damaged = pipeline.folder / "b.ibt"
    status = damaged.stat()
    damaged.write_bytes(bytes(status.st_size))
    (pipeline.folder / "c.ibt").unlink()

    (result,) = pipeline.run()

    assert not result.success
    assert pipeline.laps() == {"a.ibt": 4, "d.ibt": 4}
    assert pipeline.states == {
        "a.ibt": "loaded",
        "b.ibt": "quarantined",
        "c.ibt": "missing",
        "d.ibt": "loaded",
    }
    good = {pipeline.key_of("a.ibt"), pipeline.key_of("d.ibt")}
    for asset in ASSETS:
        assert pipeline.materialized(asset) == good
    assert {path.split("/")[1] for path in pipeline.frames()} == good, "nothing half-written"
    message = failure(result)
    assert "2 of 4 files" in message.error.message
    assert pipeline.key_of("b.ibt") in message.user_failure_data.metadata["failed"].value
    (entry,) = pipeline.rows("SELECT * FROM ops.quarantine")
    assert entry["item"] == str(damaged)
    assert entry["error_type"] == "NotTelemetryError"
    assert entry["reason"]
    assert "telemetry folder" in entry["advice"]
    assert entry["resolved_at"] is None
    # The checks speak of the good files.
    assert check_results(result) == {spec.name: True for spec in checks.FILE_CHECKS}


def test_a_fault_that_nobody_foresaw_is_of_its_file_alone(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("a.ibt")
    pipeline.record("b.ibt", laps=4)
    analyse = lap_analysis.analyse_laps

    def fails(result: Telemetry, track: lap_analysis.Kept) -> lap_analysis.LapAnalysis:
        if result.facts.file_name == "a.ibt":
            raise IndexError("tuple index out of range")
        return analyse(result, track)

    monkeypatch.setattr(lap_analysis, "analyse_laps", fails)
    pipeline.load()

    assert pipeline.states == {"a.ibt": "quarantined", "b.ibt": "loaded"}
    (entry,) = pipeline.rows("SELECT * FROM ops.quarantine")
    assert entry["reason"] == "IndexError: tuple index out of range"


def test_a_picture_that_cannot_be_drawn_fails_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise IndexError("tuple index out of range")

    monkeypatch.setattr(lap_metadata, "track_map", fails)
    pipeline.record("a.ibt")
    (result,) = pipeline.load()

    assert result.success
    assert pipeline.states == {"a.ibt": "loaded"}
    shown = materialization(pipeline, "lap_traces", pipeline.key_of("a.ibt")).metadata
    assert shown["not shown"].value == "IndexError: tuple index out of range"


def test_sessions_measured_by_an_earlier_grid_are_measured_again(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    pipeline.rows(
        "INSERT INTO racing.track_grid (track_id, length_m, interval_count, session_key)"
        " SELECT track_id, 780, 390, session_key FROM racing.telemetry_session"
    )
    pipeline.record("b.ibt", laps=4)
    pipeline.load()

    assert pipeline.rows("SELECT DISTINCT length_m FROM racing.lap_trace") == [{"length_m": 780.0}]


def test_a_file_without_laps_is_quarantined_and_leaves_nothing(pipeline: Pipeline) -> None:
    recordings.write(pipeline.folder / "a.ibt", names=["SessionTime", "Speed"])
    aged(pipeline.folder / "a.ibt")

    (result,) = pipeline.load()

    assert not result.success
    assert pipeline.states == {"a.ibt": "quarantined"}
    assert pipeline.frames() == {}
    (entry,) = pipeline.rows("SELECT * FROM ops.quarantine")
    assert "LapDistPct" in entry["reason"]
    assert "all channels" in entry["advice"]


def test_a_quarantined_file_that_is_mended_is_loaded_and_its_entry_resolved(
    pipeline: Pipeline,
) -> None:
    path = pipeline.record("a.ibt")
    content = path.read_bytes()
    pipeline.tick()
    path.write_bytes(bytes(len(content)))
    pipeline.run()
    assert pipeline.states == {"a.ibt": "quarantined"}

    path.write_bytes(content)
    pipeline.tick()
    pipeline.time_passes(60)
    pipeline.load()

    assert pipeline.states == {"a.ibt": "loaded"}
    (entry,) = pipeline.rows("SELECT * FROM ops.quarantine")
    assert entry["resolved_at"] is not None


def test_loading_again_changes_nothing(pipeline: Pipeline) -> None:
    for name in ("a.ibt", "b.ibt"):
        pipeline.record(name)
    pipeline.load()
    tables = ("racing.telemetry_session", "racing.telemetry_lap")
    before = [pipeline.rows(f"SELECT xmin, * FROM {table} ORDER BY 2, 3, 4") for table in tables]
    frames = pipeline.frames()
    assert len(frames) == 2

    result = pipeline.materialize(*pipeline.keys)

    assert result.success
    after = [pipeline.rows(f"SELECT xmin, * FROM {table} ORDER BY 2, 3, 4") for table in tables]
    assert after == before, "not even rewritten"
    assert pipeline.frames() == frames
    audit = pipeline.rows(
        "SELECT DISTINCT rows_inserted, rows_updated, rows_deleted FROM ops.load_audit"
        f" WHERE run_id = '{result.run_id}'"
    )
    assert audit == [{"rows_inserted": 0, "rows_updated": 0, "rows_deleted": 0}]


def test_a_session_whose_file_is_gone_is_rebuilt_from_the_lake(pipeline: Pipeline) -> None:
    path = pipeline.record("a.ibt")
    pipeline.load()
    before = pipeline.rows("TABLE racing.telemetry_lap")
    frames = pipeline.frames()
    path.unlink()
    pipeline.rows("DELETE FROM racing.telemetry_lap")
    pipeline.rows("DELETE FROM racing.telemetry_session")

    # Whether or not a look has already found it gone.
    first = pipeline.materialize(*pipeline.keys)
    pipeline.tick()
    assert pipeline.states == {"a.ibt": "missing"}
    second = pipeline.materialize(*pipeline.keys)

    assert first.success
    assert second.success
    assert pipeline.rows("TABLE racing.telemetry_lap") == before
    assert pipeline.frames() == frames
    shown = materialization(pipeline, "ibt_frames", pipeline.keys[0]).metadata
    assert "gone" in str(shown["file"].value)


def test_a_session_that_is_nowhere_any_more_says_so(pipeline: Pipeline) -> None:
    path = pipeline.record("a.ibt")
    pipeline.load()
    path.unlink()
    pipeline.tick()
    shutil.rmtree(pipeline.lake)

    result = pipeline.materialize(*pipeline.keys)

    assert not result.success
    assert "not in the lake" in failure(result).error.message
    assert pipeline.laps() == {"a.ibt": 4}


def test_a_cut_copy_does_not_replace_what_is_loaded(pipeline: Pipeline) -> None:
    path = pipeline.record("a.ibt", laps=6)
    pipeline.load()
    before = (pipeline.rows("TABLE racing.telemetry_lap"), pipeline.frames())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    pipeline.tick()

    result = pipeline.materialize(*pipeline.keys)

    assert result.success, "the frames in the lake are the better source"
    assert (pipeline.rows("TABLE racing.telemetry_lap"), pipeline.frames()) == before
    (row,) = pipeline.rows("SELECT record_count FROM ops.telemetry_file")
    assert row["record_count"] == IbtFile(path).record_count

    shutil.rmtree(pipeline.lake)
    result = pipeline.materialize(*pipeline.keys)

    assert not result.success
    assert pipeline.rows("TABLE racing.telemetry_lap") == before[0]
    assert "Copy the whole file again" in failure(result).error.message


def test_a_file_that_grew_replaces_its_rows(pipeline: Pipeline) -> None:
    path = pipeline.record("a.ibt", laps=6)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    pipeline.tick()
    pipeline.time_passes(60)
    pipeline.load()
    (short,) = pipeline.laps().values()
    path.write_bytes(whole)
    pipeline.tick()
    pipeline.time_passes(5)

    (result,) = pipeline.load()

    assert result.success
    assert short < 8
    assert pipeline.laps() == {"a.ibt": 8}
    assert len(pipeline.keys) == 1, "it is the same session"
    key = pipeline.keys[0]
    stored = pl.read_parquet(pipeline.lake / "telemetry" / key / "frames.parquet")
    assert stored.equals(IbtFile(path).read())


def test_what_a_run_has_read_does_not_pass_for_what_was_written_meanwhile(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pipeline.record("a.ibt", laps=6)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    pipeline.tick()
    pipeline.time_passes(60)
    pipeline.tick()

    def grow_while_loading(*arguments: Any, **options: Any) -> None:
        load(*arguments, **options)
        path.write_bytes(whole)
        pipeline.tick()

    with monkeypatch.context() as patch:
        patch.setattr(assets, "load", grow_while_loading)
        pipeline.run()

    assert pipeline.states == {"a.ibt": "waiting"}
    pipeline.time_passes(60)
    pipeline.load()
    assert pipeline.states == {"a.ibt": "loaded"}
    assert pipeline.laps() == {"a.ibt": 8}


@pytest.mark.parametrize("what", ["replaced", "cut", "locked"])
def test_a_file_that_changes_while_it_is_read_waits(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = pipeline.record("a.ibt")
    pipeline.record("b.ibt")
    whole = path.read_bytes()
    pipeline.tick()

    def changing(file: Path | str) -> IbtFile:
        if str(file) == str(path) and what == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        opened = IbtFile(file)
        if opened.path == path:
            path.write_bytes(bytes(len(whole)) if what == "replaced" else whole[:-9000])
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(assets, "IbtFile", changing)
        (result,) = pipeline.run()

    assert not result.success
    assert pipeline.states == {"a.ibt": "waiting", "b.ibt": "loaded"}
    assert pipeline.laps() == {"b.ibt": 4}
    assert len(pipeline.frames()) == 1
    path.write_bytes(whole)
    aged(path)
    pipeline.tick()
    pipeline.time_passes(60)
    pipeline.load()
    assert pipeline.states == {"a.ibt": "loaded", "b.ibt": "loaded"}


@pytest.mark.parametrize("only", ASSETS)
def test_one_of_the_assets_can_be_made_alone(pipeline: Pipeline, only: str) -> None:
    pipeline.record("a.ibt")
    pipeline.tick()

    result = pipeline.materialize(*pipeline.keys, only=[only])

    assert result.success
    made = {asset for asset in ASSETS if pipeline.materialized(asset)}
    assert made == {only}
    own = {spec.name for spec in checks.FILE_CHECKS if spec.asset_key == dg.AssetKey(only)}
    assert check_results(result) == dict.fromkeys(own, True)
    if only == "ibt_frames":
        assert pipeline.laps() == {}
        assert len(pipeline.frames()) == 1
        assert pipeline.states == {"a.ibt": "ready"}, "its laps are still to be loaded"
    else:
        assert pipeline.laps() == {"a.ibt": 4}
        assert pipeline.frames() == {}
        rows = pipeline.rows("SELECT frames_uri FROM racing.telemetry_session")
        assert rows == [{"frames_uri": None}], "nothing lies there"


def test_a_database_that_fails_for_a_moment_is_tried_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.ibt", "b.ibt"):
        pipeline.record(name)
    pipeline.tick()
    failures = iter([psycopg.OperationalError("server closed the connection unexpectedly")])

    def failing(*arguments: Any, **options: Any) -> None:
        load(*arguments, **options)
        for failure in failures:
            raise failure

    monkeypatch.setattr(assets, "load", failing)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    (result,) = pipeline.run()

    assert result.success
    assert len(result.filter_events(lambda event: event.is_step_up_for_retry)) == 1
    assert pipeline.laps() == {"a.ibt": 4, "b.ibt": 4}
    assert pipeline.rows("TABLE ops.quarantine") == []


def test_what_the_ui_shows_of_a_file(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt", laps=3)
    pipeline.load()
    (key,) = pipeline.keys

    frames = materialization(pipeline, "ibt_frames", key).metadata
    session = materialization(pipeline, "telemetry_sessions", key).metadata
    laps = materialization(pipeline, "telemetry_laps", key).metadata

    file = IbtFile(pipeline.folder / "a.ibt")
    assert frames["dagster/partition_row_count"].value == file.record_count
    schema = frames["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == list(file.channels)
    assert "[s]" in str(schema.columns[0].description)
    assert "at a (Short)" in str(session["session"].value)
    assert session["driver"].value == "Ada Example"
    stamp = datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC).timestamp()
    assert session["start"].value == stamp
    assert f"iracing-pipeline report {key}" in str(session["as one HTML file"].value)
    assert laps["dagster/partition_row_count"].value == 5
    assert str(laps["laps"].value).count("\n") == 6
    for picture in ("lap chart", "speed over distance, fastest clean lap"):
        svg = picture_of(laps, picture)
        assert svg.startswith("<svg")
        assert svg.endswith("</svg>")


def picture_of(metadata: Mapping[str, Any], name: str) -> str:
    _, _, encoded = str(metadata[name].value).partition("base64,")
    return base64.b64decode(encoded.rstrip(")")).decode()


def test_materializations_say_by_which_code_and_from_which_data(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    (key,) = pipeline.keys
    version = f"{key}:{IbtFile(pipeline.folder / 'a.ibt').record_count}"

    tags = materialization(pipeline, "telemetry_laps", key).tags or {}

    assert tags["dagster/code_version"] == "1"
    assert tags["dagster/data_version"] == version
    assert tags["dagster/input_data_version/ibt_frames"] == version
    frames = materialization(pipeline, "ibt_frames", key).tags or {}
    assert frames["dagster/input_data_version/telemetry_files"] == "INITIAL"
