"""A backlog of files in the stack's telemetry folder, while dashboards are looked at.

``python -m benchmarks.stack_backlog [FILES]`` starts the stack on the Docker engine, from a clone
of its own, drops simulated files of about 3.5 MB in at once, and meanwhile runs every query of
every dashboard, again and again, as ``grafana_reader`` and on the stack's Prometheus. It prints
files a second, logins of Dagster, the most memory that each container used, and the slowest
queries. ``--alone`` asks nothing of the dashboards; ``--unpooled`` has Dagster's own storage in
place of ours.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Self

import yaml

from iracing_pipeline.stack.compose import program
from iracing_pipeline.stack.errors import StackError
from iracing_pipeline_tests.stack.engine import Stack, StackTestError, command

_ROW = re.compile(r"^\| (.+) \| (\d+|not asked) \| (\d+) \|$", re.MULTILINE)
_LOGINS = "SELECT sessions FROM pg_stat_database WHERE datname = 'dagster'"
_UNITS = {"B": 1e-6, "kB": 1e-3, "KiB": 1024e-6, "MiB": 1.048576, "GiB": 1073.741824}


class Watch:
    """Measures memory of containers and time of queries, in threads, until it is stopped."""

    def __init__(self, stack: Stack, *, alone: bool = False) -> None:
        """Take the stack, and whether nobody looks at its dashboards."""
        self.stack = stack
        self.memory: dict[str, float] = defaultdict(float)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.rounds = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._containers, *(() if alone else (self._dashboards,)))
        ]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _containers(self) -> None:
        while not self._stop.wait(2.0):
            output = command(program(), "stats", "--no-stream", "--format", "json", check=False)
            for line in output.splitlines():
                row = json.loads(line)
                name = row["Name"].removeprefix(f"{self.stack.name}-").rpartition("-")[0]
                if row["Name"].startswith(self.stack.name):
                    self.memory[name] = max(self.memory[name], _megabytes(row["MemUsage"]))

    def _dashboards(self) -> None:
        name, secret = self.stack.name, "secrets/grafana_reader_password"
        asking = [program(), "run", "--rm", "--network", f"{name}_database"]
        asking += ["--network", f"{name}_monitoring"]
        asking += ["--volume", f"{self.stack.clone / 'grafana/dashboards'}:/boards:ro"]
        asking += ["--volume", f"{self.stack.clone / secret}:/run/{secret}:ro"]
        asking += [f"iracing-pipeline:{name}", "iracing-pipeline", "dashboards", "check", "--table"]
        asking += ["--folder", "/boards", "--prometheus", "http://prometheus:9090"]
        asking += ["--database", "postgresql://grafana_reader@postgres/iracing"]
        while not self._stop.is_set():
            output = command(*asking, check=False)
            for query, _, milliseconds in _ROW.findall(output):
                self.seconds[query].append(int(milliseconds) / 1000)
            self.rounds += bool(output)


def _megabytes(usage: str) -> float:
    number, unit = re.match(r"([\d.]+)(\w+)", usage).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def unpool(stack: Stack) -> None:
    """Give Dagster its own storage, with the same configuration."""
    file = stack.clone / "docker" / "dagster.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    config["storage"] = {"postgres": config["storage"]["custom"]["config"]}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")


def report(stack: Stack, count: int, *, alone: bool) -> None:
    """Start the stack, load ``count`` files, print the figures."""
    print(f"healthy after {stack.up():.0f} s")
    stack.stage(count)
    logins = stack.number(_LOGINS)
    with Watch(stack, alone=alone) as watch:
        began = time.monotonic()
        stack.drop(count)
        first = 0.0
        while (done := stack.sessions()) < count:
            first = first or (time.monotonic() - began if done else 0.0)
            time.sleep(2)
        took = time.monotonic() - began
    print(
        f"{count} files in {took:.0f} s: {count / took:.2f} a second, the first after {first:.0f} s"
    )
    laps = stack.number("SELECT count(*) FROM racing.telemetry_lap")
    bad = stack.number("SELECT count(*) FROM ops.quarantine WHERE resolved_at IS NULL")
    logins = stack.number(_LOGINS) - logins
    print(f"{laps} laps; {bad} files in quarantine; {logins} logins of Dagster")
    for name, used in sorted(watch.memory.items()):
        print(f"  {name:14} {used:8.0f} MB at most")
    asked = [second for seconds in watch.seconds.values() for second in seconds]
    print(f"{len(asked)} queries in {watch.rounds} rounds, {sum(asked):.0f} s in all")
    slowest = sorted(watch.seconds.items(), key=lambda item: -max(item[1]))
    for query, seconds in slowest[:10]:
        middle = sorted(seconds)[len(seconds) // 2]
        print(f"  {max(seconds):7.3f} s at most, {middle:7.3f} s mostly: {query}")


def main() -> int:
    """Run with the arguments of the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int, nargs="?", default=1000)
    parser.add_argument("--alone", action="store_true", help="ask nothing of the dashboards")
    parser.add_argument("--unpooled", action="store_true", help="with Dagster's own storage")
    asked = parser.parse_args()
    try:
        program()
    except StackError as error:
        print(f"This cannot run here: {error}", file=sys.stderr)
        return 77
    with (
        tempfile.TemporaryDirectory(prefix="iracing-stack-") as folder,
        Stack.cloned(Path(folder), "iracing-backlog") as stack,
    ):
        try:
            if asked.unpooled:
                unpool(stack)
            report(stack, asked.files, alone=asked.alone)
        except StackTestError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
