"""The metric assets as Dagster runs them, into a real Prometheus."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from iracing_pipeline.defs.metrics.sensors import metric_sensor
from iracing_pipeline.defs.resources import LakeResource, MetricPlaces, WarehouseResource
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.metric_history import series_of
from iracing_pipeline.metrics.snapshot import Snapshot
from iracing_pipeline.warehouse import Warehouse, deliveries
from iracing_pipeline_tests import real_files, recordings
from iracing_pipeline_tests.defs.conftest import aged
from iracing_pipeline_tests.metrics.history.scripted import serving
from iracing_pipeline_tests.prometheus_server import (
    HOSTED,
    NEEDS_PROMETHEUS,
    PASSWORD,
    USER,
    Server,
    started,
)

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline_tests.defs.conftest import Pipeline


def look(pipeline: Pipeline, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    resources = {"warehouse": WarehouseResource(), "metric_places": MetricPlaces()}
    with dg.build_sensor_context(
        instance=pipeline.instance, cursor=cursor, resources=resources
    ) as context:
        answer = metric_sensor(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def send(pipeline: Pipeline, cursor: str | None = None) -> list[dg.ExecuteInProcessResult]:
    """Make the runs that the sensor asks for."""
    answer = look(pipeline, cursor)
    assert isinstance(answer, dg.SensorResult), answer
    return [
        pipeline.materialize(tags=dict(request.tags), job=str(request.job_name))
        for request in answer.run_requests or []
    ]


def books(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.rows(
        "SELECT h.*, s.start_time, s.end_time FROM ops.metric_history AS h"
        " JOIN racing.telemetry_session AS s USING (session_key) ORDER BY session_key"
    )


def held(server: Server, rows: list[dict[str, Any]]) -> dict[str, int]:
    """Samples that Prometheus has of each session at the times at which it was driven."""
    return {
        row["session_key"]: server.samples(
            row["session_key"], row["start_time"].timestamp(), row["end_time"].timestamp() + 0.1
        )
        for row in rows
    }


@NEEDS_PROMETHEUS
@pytest.mark.skipif(not real_files.recordings(), reason="no real recordings")
def test_real_sessions_are_in_prometheus_at_their_times_however_often_they_are_loaded(
    pipeline: Pipeline, prometheus: Server
) -> None:
    for path in real_files.recordings():
        shutil.copy2(path, pipeline.folder / path.name)
    pipeline.load()

    assert all(result.success for result in send(pipeline))

    rows = books(pipeline)
    assert len(rows) == len(real_files.recordings())
    assert {row["state"] for row in rows} == {"sent"}
    assert all(row["refused"] == 0 < row["accepted"] for row in rows)
    prometheus.stop()
    prometheus.start()
    assert held(prometheus, rows) == {row["session_key"]: row["accepted"] for row in rows}

    # Nothing is due. All of it again all the same: nothing changes.
    assert pipeline.materialized("metric_history") == set(pipeline.keys)
    load = pipeline.rows("SELECT max(id) AS id FROM ops.load_audit")[0]["id"]
    assert isinstance(look(pipeline, cursor=str(load)), dg.SkipReason)
    pipeline.rows("DELETE FROM ops.metric_history")
    assert all(result.success for result in send(pipeline))
    prometheus.stop()
    prometheus.start()
    assert held(prometheus, rows) == {row["session_key"]: row["accepted"] for row in rows}


@NEEDS_PROMETHEUS
def test_values_in_prometheus_are_those_of_the_file(pipeline: Pipeline, prometheus: Server) -> None:
    path = pipeline.record("somewhere.ibt")
    pipeline.load()
    send(pipeline)
    prometheus.stop()
    prometheus.start()

    file = IbtFile(path)
    began = file.facts.start.timestamp()
    frame = file.read(["SessionTime", "Lap", "Speed"])
    since = frame["SessionTime"] - frame["SessionTime"][0]
    for second in (1, 10, 30):
        row = int((since <= second + 0.0005).sum()) - 1
        lap = prometheus.value("iracing_lap", began + second)
        speed = prometheus.value(
            'iracing_speed_meters_per_second{track="somewhere (Short)"}', began + second
        )
        assert lap == frame["Lap"][row]
        assert speed == pytest.approx(frame["Speed"][row], abs=2**-7)


def test_a_server_that_is_down_leaves_a_row_that_is_due_later(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        pass
    monkeypatch.setenv("IRACING_PROMETHEUS_URL", server.url.removesuffix("/api/v1/write"))
    monkeypatch.setattr("time.sleep", lambda _: None)
    pipeline.record("a.ibt")
    pipeline.record("b.ibt")
    pipeline.load()
    before = pipeline.frames()

    results = send(pipeline)

    assert [result.success for result in results] == [False, True]  # the snapshot is not concerned
    written = pipeline.frames().keys() - before.keys()
    assert {path.split("/")[0] for path in written} == {"metrics"}, "what waits takes no disk"
    for row in books(pipeline):
        assert (row["state"], row["accepted"]) == ("waiting", 0)
        assert row["waiting"] > 0
        assert row["retry_at"] > row["tried_at"]
        assert "no connection" in row["note"]
    load = str(pipeline.rows("SELECT max(id) AS id FROM ops.load_audit")[0]["id"])
    assert isinstance(look(pipeline, cursor=load), dg.SkipReason)

    with serving() as server:
        monkeypatch.setenv("IRACING_PROMETHEUS_URL", server.url.removesuffix("/api/v1/write"))
        pipeline.rows("UPDATE ops.metric_history SET retry_at = now()")
        send(pipeline, cursor=load)

    rows = books(pipeline)
    assert [(row["state"], row["attempts"]) for row in rows] == [("sent", 2)] * 2
    for key in pipeline.keys:
        recorded = pipeline.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey("metric_history"), asset_partitions=[key]), limit=9
        )
        assert len(recorded.records) == 1
    assert sum(row["accepted"] for row in rows) == len(server.kept)


def test_what_is_refused_is_counted_and_does_not_stop_the_rest(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("bad.ibt")
    pipeline.record("good.ibt")
    pipeline.load()
    bad = pipeline.key_of("bad.ibt")

    def answer(series: Any, _: int) -> tuple[int, str, dict[str, str]]:
        refused = any(("session", bad) in labels for labels in series)
        return (400, "out of order sample", {}) if refused else (200, "", {})

    with serving(answer) as server:
        monkeypatch.setenv("IRACING_PROMETHEUS_URL", server.url.removesuffix("/api/v1/write"))
        results = send(pipeline)

    assert all(result.success for result in results)
    by_key = {row["session_key"]: row for row in books(pipeline)}
    assert by_key[bad]["accepted"] == 0
    assert by_key[bad]["refused_for"] == {"out_of_order": by_key[bad]["refused"]}
    good = by_key[pipeline.key_of("good.ibt")]
    assert (good["refused"], good["accepted"]) == (0, len(server.kept))


@NEEDS_PROMETHEUS
def test_what_a_hosted_server_has_and_what_it_refused_is_in_the_books_to_the_sample(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    aged(recordings.session(pipeline.folder / "edge.ibt", track="edge", laps=30, start=start))
    pipeline.record("last season.ibt")
    pipeline.load()
    monkeypatch.setenv("IRACING_CLOUD_PUSH_USER", USER)
    monkeypatch.setenv("IRACING_CLOUD_PUSH_TOKEN", PASSWORD)

    for server in started(tmp_path / "cloud", **HOSTED):
        monkeypatch.setenv("IRACING_CLOUD_PUSH_URL", f"{server.url}/api/v1/write")
        assert all(result.success for result in send(pipeline))
        rows = books(pipeline)
        has = held(server, rows)

    # What ended longer ago is not offered at all.
    (row,) = rows
    assert row["session_key"] == pipeline.key_of("edge.ibt")
    with Warehouse(pipeline.database).connect() as connection:
        (session,) = deliveries.sessions(connection, [row["session_key"]]).values()
    expected = series_of(LakeResource().open(), session, MetricPlaces().selection).every(1000)
    assert has == {row["session_key"]: row["accepted"]}
    assert row["refused_for"] == {"too_old": expected.samples - row["accepted"]}
    assert (row["state"], row["waiting"]) == ("sent", 0)
    # Five minutes of ten and a bit are too old.
    assert 0.4 < row["accepted"] / expected.samples < 0.6


def test_a_session_that_grew_is_sent_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    with serving() as server:
        monkeypatch.setenv("IRACING_PROMETHEUS_URL", server.url.removesuffix("/api/v1/write"))
        send(pipeline)
        pipeline.rows("UPDATE racing.telemetry_session SET record_count = record_count + 60")
        assert len(send(pipeline)) == 2
        monkeypatch.setenv("IRACING_METRIC_CHANNELS", "Speed")
        assert len(send(pipeline)) == 2


def test_without_a_place_nothing_is_asked_for_but_the_snapshot(pipeline: Pipeline) -> None:
    pipeline.record("a.ibt")
    pipeline.load()

    (result,) = send(pipeline)

    assert result.success
    snapshot = Snapshot.read(LakeResource().open())
    assert snapshot is not None
    assert 'iracing_best_lap_seconds{car="' in snapshot.text
    cursor = str(snapshot.load)
    skipped = look(pipeline, cursor)
    assert isinstance(skipped, dg.SkipReason)
    assert "IRACING_PROMETHEUS_URL" in str(skipped.skip_message)


def test_the_snapshot_goes_to_the_hosted_server_as_of_now(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.record("a.ibt")
    pipeline.load()
    with serving() as server:
        monkeypatch.setenv("IRACING_CLOUD_PUSH_URL", server.url)
        monkeypatch.setenv("IRACING_CLOUD_PUSH_USER", "1")
        monkeypatch.setenv("IRACING_CLOUD_PUSH_TOKEN", "secret")
        (result,) = send(pipeline)

    assert result.success
    names = {dict(labels)["__name__"] for request in server.requests for labels in request}
    assert {"iracing_best_lap_seconds", "iracing_best_lap_timestamp_seconds"} <= names
    assert all(header["Authorization"].startswith("Basic") for header in server.headers)
