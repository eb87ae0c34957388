"""Each alert fires in a real Prometheus once its cause is there, and not before."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import psycopg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    TickData,
    TickStatus,
)
from dagster_shared.error import SerializableErrorInfo

import iracing_pipeline
from iracing_pipeline.definitions import defs
from iracing_pipeline.local.load import load
from iracing_pipeline.local.metrics import serve
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.local.test_metrics import allow
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, Server, free_port, running

if TYPE_CHECKING:
    import pytest

    from iracing_pipeline.settings import Settings

RULES = Path(iracing_pipeline.__file__).parents[1] / "prometheus/rules"
CAUSES = """
INSERT INTO ops.telemetry_file (path, file_name, size_bytes, modified_at, state, unchanged_since,
    first_seen_at, last_seen_at, attempts)
VALUES ('/x.ibt', 'x.ibt', 1, now(), 'waiting', now(), now() - interval '1 hour', now(), 0);
INSERT INTO ops.quarantine (source, item, fingerprint, reason)
VALUES ('telemetry', 'y', '1', 'bad');
INSERT INTO ops.api_state (client, quota_limit, quota_remaining, quota_at, token_expires_at)
VALUES ('c', 240, 3, now(), now() + interval '1 hour');
INSERT INTO ops.api_request (endpoint, status, requests, last_at)
VALUES ('results/get', 200, 9, now() - interval '160 days');
INSERT INTO ops.metric_history (session_key, destination, selection, record_count, state, accepted,
    refused, waiting, refused_for, attempts, tried_at, retry_at, seconds)
VALUES ('s', 'prometheus', 'd', 1, 'waiting', 0, 5, 7, '{"too_old": 5}', 1, now(), now(), 0);
UPDATE racing.telemetry_lap SET residual_s = 0.02 WHERE residual_s IS NOT NULL;
INSERT INTO ops.load_audit (table_name, started_at, finished_at, rows_inserted, rows_updated,
    rows_deleted, seconds, bytes) VALUES ('racing.telemetry_lap', now(), now(), 0, 1, 0, 0, 0)
"""


def firing(server: Server) -> set[str]:
    return {each["metric"]["alertname"] for each in server.query('ALERTS{alertstate="firing"}')}


def wait_for(server: Server, *alerts: str) -> None:
    deadline = time.monotonic() + 40
    while missing := set(alerts) - firing(server):
        assert time.monotonic() < deadline, f"not fired: {missing}"
        time.sleep(0.3)


def tick(instance: dg.DagsterInstance) -> None:
    """A sensor that last ticked long ago, in vain."""
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__")
    origin = RemoteInstigatorOrigin(repository, "metric_sensor")
    kind = InstigatorType.SENSOR
    state = InstigatorState(origin, kind, InstigatorStatus.DECLARED_IN_CODE)
    instance.add_instigator_state(state)
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name="metric_sensor",
            instigator_type=kind,
            status=TickStatus.SKIPPED,
            timestamp=time.time() - 9000,
            selector_id=state.selector_id,
        )
    )
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name="metric_sensor",
            instigator_type=kind,
            status=TickStatus.FAILURE,
            error=SerializableErrorInfo("down", [], None),
            timestamp=time.time() - 8000,
            selector_id=state.selector_id,
        )
    )


def fail_run_and_checks(instance: dg.DagsterInstance) -> None:
    for asset, check in (("subsessions", "fields_known"), ("telemetry_laps", "laps_close")):
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(asset), check_name=check, passed=False, metadata={}
            )
        )
    instance.add_dynamic_partitions("ibt_files", ["nowhere"])
    done = defs.resolve_job_def("send_metrics").execute_in_process(
        instance=instance, partition_key="nowhere", raise_on_error=False
    )
    assert not done.success


@NEEDS_PROMETHEUS
def test_alerts_fire_when_their_cause_is_there(
    settings: Settings, server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iracing_pipeline.metrics.sources.PATIENCE_MS", 500)
    recordings.session(settings.telemetry_dir / "a.ibt", track="a")
    load(settings, [settings.telemetry_dir], lambda _done, _all: None)
    assert settings.database_url
    for path in RULES.glob("*.yml"):  # at once, not after minutes
        text = re.sub(r"^ +(for|interval): .*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    port, stop, ready = free_port(), threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve,
        args=(settings, lambda _: ready.set()),
        kwargs={"port": port, "every_s": 0.3, "stop": stop},
    )
    thread.start()
    scrape = {"job_name": "iracing", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    options = {
        "scrape": f"scrape_configs: [{json.dumps(scrape)}]\n",
        "rules": [str(tmp_path / name) for name in ("recording.yml", "alerts.yml")],
    }
    try:
        assert ready.wait(30)
        with running(tmp_path / "prometheus", **options) as server:
            while not server.query("iracing_dagster_runs_total"):
                time.sleep(0.3)
            time.sleep(3)
            assert firing(server) == set()

            with psycopg.connect(settings.database_url) as connection:
                connection.execute(CAUSES.encode())
            with dg.DagsterInstance.get() as instance:
                fail_run_and_checks(instance)
                tick(instance)
            monkeypatch.setattr(
                "iracing_pipeline.metrics.pipeline.shutil.disk_usage",
                lambda _: type("Usage", (), {"free": 1e9, "total": 1e12})(),
            )
            wait_for(
                server,
                "IracingSessionNotLoaded",
                "IracingQuarantineGrowing",
                "IracingApiQuotaLow",
                "IracingTokenExpiring",
                "IracingClientIdle",
                "IracingSchemaDrift",
                "IracingCheckFailed",
                "IracingClosureResidual",
                "IracingRunFailed",
                "IracingSensorSilent",
                "IracingSensorFailing",
                "IracingHistoryWaiting",
                "IracingHistoryRefused",
                "IracingDiskLow",
            )
            with psycopg.connect(settings.database_url) as connection:
                # The next look at what is last known waits for this, in vain.
                connection.execute("LOCK TABLE racing.telemetry_session")
                with psycopg.connect(settings.database_url) as other:
                    other.execute(CAUSES.rsplit(";", maxsplit=1)[-1].encode())
                wait_for(server, "IracingSourceDown")
            allow(server_url, settings.database_url, connections=False)
            try:
                wait_for(server, "IracingDatabaseDown")
            finally:
                allow(server_url, settings.database_url, connections=True)
            stop.set()
            thread.join(20)
            wait_for(server, "IracingExporterDown")
    finally:
        stop.set()
        thread.join(20)
