"""What a real Prometheus holds of every session, beside what was recorded; done as a user would.

Run: python -m benchmarks.history_in_prometheus [FOLDER ...]

Starts Prometheus as ``prometheus/prometheus.yml`` says, but for the ports; loads the demo season
and the folders by ``demo --exit`` and ``load``; then ``up``, whose sensor sends the sessions, and
``metrics``. Each sample of each session in the lake is compared with what Prometheus returns: once
the blocks are there, after a restart, and after everything was loaded and sent again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.metrics import row
from iracing_pipeline.ingest.metric_history import Selection, series_of
from iracing_pipeline.lake import Lake
from iracing_pipeline.metrics.history.channels import DEFAULT
from iracing_pipeline.warehouse import deliveries
from iracing_pipeline_tests.prometheus_server import Server, free_port

if TYPE_CHECKING:
    from iracing_pipeline.metrics.history.series import SessionSeries
    from iracing_pipeline.warehouse.connection import Connection

SHIPPED = Path(__file__).parents[1] / "prometheus"
QUESTIONS = (
    "count by (track) (max by (session, track) (max_over_time(iracing_lap[20y])))",
    "max by (car) (max_over_time(iracing_speed_meters_per_second[20y]))",
    "sum(count_over_time(iracing_speed_meters_per_second[20y]))",
)
OF_THE_PIPELINE = (
    'iracing_dagster_runs_total{outcome="success"} > 0',
    "iracing_dagster_step_last_seconds",
    "instigator:iracing_dagster_tick_age_seconds:min",
    "step:iracing_step_seconds:p95",
    "asset:iracing_asset_age_seconds:min",
    "destination_state:iracing_history_sessions:sum",
    "destination:iracing_history_accepted_samples:sum",
    "category:iracing_irating:last1d",
    'up{job="iracing"}',
)


@dataclass(slots=True)
class Machine:
    """A data folder, its Prometheus, and the command line on both."""

    home: Path
    server: Server
    environment: dict[str, str]

    def say(self, *arguments: str) -> None:
        """Run a command; its last lines are printed."""
        began = time.perf_counter()
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.perf_counter() - began
        print(
            f"\n$ iracing-pipeline {' '.join(arguments)}    ({took:.0f} s, exit {done.returncode})"
        )
        print("\n".join((done.stdout or done.stderr).strip().splitlines()[-3:]), flush=True)
        # The exit code 1 of `load` says that a file was refused, and there may be such.
        if done.returncode and arguments[0] != "load":
            raise RuntimeError(done.stderr[-2000:])

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on."""
        print(f"\n$ iracing-pipeline {' '.join(arguments)} &", flush=True)
        with (self.home / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                self.command(*arguments), env=self.environment, stdout=log, stderr=log
            )

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """A command as a list."""
        return [sys.executable, "-m", "iracing_pipeline", *arguments]

    def database(self) -> Connection:
        """A connection to the database."""
        done = subprocess.run(
            self.command("dsn"), env=self.environment, capture_output=True, text=True, check=True
        )
        return psycopg.connect(done.stdout.strip(), autocommit=True)


def prometheus(folder: Path, endpoint: int) -> Server:
    """A server with the shipped configuration, but for the ports."""
    server = Server(folder, port=free_port(), config=(SHIPPED / "prometheus.yml"))
    server.replace = {
        ":9410": f":{endpoint}",
        ":9090": f":{server.port}",
        "rules/*.yml": str(SHIPPED / "rules/*.yml"),
    }
    server.start()
    return server


def sent(connection: Connection) -> Counter[str]:
    """Sessions by what became of them."""
    rows = connection.execute(
        "SELECT coalesce(h.state, 'due') FROM racing.telemetry_session AS s"
        " LEFT JOIN ops.metric_history AS h USING (session_key)"
    )
    return Counter(state for (state,) in rows)


def wait_until_sent(connection: Connection, patience_s: float = 600.0) -> None:
    """Until the sensor has had every session sent; what is too young to be a block may wait."""
    began = time.monotonic()
    while set(states := sent(connection)) != {"sent"}:
        if time.monotonic() - began > patience_s:
            raise RuntimeError(f"sessions are {dict(states)}")
        time.sleep(2)
    print(f"all sent after {time.monotonic() - began:.0f} s: {dict(states)}", flush=True)


def recorded(connection: Connection, lake: Lake) -> list[SessionSeries]:
    """Recorded samples of every session."""
    keys = [k for (k,) in connection.execute("SELECT session_key FROM racing.telemetry_session")]
    expected = deliveries.sessions(connection, sorted(keys))
    return [series_of(lake, expected[key], Selection(DEFAULT, 10)) for key in sorted(keys)]


def differences(server: Server, series: SessionSeries) -> tuple[int, int]:
    """Count the samples that Prometheus has of a session, and those that differ."""
    first, last = series.times[[0, -1]].tolist()
    wanted = {
        (metric, int(at)): value
        for metric, (_, values) in series.metrics.items()
        for at, value in zip(series.times.tolist(), values.tolist(), strict=True)
        if value == value  # noqa: PLR0124 - not if there is none
    }
    result: dict[tuple[str, int], float] = {}
    # Wider than the session: what stands at another time is found too.
    for until in range(first // 1000, last // 1000 + 1201, 600):
        selector = f'{{__name__=~"iracing_.+",session="{series.labels["session"]}"}}[600s]'
        for each in server.query(selector, until):
            metric = each["metric"].pop("__name__")
            if each["metric"] != series.labels:
                raise RuntimeError(f"{each['metric']} instead of {series.labels}")
            result |= {(metric, round(at * 1000)): float(value) for at, value in each["values"]}
    other = sum(wanted.get(key) != value for key, value in result.items())
    return len(result), other + len(wanted.keys() - result.keys())


def compare(server: Server, sessions: list[SessionSeries], when: str) -> None:
    """Every sample of every session; stops where one differs."""
    deadline = time.monotonic() + 150  # new blocks are looked for once a minute
    while True:
        result = [differences(server, series) for series in sessions]
        if not (wrong := sum(wrong for _, wrong in result)) or time.monotonic() > deadline:
            break
        time.sleep(5)
    held = sum(count for count, _ in result)
    expected = sum(series.samples for series in sessions)
    row(f"sessions held, {when}", len(sessions), "")
    row(f"samples held, {when}", held, "", f"{expected:,} recorded, {wrong} differ")
    if wrong or held != expected:
        raise RuntimeError("Prometheus does not hold what was recorded")


def ask(server: Server, questions: tuple[str, ...]) -> None:
    """Print questions and answers."""
    for question in questions:
        print(f"\n{question}")
        answer: list[dict[str, Any]] = server.query(question)
        for each in answer[:12]:
            labels = {k: v for k, v in each["metric"].items() if k not in {"job", "instance"}}
            labels.pop("__name__", None)
            print(f"  {json.dumps(labels, ensure_ascii=False)}  {float(each['value'][1]):.6g}")
        print(f"  ({len(answer)} in all)", flush=True)


def measure(machine: Machine, folders: list[str], stack: ExitStack) -> None:
    """Load, send, compare, restart, compare, load and send again, compare."""
    server = machine.server

    def load_all() -> None:
        machine.say("demo", "--exit")
        for folder in folders:
            machine.say("load", folder)

    load_all()
    endpoint = server.replace[":9410"].removeprefix(":")
    for process in (
        machine.begin("up", "--port", str(free_port())),
        machine.begin("metrics", "--port", endpoint),
    ):
        stack.callback(process.wait)
        stack.callback(process.terminate)
    connection = stack.enter_context(machine.database())
    wait_until_sent(connection)
    sessions = recorded(connection, Lake(machine.home / "lake"))
    compare(server, sessions, "once loaded")
    ask(server, QUESTIONS)
    server.stop()
    server.start()
    compare(server, sessions, "after a restart")
    load_all()
    # Sent again by hand: the sensor sends what is not in the books.
    connection.execute("DELETE FROM ops.metric_history")
    wait_until_sent(connection)
    time.sleep(90)  # the new blocks are picked up
    compare(server, sessions, "after loading and sending all again")
    ask(server, QUESTIONS + OF_THE_PIPELINE)


def main() -> None:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", help="folders of .ibt files")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="iracing-history-") as scratch, ExitStack() as stack:
        home = Path(scratch)
        home.chmod(0o755)  # the embedded server runs under another account when we are root
        server = prometheus(home / "prometheus", free_port())
        stack.callback(server.stop, kill=True)
        (home / "telemetry").mkdir()
        environment = os.environ | {
            "IRACING_HOME": str(home),
            "IRACING_TELEMETRY_DIR": str(home / "telemetry"),
            "IRACING_PROMETHEUS_URL": server.url,
            "IRACING_PROMETHEUS_DATA": str(server.data),
        }
        machine = Machine(home, server, environment)
        stack.callback(machine.say, "down")
        measure(machine, asked.folders, stack)


if __name__ == "__main__":
    main()
