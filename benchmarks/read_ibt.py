"""How fast an hour of telemetry is read, beside pyirsdk and a copy of the same bytes in memory.

``python -m benchmarks.read_ibt [FILE]`` repeats the records of a file to an hour (about 227 MB at
270 channels), then reads it in each way several times and prints the median of each with its
ratios. Processor time is what the ratios are of: it stays the same on a busy machine.
Without a file it takes the longest of the real test files, or else makes one up.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import irsdk
import numpy as np
import polars as pl
import psutil

from benchmarks.hour_file import SIX, hour_of, made_up
from iracing_pipeline.ibt import IbtFile, read_ibt
from iracing_pipeline.ingest.telemetry import store_frames
from iracing_pipeline.lake import Lake
from iracing_pipeline_tests import real_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def to_frame(path: Path) -> None:
    """Every channel into a frame."""
    read_ibt(path)


def six_columns(path: Path) -> None:
    """Six channels into a frame."""
    read_ibt(path, SIX)


def to_parquet(path: Path) -> None:
    """Every channel into a Parquet file, as the pipeline stores it."""
    store_frames(Lake(path.with_suffix(".lake")), IbtFile(path))


def with_pyirsdk(path: Path) -> None:
    """Every channel into lists."""
    reader = irsdk.IBT()
    reader.open(str(path))
    for name in reader.var_headers_names:
        reader.get_all(name)
    reader.close()


def nothing(path: Path) -> None:
    """Import the modules only."""


def copied(path: Path) -> Callable[[Path], None]:
    """A copy of the file's bytes from memory to memory, both in use before."""
    source = np.fromfile(path, np.uint8)
    target = np.ones_like(source)
    return lambda _: np.copyto(target, source)


STEPS: dict[str, Callable[[Path], None]] = {
    "path to frame": to_frame,
    "path to 6 columns": six_columns,
    "path to Parquet": to_parquet,
    "pyirsdk, all channels": with_pyirsdk,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor and wall time in seconds."""

    cpu: float
    wall: float


def cost(run: Callable[[], None]) -> Cost:
    """Measure one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each."""
    return Cost(
        statistics.median(each.cpu for each in costs),
        statistics.median(each.wall for each in costs),
    )


def measure(path: Path, rounds: int) -> dict[str, list[Cost]]:
    """Each step ``rounds`` times in a row, after one that is not counted.

    That one takes from the system the memory that all use in turn. On a virtual machine, where
    the host may have to find it first, that can cost more than the reading, and varies with what
    else runs there.
    """
    costs = {}
    for name, step in {"copy in memory": copied(path), **STEPS}.items():
        step(path)
        costs[name] = [cost(partial(step, path)) for _ in range(rounds)]
    return costs


def peak_memory(step: str, path: Path) -> float:
    """Highest resident memory, in MB, of a separate process that takes one step."""
    command = [sys.executable, "-m", "benchmarks.read_ibt", str(path), "--only", step]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def take_only(step: str, path: Path) -> None:
    """Take one step and print the process's highest resident memory in MB."""
    process, peak, done = psutil.Process(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    (STEPS | {"nothing": nothing})[step](path)
    done.set()
    watching.join()
    print(max(peak[0], process.memory_info().rss) / 2**20)


def parquet_ratio(path: Path) -> float:
    """Return the size of the records divided by that of the Parquet file."""
    header = IbtFile(path).header
    with tempfile.TemporaryDirectory() as folder:
        stored = store_frames(Lake(folder), IbtFile(path))
    return header.record_count * header.record_length / stored.size_bytes


def report(path: Path, rounds: int) -> None:
    """Measure and print the tables."""
    file = IbtFile(path)
    size = file.record_count * file.header.record_length
    print(
        f"{size / 1e6:.0f} MB, {file.record_count:,} records of {len(file.channels)} channels;"
        f" medians of {rounds} rounds\n"
    )
    costs = {name: median(each) for name, each in measure(path, rounds).items()}
    copy, oracle = costs["copy in memory"], costs["pyirsdk, all channels"]
    base = peak_memory("nothing", path)
    print(
        f"{'':24}{'CPU ms':>9}{'wall ms':>9}{'MB/s':>8}{'x copy':>8}{'/ pyirsdk':>10}{'peak MB':>9}"
    )
    for name, each in costs.items():
        peak = f"{peak_memory(name, path) - base:9.0f}" if name in STEPS else ""
        print(
            f"{name:24}{each.cpu * 1e3:9.1f}{each.wall * 1e3:9.1f}{size / each.cpu / 1e6:8.0f}"
            f"{each.cpu / copy.cpu:8.1f}{oracle.cpu / each.cpu:10.1f}{peak}"
        )
    print(f"\npeak MB is over {base:.0f} MB of imports; x copy and / pyirsdk are of CPU time")
    for real in (path, *real_files.recordings()):
        if real.stat().st_size > 250_000:
            print(f"Parquet {parquet_ratio(real):4.2f}x smaller than the records: {real.name}")


def main() -> None:
    """Build the file, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, help="recording whose records are repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--only", choices=[*STEPS, "nothing"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        take_only(asked.only, asked.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        real = max(real_files.recordings(), key=lambda path: path.stat().st_size, default=None)
        source = asked.file or real or made_up(Path(folder, "made up.ibt"))
        print(f"Python {sys.version.split()[0]}, polars {pl.__version__}, from {source.name}")
        report(hour_of(source, Path(folder, "hour.ibt"), asked.hours), asked.rounds)


if __name__ == "__main__":
    main()
