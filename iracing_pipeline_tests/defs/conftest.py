"""The pipeline on a folder, a lake and a separate database, run in this process."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import pytest
from psycopg.rows import dict_row

from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.resources import LakeResource, TelemetryFolder, WarehouseResource
from iracing_pipeline.defs.telemetry.partitions import RANGE_END, RANGE_START, ibt_files
from iracing_pipeline.defs.telemetry.sensors import telemetry_folder_sensor
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from polars._typing import IntoExpr

PARTITIONS = str(ibt_files.name)


@dataclass
class Pipeline:
    """A telemetry folder, and what has become of its files."""

    folder: Path
    lake: Path
    database: str
    instance: dg.DagsterInstance
    requests: list[dg.RunRequest] = field(default_factory=list)

    def record(self, name: str, **values: IntoExpr) -> Path:
        """A file of a separate session, last written an hour ago."""
        track = name.removesuffix(".ibt")
        path = recordings.session(self.folder / name, track=track, **values)  # type: ignore[arg-type]  # some are options
        return aged(path)

    def tick(self) -> dg.SensorResult | dg.SkipReason:
        """Let the sensor look at the folder once."""
        resources = {
            "telemetry_folder": TelemetryFolder(),
            "warehouse": WarehouseResource(),
            "lake": LakeResource(),
        }
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            answer = telemetry_folder_sensor(context)
        assert isinstance(answer, dg.SensorResult | dg.SkipReason)
        if isinstance(answer, dg.SensorResult):
            for request in answer.dynamic_partitions_requests or []:
                self.instance.add_dynamic_partitions(PARTITIONS, list(request.partition_keys))
            self.requests += answer.run_requests or []
        return answer

    def run(self) -> list[dg.ExecuteInProcessResult]:
        """Make the runs that the sensor asked for."""
        results = [self.materialize(tags=dict(request.tags)) for request in self.requests]
        self.requests.clear()
        return results

    def load(self) -> list[dg.ExecuteInProcessResult]:
        """Load what is ready."""
        self.tick()
        return self.run()

    def materialize(
        self,
        *keys: str,
        only: Sequence[str] | None = None,
        tags: dict[str, str] | None = None,
        job: str = "load_telemetry",
    ) -> dg.ExecuteInProcessResult:
        """Make a run for some partitions that stand beside each other."""
        if keys:
            tags = {RANGE_START: keys[0], RANGE_END: keys[-1]}
        return defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            tags=tags,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(name) for name in only] if only else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    @property
    def keys(self) -> list[str]:
        """The partitions, in the order in which they were added."""
        return list(self.instance.get_dynamic_partitions(PARTITIONS))

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Execute a statement and commit; return the rows."""
        with psycopg.connect(self.database, row_factory=dict_row) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @property
    def states(self) -> dict[str, str]:
        """File name to state."""
        rows = self.rows("SELECT file_name, state FROM ops.telemetry_file ORDER BY file_name")
        return {row["file_name"]: row["state"] for row in rows}

    def key_of(self, name: str) -> str:
        """The session in a file."""
        rows = self.rows(f"SELECT session_key FROM ops.telemetry_file WHERE file_name = '{name}'")
        return str(rows[0]["session_key"])

    def laps(self) -> dict[str, int]:
        """File name of each loaded session to its laps."""
        rows = self.rows(
            "SELECT file_name, count(lap_number) AS laps FROM racing.telemetry_session"
            " LEFT JOIN racing.telemetry_lap USING (session_key) GROUP BY file_name ORDER BY 1"
        )
        return {row["file_name"]: row["laps"] for row in rows}

    def frames(self) -> dict[str, bytes]:
        """Path in the lake to content, of all files there."""
        return {
            str(path.relative_to(self.lake)): path.read_bytes()
            for path in sorted(self.lake.rglob("*"))
            if path.is_file()
        }

    def time_passes(self, seconds: int) -> None:
        """Put the times of the last looks and requests into the past."""
        self.rows(
            "UPDATE ops.telemetry_file SET"
            f" unchanged_since = unchanged_since - interval '{seconds} s',"
            f" first_seen_at = first_seen_at - interval '{seconds} s',"
            f" requested_at = requested_at - interval '{seconds} s'"
        )

    def materialized(self, asset: str) -> set[str]:
        """The partitions of an asset that Dagster shows as materialized."""
        return set(self.instance.get_materialized_partitions(dg.AssetKey(asset)))


def aged(path: Path, age_s: float = 3600) -> Path:
    stamp = time.time() - age_s
    os.utime(path, (stamp, stamp))
    return path


@pytest.fixture
def pipeline(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A pipeline with an empty folder."""
    folder, lake = tmp_path / "telemetry", tmp_path / "lake"
    folder.mkdir()
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRACING_TELEMETRY_DIR", str(folder))
    monkeypatch.setenv("IRACING_LAKE", str(lake))
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(folder, lake, database, instance)
