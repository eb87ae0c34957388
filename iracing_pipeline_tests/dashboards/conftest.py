"""The demo season in a database, and what of it belongs in Prometheus in a real one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

import iracing_pipeline
from iracing_pipeline.ingest.metric_history import Selection, send
from iracing_pipeline.lake import Lake
from iracing_pipeline.metrics.history.channels import chosen
from iracing_pipeline.metrics.history.route import destinations
from iracing_pipeline.settings import MetricSettings
from iracing_pipeline.warehouse import Warehouse, deliveries, reader
from iracing_pipeline_tests.conftest import at_database
from iracing_pipeline_tests.prometheus_server import PROMTOOL, Server, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse import Connection

PROJECT = Path(iracing_pipeline.__file__).parents[1]
RULES = PROJECT / "prometheus" / "rules" / "recording.yml"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo season, loaded.

    Attributes:
        url: The database, as its owner.
        reader_url: The same, as the role that dashboards read with.
        env: The environment that it was made in.
        home: Its data folder.
    """

    url: str
    reader_url: str
    env: dict[str, str]
    home: Path


def as_reader(url: str) -> str:
    """The URL of a database for the role that dashboards read with."""
    with Warehouse(url).connect() as owner:
        reader.set_password(owner, "for tests")
    return f"postgresql://grafana_reader:for%20tests@{url.partition('@')[2]}"


@pytest.fixture
def reader_url(database: str) -> str:
    """A fresh, migrated database, as the role that dashboards read with."""
    return as_reader(database)


@pytest.fixture(scope="session")
def demo(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo season and the demo driver's last seasons, loaded once through the assets."""
    name, home = f"iracing_demo_{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("demo")
    url = at_database(server_url, name)
    env = {key: value for key, value in os.environ.items() if not key.startswith("IRACING_")}
    env |= {"IRACING_HOME": str(home), "IRACING_DATABASE_URL": url}
    env["IRACING_TELEMETRY_DIR"] = str(home / "telemetry")
    env.pop("DAGSTER_HOME", None)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    command = [sys.executable, "-m", "iracing_pipeline_tests.dashboards.load_demo"]
    done = subprocess.run(
        command, env=env, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    yield Demo(url, as_reader(url), env, home)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def demo_prometheus(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prometheus that holds the demo's sessions, and scrapes the demo's metrics endpoint."""
    port = free_port()
    scrape = (
        "scrape_configs:\n  - job_name: iracing\n    static_configs:\n"
        f"      - targets: ['127.0.0.1:{port}']\n"
    )
    command = [sys.executable, "-m", "iracing_pipeline", "metrics", "--port", str(port)]
    endpoint = subprocess.Popen([*command, "--every", "1"], env=demo.env)
    folder = tmp_path_factory.mktemp("prometheus")
    try:
        with running(folder, scrape=scrape, rules=[str(RULES)]) as server:
            _send_sessions(demo, server)
            server.stop()
            server.start()  # finds the blocks at once; else within a minute
            _wait_for_rules(server)
            yield server
    finally:
        endpoint.terminate()
        endpoint.wait(30)


def _send_sessions(demo: Demo, server: Server) -> None:
    settings = MetricSettings(
        prometheus_url=server.url, prometheus_data=server.data, promtool=str(PROMTOOL)
    )
    places, selection = destinations(settings), Selection(chosen(()), settings.hz)
    with Warehouse(demo.url).connect() as connection:
        for session in deliveries.sessions(connection, _keys(connection)).values():
            send(connection, Lake(str(demo.home / "lake")), session, places, selection)


def _keys(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT session_key FROM racing.telemetry_session").fetchall()
    return [key for (key,) in rows]


def _wait_for_rules(server: Server) -> None:
    deadline = time.monotonic() + 90
    while server.value('state:iracing_telemetry_files:sum{state="loaded"}') is None:
        assert time.monotonic() < deadline, "the recording rules have no value"
        time.sleep(0.5)
