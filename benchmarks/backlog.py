"""A backlog of files in the telemetry folder: how fast the running pipeline takes it in.

``python benchmarks/backlog.py [FILES]`` starts ``iracing-pipeline up`` on a folder of copies of one
simulated session (each with a start time, and so an identity, of its own) and waits until all are
in the database. It prints files a second, runs, and the peak memory of the largest process.
"""

from __future__ import annotations

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg

from iracing_pipeline.demo.season import season, write_outing
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ibt.layout import SUB_HEADER_OFFSET

SEED = 7
TARGET_BYTES = 3_500_000


def write_backlog(folder: Path, count: int) -> int:
    """Write ``count`` whole files of about 3.5 MB; the bytes of one."""
    folder.mkdir(parents=True, exist_ok=True)
    shortest = min(season(), key=lambda outing: outing.plan.laps)
    made = write_outing(folder, shortest, SEED)
    head = IbtFile(made.path).header
    records = min(head.record_count, (TARGET_BYTES - head.record_offset) // head.record_length)
    with made.path.open("rb") as file:
        content = bytearray(file.read(head.record_offset + records * head.record_length))
    made.path.unlink()
    struct.pack_into("<i", content, SUB_HEADER_OFFSET + 28, records)
    began = struct.unpack_from("<q", content, SUB_HEADER_OFFSET)[0]
    for number in range(count):
        struct.pack_into("<q", content, SUB_HEADER_OFFSET, began + 3600 * number)
        (folder / f"backlog {number:05}.ibt").write_bytes(content)
    return len(content)


def loaded(url: str) -> int:
    """Sessions in the database."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM racing.telemetry_session").fetchone()
    return int(row[0]) if row else 0


def measure(count: int) -> dict[str, float]:
    """Load a backlog of ``count`` files; the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        home, folder = Path(scratch) / "home", Path(scratch) / "telemetry"
        size = write_backlog(folder, count)
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


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int, nargs="?", default=1000)
    for name, value in measure(parser.parse_args().files).items():
        print(f"{name:32} {value:12.1f}")


if __name__ == "__main__":
    main()
