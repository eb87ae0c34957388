"""Each alert fires in a real Prometheus once its cause is there, and not before.

Causes are made as they come about: files that are bad, a lap time that is not iRacing's, a payload
with a field too many, a server that refuses. Only time is made to pass: by the database's own
stamps, or by a tick of long ago.
"""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from iracing_pipeline.defs.resources import LakeResource, TelemetryFolder, WarehouseResource
from iracing_pipeline.defs.telemetry.sensors import telemetry_folder_sensor
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi, member_documents
from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)
from iracing_pipeline.local.load import load
from iracing_pipeline.local.metrics import serve
from iracing_pipeline.warehouse import Warehouse, api_books
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.local.test_metrics import allow
from iracing_pipeline_tests.metrics.history.scripted import serving
from iracing_pipeline_tests.metrics.test_rules import ALERTS
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, Server, free_port, running

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from iracing_pipeline.settings import Settings

RULES = Path(iracing_pipeline.__file__).parents[1] / "prometheus/rules"
LATER = """
UPDATE ops.telemetry_file SET first_seen_at = first_seen_at - interval '1 hour';
UPDATE ops.api_request SET last_at = last_at - interval '160 days'
"""


class Firing:
    """Alerts that fire, and those that have fired."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.ever: set[str] = set()

    def now(self) -> set[str]:
        result = self._server.query('ALERTS{alertstate="firing"}')
        return {each["metric"]["alertname"] for each in result}

    def wait_for(self, *alerts: str) -> None:
        deadline = time.monotonic() + 60
        while missing := set(alerts) - (firing := self.now()):
            assert time.monotonic() < deadline, f"not fired: {missing}"
            time.sleep(0.3)
        self.ever |= firing


def run(instance: dg.DagsterInstance, job: str, **options: Any) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def(job).execute_in_process(
        instance=instance, raise_on_error=False, **options
    )


def write_bad_files(settings: Settings) -> None:
    """One that is none, one whose lap is not as long as iRacing says, one being written."""
    (settings.telemetry_dir / "foreign.ibt").write_bytes(b"no telemetry")
    frame = recordings.drive([20.0, 20.0], official=[20.02, 20.02], hz=5.0)
    info = recordings.INFO.replace("Somewhere", "b")
    recordings.write(settings.telemetry_dir / "b.ibt", frame, info=info)
    load(settings, [settings.telemetry_dir], lambda _done, _all: None)


def see_a_file_that_is_written(settings: Settings, instance: dg.DagsterInstance) -> None:
    """The sensor sees it; nobody loads it."""
    recordings.session(settings.telemetry_dir / "c.ibt", track="c", closed=False)
    resources = {
        "telemetry_folder": TelemetryFolder(),
        "warehouse": WarehouseResource(),
        "lake": LakeResource(),
    }
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        telemetry_folder_sensor(context)


def ask_an_api_that_has_changed(
    instance: dg.DagsterInstance, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cars have a field more, it allows little, and the login ends soon."""
    cars = member_documents.cars
    with monkeypatch.context() as patch:
        patch.setattr(member_documents, "cars", lambda: [car | {"hovers": True} for car in cars()])
        with FakeDataApi(Career(season_count=1), quota=20) as api:
            for name, value in {
                "CLIENT_ID": CLIENT_ID,
                "CLIENT_SECRET": CLIENT_SECRET,
                "USERNAME": USERNAME,
                "PASSWORD": PASSWORD,
                "DATA_API_URL": api.url,
                "OAUTH_URL": api.oauth_url,
            }.items():
                patch.setenv(f"IRACING_{name}", value)
            assert run(instance, "pull_reference").success
    with Warehouse(database).connect() as connection:
        # As a step writes it down that was logged in by the browser.
        api_books.add(
            connection,
            client="another",
            calls={("results/get", 200): 9},
            quota_limit=240,
            quota_remaining=3,
            login_ends_at=time.time() + 3600,
        )


def send_to_a_server_that_refuses(
    instance: dg.DagsterInstance, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One session it will never take, the next it may take later; a third is not there."""
    instance.add_dynamic_partitions("ibt_files", ["nowhere"])
    with monkeypatch.context() as patch, serving(lambda _, __: (400, "too old", {})) as server:
        patch.setenv("IRACING_PROMETHEUS_URL", server.url.removesuffix("/api/v1/write"))
        assert run(instance, "send_metrics", partition_key=keys[0]).success
        server.answer = lambda _, __: (401, "no", {})
        assert not run(instance, "send_metrics", partition_key=keys[1]).success
        assert not run(instance, "send_metrics", partition_key="nowhere").success


def tick_long_ago(instance: dg.DagsterInstance) -> None:
    """A sensor that last ticked long ago, in vain."""
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__")
    origin = RemoteInstigatorOrigin(repository, "metric_sensor")
    kind = InstigatorType.SENSOR
    state = InstigatorState(origin, kind, InstigatorStatus.DECLARED_IN_CODE)
    instance.add_instigator_state(state)
    for status, ago in ((TickStatus.SKIPPED, 9000), (TickStatus.FAILURE, 8000)):
        failed = status is TickStatus.FAILURE
        instance.create_tick(
            TickData(
                instigator_origin_id=state.instigator_origin_id,
                instigator_name="metric_sensor",
                instigator_type=kind,
                status=status,
                error=SerializableErrorInfo("down", [], None) if failed else None,
                timestamp=time.time() - ago,
                selector_id=state.selector_id,
            )
        )


def hang_and_close(
    firing: Firing, settings: Settings, server_url: str, stop_endpoint: Callable[[], None]
) -> None:
    """A table that is locked, a database that lets nobody in, an endpoint that has ended."""
    assert settings.database_url
    with psycopg.connect(settings.database_url) as connection:
        # The look at what is last known after a load waits for this, in vain.
        connection.execute("LOCK TABLE racing.telemetry_session")
        with psycopg.connect(settings.database_url) as other:
            other.execute(
                "INSERT INTO ops.load_audit (table_name, started_at, finished_at, rows_inserted,"
                " rows_updated, rows_deleted, seconds, bytes)"
                " VALUES ('racing.telemetry_lap', now(), now(), 0, 1, 0, 0, 0)"
            )
        firing.wait_for("IracingSourceDown")
    allow(server_url, settings.database_url, connections=False)
    try:
        firing.wait_for("IracingDatabaseDown")
    finally:
        allow(server_url, settings.database_url, connections=True)
    stop_endpoint()
    firing.wait_for("IracingExporterDown")


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

    def stop_endpoint() -> None:
        stop.set()
        thread.join(20)

    scrape = {"job_name": "iracing", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    options = {
        "scrape": f"scrape_configs: [{json.dumps(scrape)}]\n",
        "rules": [str(tmp_path / name) for name in ("recording.yml", "alerts.yml")],
    }
    try:
        assert ready.wait(30)
        with running(tmp_path / "prometheus", **options) as server:
            firing = Firing(server)
            while not server.query("iracing_dagster_runs_total"):
                time.sleep(0.3)
            time.sleep(3)
            assert firing.now() == set()

            write_bad_files(settings)
            with dg.DagsterInstance.get() as instance:
                see_a_file_that_is_written(settings, instance)
                ask_an_api_that_has_changed(instance, settings.database_url, monkeypatch)
                keys = list(instance.get_dynamic_partitions("ibt_files"))
                send_to_a_server_that_refuses(instance, keys, monkeypatch)
                tick_long_ago(instance)
            with psycopg.connect(settings.database_url) as connection:
                connection.execute(LATER.encode())
            monkeypatch.setattr(
                "iracing_pipeline.metrics.pipeline.shutil.disk_usage",
                lambda _: type("Usage", (), {"free": 1e9, "total": 1e12})(),
            )
            down = {"IracingSourceDown", "IracingDatabaseDown", "IracingExporterDown"}
            firing.wait_for(*(set(ALERTS) - down))
            hang_and_close(firing, settings, server_url, stop_endpoint)
            assert firing.ever == set(ALERTS)
    finally:
        stop_endpoint()
