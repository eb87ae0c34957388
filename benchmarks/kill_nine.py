"""Kill a load at random moments: do the tables end as those of an undisturbed load?

``python -m benchmarks.kill_nine`` loads a folder of simulated files with ``iracing-pipeline load``,
kills the process (``kill -9``, or TerminateProcess on Windows) at ten random moments, starts it
again each time, and compares tables, inventory and Parquet files with those of a load that was
left alone. ``--up worker`` does the same with the run workers of ``iracing-pipeline up``, and
``--up all`` with the whole of it. The exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from iracing_pipeline.demo.backlog import write_backlog

COMMAND = [sys.executable, "-m", "iracing_pipeline"]
ENDS_WITHIN_S = 900.0

# The books on files, without what tells when and how often: an interrupted load takes longer.
INVENTORY = (
    "SELECT file_name, state, session_key, size_bytes, record_count, note FROM ops.telemetry_file"
    " ORDER BY path"
)
BOOKS = {
    "inventory": INVENTORY,
    "quarantine": "SELECT item, reason FROM ops.quarantine WHERE resolved_at IS NULL ORDER BY 1",
}


@dataclass(frozen=True)
class Place:
    """A data folder with a separate database, and the telemetry folder."""

    home: Path
    telemetry: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the pipeline."""
        return {
            **os.environ,
            "IRACING_HOME": str(self.home),
            "IRACING_TELEMETRY_DIR": str(self.telemetry),
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of the pipeline, quietly."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def load(self) -> subprocess.Popen[bytes]:
        """Start to load the folder."""
        return self.start("load", str(self.telemetry))

    def up(self) -> subprocess.Popen[bytes]:
        """Start the UI and the daemon."""
        return self.start("up", "--port", str(self.port))

    def url(self) -> str:
        """The URL of its database, which is started if need be."""
        command = [*COMMAND, "dsn"]
        return subprocess.check_output(command, env=self.environment, text=True).strip()

    def contents(self) -> dict[str, Any]:
        """Final content, without values that depend on the folder."""
        result: dict[str, Any] = {}
        with psycopg.connect(self.url()) as connection:
            tables = connection.execute(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname = 'racing' ORDER BY 1"
            ).fetchall()
            whole = {name: f"SELECT r::text FROM {name} AS r ORDER BY 1" for (name,) in tables}
            for name, query in (whole | BOOKS).items():
                rows = connection.execute(query.encode()).fetchall()
                result[name] = [
                    tuple(_without(str(self.home), value) for value in row) for row in rows
                ]
        lake = self.home / "lake"
        result["frames"] = {
            str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(lake.rglob("*.parquet"))
        }
        return result


def _without(home: str, value: Any) -> Any:
    return value.replace(home, "") if isinstance(value, str) else value


def loaded(url: str) -> int:
    """Sessions in the database."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM racing.telemetry_session").fetchone()
    return int(row[0]) if row else 0


def settled(url: str, files: int) -> bool:
    """Return whether every file has its last state."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ops.telemetry_file WHERE state IN ('loaded', 'quarantined')"
        ).fetchone()
    return row is not None and row[0] == files


def kill_loads(place: Place, kills: int, chance: random.Random) -> list[str]:
    """Kill ``load`` so many times while it works, then let it finish."""
    url = place.url()
    log: list[str] = []
    while len(log) < kills:
        before = loaded(url)
        more = chance.randrange(4)
        process = place.load()
        began = time.monotonic()
        if more == 0:
            time.sleep(chance.uniform(0.0, 6.0))
        while process.poll() is None and loaded(url) < before + more:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.3))
        if process.poll() is not None:
            log.append("ended before it was killed")
            break
        process.kill()
        process.wait()
        log.append(f"after {time.monotonic() - began:.2f} s, {loaded(url)} loaded")
    if process_ended := place.load().wait(ENDS_WITHIN_S):
        log.append(f"the last load ended with code {process_ended}")
    return log


def kill_up(place: Place, kills: int, chance: random.Random, what: str, files: int) -> list[str]:
    """Kill run workers of ``up``, or all of it, so many times; wait until all is loaded."""
    url = place.url()
    log: list[str] = []
    process = place.up()
    began = time.monotonic()
    try:
        while not settled(url, files) and time.monotonic() - began < ENDS_WITHIN_S:
            time.sleep(0.05)
            workers = run_workers(process.pid) if len(log) < kills else []
            if not workers:
                continue
            time.sleep(chance.uniform(0.0, 6.0))
            victims = workers if what == "worker" else tree(process.pid)
            for victim in victims:
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
            log.append(f"after {time.monotonic() - began:.1f} s, {loaded(url)} loaded")
            if what == "all":
                process.wait()
                process = place.up()
            else:
                psutil.wait_procs(victims, timeout=10)
        log.append(f"all settled: {settled(url, files)}, after {time.monotonic() - began:.1f} s")
    finally:
        process.terminate()
        process.wait()
    return log


def tree(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def run_workers(pid: int) -> list[psutil.Process]:
    """The processes below ``pid`` in which runs are executed: children of the code server."""
    workers = []
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            parent = process.parent()
            grpc = parent is not None and "grpc" in parent.cmdline()
            if grpc and "spawn_main" in " ".join(process.cmdline()):
                workers.append(process)
    return workers


def main() -> None:
    """Print each kill and the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=3998)
    parser.add_argument("--up", choices=["worker", "all"], help="kill those of a running `up`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "telemetry"
        write_backlog(folder, options.files)
        calm = Place(Path(scratch) / "calm", folder, options.port)
        rough = Place(Path(scratch) / "rough", folder, options.port)
        try:
            began = time.monotonic()
            calm.load().wait()
            print(f"{options.files} files undisturbed: {time.monotonic() - began:.1f} s")
            chance = random.Random(options.seed)  # noqa: S311 - chance, not secrecy
            if options.up:
                log = kill_up(rough, options.kills, chance, options.up, options.files)
            else:
                log = kill_loads(rough, options.kills, chance)
            print("\n".join(log))
            left = list((rough.home / "lake").rglob("*.partial"))
            print(f"{len(left)} partial files left in the lake, to be swept")
            expected, result = calm.contents(), rough.contents()
        finally:
            for place in (calm, rough):
                place.start("down").wait()
    wrong = [name for name in expected if expected[name] != result[name]]
    for name, rows in expected.items():
        print(f"{name:28} {len(rows):6} {'DIFFERENT' if name in wrong else 'equal'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
