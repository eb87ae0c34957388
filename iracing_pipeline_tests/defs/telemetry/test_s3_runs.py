"""Runs in separate processes, two at once, with the lake on S3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iracing_pipeline.defs.telemetry.assets import LINEAGE
from iracing_pipeline.lake import Lake
from iracing_pipeline.local import dagster_home
from iracing_pipeline.settings import Settings
from iracing_pipeline_tests.s3_server import BUCKET, S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline_tests.defs.conftest import Pipeline

ROOT = Path(__file__).parents[3]
ASSETS = ",".join(spec.key.to_user_string() for spec in LINEAGE)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    with s3_server() as server:
        server.make_bucket(BUCKET)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("IRACING_LAKE", f"s3://{BUCKET}/lake")
        yield server


def run(partition: str, home: Path) -> subprocess.Popen[str]:
    """A run of one partition in a process that knows nothing but the instance, as on a machine."""
    command = [sys.executable, "-m", "dagster", "asset", "materialize"]
    what = ["-m", "iracing_pipeline.definitions", "--select", ASSETS, "--partition", partition]
    return subprocess.Popen(
        [*command, *what],
        env={**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_runs_at_once_write_to_an_object_store_and_read_it_back(
    pipeline: Pipeline, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = dagster_home.prepare(Settings.from_env())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        pipeline.instance = instance
        for name in ("a.ibt", "b.ibt"):
            pipeline.record(name)
        pipeline.tick()  # the part of the daemon: it looks, and adds the partitions

        runs = [run(key, home) for key in pipeline.keys]
        told = [each.communicate(timeout=180)[0] for each in runs]

        assert [each.returncode for each in runs] == [0, 0], told
        assert pipeline.materialized("race_debriefs") == set(pipeline.keys)
        loaded = pipeline.laps()
        assert loaded == {"a.ibt": 4, "b.ibt": 4}
        assert server.objects(BUCKET) == [
            f"lake/telemetry/{key}/frames.parquet" for key in sorted(pipeline.keys)
        ]

        # The recording is gone: its session is made again from its frames, by another process.
        (pipeline.folder / "a.ibt").unlink()
        gone = pipeline.key_of("a.ibt")
        pipeline.rows("DELETE FROM racing.telemetry_session WHERE file_name = 'a.ibt'")
        again = run(gone, home)
        output = again.communicate(timeout=180)[0]

    assert again.returncode == 0, output
    assert pipeline.laps() == loaded
    where = pipeline.rows("SELECT DISTINCT frames_uri FROM racing.telemetry_session ORDER BY 1")
    assert [row["frames_uri"] for row in where] == [
        Lake(f"s3://{BUCKET}/lake").uri("telemetry", key, "frames.parquet")
        for key in sorted(pipeline.keys)
    ]
