"""From a file's arrival in the telemetry folder to its rows in the database.

``python -m benchmarks.arrival`` starts ``iracing-pipeline up``, drops whole files of about 3.5 MB
one after the other, and prints how long each took. Then a file is recorded as iRacing does it,
record by record: it must not be loaded before it is closed, and then once and whole. With
``--three`` the web server, the daemon and the code server are processes of their own, which meet
through a ``grpc_server`` in the workspace.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import psycopg

from iracing_pipeline.demo.backlog import write_backlog
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.outing import sheet_of
from iracing_pipeline.demo.season import season
from iracing_pipeline.demo.session_info import session_info
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline.ibt.writer import IbtWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "iracing_pipeline"]
WITHIN_S = 180.0
RECORDING_S = 30


def three_processes(home: Path, port: int) -> list[list[str]]:
    """The commands of web server, daemon and code server; writes their workspace."""
    workspace = home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server: {{host: localhost, port: {port + 1}}}\n",
        encoding="utf-8",
    )
    dagster, of = [sys.executable, "-m", "dagster"], ["-w", str(workspace)]
    code = ["api", "grpc", "-h", "127.0.0.1", "-p", str(port + 1), "-m"]
    return [
        [*dagster, *code, "iracing_pipeline.definitions"],
        [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), *of],
        [sys.executable, "-m", "dagster._daemon", "run", *of],
    ]


@contextmanager
def running(commands: list[list[str]], environment: dict[str, str], port: int) -> Iterator[None]:
    """Run commands until the end of the block, from when the UI answers."""
    processes = [
        subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        deadline = time.monotonic() + WITHIN_S
        while not answers(port):
            if time.monotonic() > deadline or any(p.poll() is not None for p in processes):
                raise RuntimeError("the UI does not answer")
            time.sleep(0.3)
        yield
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def answers(port: int) -> bool:
    """Return whether the UI answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2):
            return True
    except (URLError, OSError):
        return False


def one(url: str, query: str) -> int:
    """The number that a query returns."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def sessions(url: str) -> int:
    """Sessions in the database."""
    return one(url, "SELECT count(*) FROM racing.telemetry_session")


def drop(files: list[Path], folder: Path, url: str) -> list[float]:
    """Seconds from each file's arrival to its rows."""
    took = []
    for number, file in enumerate(files, start=1):
        content = file.read_bytes()
        began = time.monotonic()
        (folder / file.name).write_bytes(content)
        while sessions(url) < number and time.monotonic() - began < WITHIN_S:
            time.sleep(0.05)
        took.append(time.monotonic() - began)
    return took


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=7)
    parser.add_argument("--port", type=int, default=3990)
    parser.add_argument("--three", action="store_true", help="three processes instead of `up`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home, folder, ready = (Path(scratch) / name for name in ("home", "telemetry", "ready"))
        folder.mkdir()
        files = write_backlog(ready, options.files)
        environment = {
            **os.environ,
            "IRACING_HOME": str(home),
            "IRACING_TELEMETRY_DIR": str(folder),
        }
        url = subprocess.check_output([*COMMAND, "dsn"], env=environment, text=True).strip()
        commands = [[*COMMAND, "up", "--port", str(options.port)]]
        if options.three:
            # Loading nothing prepares the Dagster home.
            subprocess.check_call([*COMMAND, "load", str(folder)], env=environment)
            environment["DAGSTER_HOME"] = str(home / "dagster")
            commands = three_processes(home, options.port)
        try:
            with running(commands, environment, options.port):
                took = drop(files, folder, url)
                low, middle, high = min(took), statistics.median(took), max(took)
                print(f"arrival to rows: min {low:.1f}, median {middle:.1f}, max {high:.1f} s")
                print("each:", ", ".join(f"{seconds:.1f}" for seconds in took))
                record(folder, url, options.files)
        finally:
            subprocess.run([*COMMAND, "down"], env=environment, check=True)


def record(folder: Path, url: str, before: int) -> None:
    """Record a session for half a minute, and watch what the pipeline makes of it."""
    outing = season()[0]
    frame, _ = simulate_session(outing.car, outing.circuit, outing.plan, 1, event=outing.event)
    path = folder / outing.file_name
    with IbtWriter(
        path, channels_of(outing.car), session_info(sheet_of(outing)), start=outing.start
    ) as writer:
        part = -(-frame.height // RECORDING_S)
        for first in range(0, frame.height, part):
            writer.append(frame.slice(first, part))
            time.sleep(1)
            if sessions(url) > before:
                print("WRONG: it was loaded while it was being written")
    closed = time.monotonic()
    while sessions(url) == before and time.monotonic() - closed < WITHIN_S:
        time.sleep(0.05)
    took = time.monotonic() - closed
    time.sleep(15)
    where = f"FROM racing.telemetry_session WHERE file_name = '{path.name}'"
    records = one(url, f"SELECT record_count {where}")
    loads = one(
        url,
        "SELECT count(*) FROM ops.load_audit WHERE table_name = 'racing.telemetry_session'"
        f" AND partition_key = (SELECT session_key {where})",
    )
    print(
        f"recorded for {RECORDING_S} s: loaded {took:.1f} s after it was closed, {loads} time(s),"
        f" {records} of {frame.height} records"
    )


if __name__ == "__main__":
    main()
