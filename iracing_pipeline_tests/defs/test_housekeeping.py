from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import dagster as dg
import pytest

from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.operations.housekeeping import daily_housekeeping
from iracing_pipeline.defs.resources import (
    LakeResource,
    ResultsFolder,
    TelemetryFolder,
    WarehouseResource,
)
from iracing_pipeline.warehouse.errors import MigrationError
from iracing_pipeline_tests.conftest import at_database, run_statement

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline_tests.defs.conftest import Pipeline


def left(path: Path, days: float) -> Path:
    """A file that was last written some days ago, in a folder that was."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    stamp = time.time() - days * 86_400
    for each in (path, path.parent):
        os.utime(each, (stamp, stamp))
    return path


def test_what_killed_writers_left_is_deleted_and_what_is_being_written_stays(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "prometheus"
    monkeypatch.setenv("IRACING_PROMETHEUS_DATA", str(data))
    lake = pipeline.lake / "telemetry"
    old = [
        left(lake / "killed" / ".frames.parquet.1a2b.partial", 2),
        left(data / "iracing-blocks-killed" / "session.om", 2),
    ]
    kept = [
        left(lake / "writing" / ".frames.parquet.3c4d.partial", 0.1),
        left(lake / "whole" / "frames.parquet", 2),
        left(data / "iracing-blocks-writing" / "session.om", 0.01),
        left(data / "01ABC" / "meta.json", 2),
    ]

    result = defs.resolve_job_def("keep_house").execute_in_process(instance=pipeline.instance)

    assert result.success
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in kept)


def test_it_is_asked_for_daily_without_being_switched_on() -> None:
    assert daily_housekeeping.default_status is dg.DefaultScheduleStatus.RUNNING
    with dg.build_schedule_context() as context:
        assert len(daily_housekeeping.evaluate_tick(context).run_requests or []) == 1


def test_a_tick_does_not_migrate_and_a_run_does(
    server_url: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"iracing_test_{uuid.uuid4().hex[:8]}"
    run_statement(server_url, "CREATE DATABASE {}", name)
    url = at_database(server_url, name)
    monkeypatch.setenv("IRACING_DATABASE_URL", url)
    try:
        with pytest.raises(MigrationError, match="has not been migrated") as refused:
            pipeline.tick()
        assert "iracing-pipeline migrate" in refused.value.advice

        job = defs.resolve_job_def("keep_house")
        assert job.execute_in_process(instance=pipeline.instance).success
        pipeline.tick()
    finally:
        run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


def test_a_resource_takes_its_place_from_its_fields(tmp_path: Path, database: str) -> None:
    assert LakeResource(uri=str(tmp_path)).open().uri("raw", "a", "b") == str(
        tmp_path / "raw" / "a" / "b"
    )
    assert TelemetryFolder(folder=str(tmp_path)).path == tmp_path
    assert ResultsFolder(folder=str(tmp_path)).path == tmp_path
    with WarehouseResource(url=database).connect() as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    assert urlsplit(database).path == f"/{row[0]}"
