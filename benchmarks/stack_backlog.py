"""A backlog of files in the stack's telemetry folder, while dashboards are looked at.

``python -m benchmarks.stack_backlog [FILES]`` starts the stack on the Docker engine, from a clone
of its own, drops simulated files of about 3.5 MB in at once, and meanwhile asks what dashboards
ask: every view of schema ``grafana`` as ``grafana_reader``, and Prometheus. It prints files a
second, the most memory that each container used, and the slowest queries.
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

from iracing_pipeline.stack.compose import program
from iracing_pipeline.stack.errors import StackError
from iracing_pipeline.warehouse.views import VIEWS
from iracing_pipeline_tests.stack.engine import Stack, StackTestError, command

# As dashboards ask: the newest rows, and what is there at all.
QUERIES = [f"SELECT * FROM {view.name} LIMIT 1000" for view in VIEWS]
QUERIES += [f"SELECT count(*) FROM {view.name}" for view in VIEWS]
PROMQL = (
    "iracing_up",
    'sum by (car) ({__name__=~"iracing_best_lap_seconds"})',
    "sum by (state) (iracing_telemetry_files)",
    "max_over_time(iracing_speed_meters_per_second[1h])",
)
_UNITS = {"B": 1e-6, "kB": 1e-3, "KiB": 1024e-6, "MiB": 1.048576, "GiB": 1073.741824}


class Watch:
    """What containers use and queries take, in threads, until it is stopped."""

    def __init__(self, stack: Stack) -> None:
        """Take the stack."""
        self.stack = stack
        self.memory: dict[str, float] = defaultdict(float)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.failed: dict[str, int] = defaultdict(int)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._containers, self._database, self._prometheus)
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
            told = command(program(), "stats", "--no-stream", "--format", "json", check=False)
            for line in told.splitlines():
                row = json.loads(line)
                name = row["Name"].removeprefix(f"{self.stack.name}-").rpartition("-")[0]
                if row["Name"].startswith(self.stack.name):
                    self.memory[name] = max(self.memory[name], _megabytes(row["MemUsage"]))

    def _database(self) -> None:
        script = 'PGPASSWORD="$0" exec psql -h 127.0.0.1 -U grafana_reader iracing -qAt'
        password = self.stack.secret("grafana_reader_password")
        while not self._stop.is_set():
            for query in QUERIES:
                told = self.stack.compose(
                    *("exec", "-T", "postgres", "sh", "-c", script, password),
                    stdin=f"\\timing on\n\\o /dev/null\n{query};\n",
                    check=False,
                )
                if found := re.search(r"Time: ([\d.]+) ms", told):
                    self.seconds[query].append(float(found[1]) / 1000)
                else:
                    self.failed[query] += 1
                if self._stop.wait(0.2):
                    return

    def _prometheus(self) -> None:
        while not self._stop.wait(1.0):
            for query in PROMQL:
                began = time.perf_counter()
                self.stack.prometheus(query)
                self.seconds[query].append(time.perf_counter() - began)


def _megabytes(usage: str) -> float:
    number, unit = re.match(r"([\d.]+)(\w+)", usage).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def report(stack: Stack, count: int) -> None:
    """Start the stack, load ``count`` files, print the figures."""
    print(f"healthy after {stack.up():.0f} s")
    stack.stage(count)
    with Watch(stack) as watch:
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
    print(f"{laps} laps; {bad} files in quarantine")
    for name, used in sorted(watch.memory.items()):
        print(f"  {name:14} {used:8.0f} MB at most")
    print(f"{sum(map(len, watch.seconds.values()))} queries, {sum(watch.failed.values())} failed")
    slowest = sorted(watch.seconds.items(), key=lambda item: -max(item[1]))
    for query, seconds in slowest[:8]:
        middle = sorted(seconds)[len(seconds) // 2]
        print(f"  {max(seconds):7.3f} s at most, {middle:7.3f} s mostly: {query}")


def main() -> int:
    """Run with the arguments of the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int, nargs="?", default=1000)
    count = parser.parse_args().files
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
            report(stack, count)
        except StackTestError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
