"""A backlog of files in the telemetry folder: how fast the running pipeline takes it in.

``python -m benchmarks.backlog [FILES]`` starts ``iracing-pipeline up`` on a folder of simulated
test drives of about 3.5 MB and waits until all are in the database. It prints files a second,
runs, and the peak memory of the largest process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg

from iracing_pipeline.demo.backlog import write_backlog


def loaded(url: str) -> int:
    """Sessions in the database."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM racing.telemetry_session").fetchone()
    return int(row[0]) if row else 0


def measure(count: int) -> dict[str, float]:
    """Load a backlog of ``count`` files; the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        home, folder = Path(scratch) / "home", Path(scratch) / "telemetry"
        files = write_backlog(folder, count)
        size = sum(path.stat().st_size for path in files) / count
        environment = {
            **os.environ,
            "IRACING_HOME": str(home),
            "IRACING_TELEMETRY_DIR": str(folder),
        }
        command = [sys.executable, "-m", "iracing_pipeline"]
        url = subprocess.check_output([*command, "dsn"], env=environment, text=True).strip()
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, "up", "--port", "3999"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        first, cpu, peak = 0.0, 0.0, 0
        try:
            while (done := loaded(url)) < count:
                first = first or (time.monotonic() - began if done else 0.0)
                cpu, peak = _watch(process.pid, peak)
                time.sleep(1)
            took = time.monotonic() - began
        finally:
            process.terminate()
            process.wait()
            subprocess.run(
                [*command, "down"], env=environment, check=True, stdout=subprocess.DEVNULL
            )
        runs = _runs(home)
    return {
        "files": count,
        "MB a file": size / 1e6,
        "seconds in all": took,
        "seconds to the first": first,
        "files a second": count / took,
        "runs": runs,
        "peak memory of a process, MB": peak / 1e6,
        "CPU seconds of live processes": cpu,
    }


def _watch(pid: int, peak: int) -> tuple[float, int]:
    cpu = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            peak = max(peak, process.memory_info().rss)
            times = process.cpu_times()
            cpu += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return cpu, peak


def _runs(home: Path) -> int:
    import dagster as dg  # noqa: PLC0415 - reads DAGSTER_HOME when first used

    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    with dg.DagsterInstance.get() as instance:
        return instance.get_runs_count()


def report(count: int) -> None:
    """Print the figures of a backlog of ``count`` files."""
    for name, value in measure(count).items():
        print(f"{name:32} {value:12.1f}")


def main() -> None:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int, nargs="?", default=1000)
    report(parser.parse_args().files)


if __name__ == "__main__":
    main()
