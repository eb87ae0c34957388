"""Feed damaged ``.ibt`` files to the reader, the session info and the lap analysis.

``python -m benchmarks.fuzz_ibt`` makes small recordings, damages them over and over, and checks
of each that it is read or refused as promised: no error but the documented ones, no time and no
memory out of proportion to the file, and never more records than the file can hold. A damaged
file that behaves as none did before becomes a start for further damage, so that the search goes
deep without instrumentation. Files that break a promise are kept, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import re
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks.ibt_mutation import mutate
from iracing_pipeline.analysis import samples, sessions
from iracing_pipeline.analysis.laps import laps
from iracing_pipeline.ibt import IbtError, IbtFile
from iracing_pipeline_tests.recordings import drive, glitch, where, write

CASE_SECONDS = 1.0
"""Processor time that one file of a few kilobytes may take."""

HANG_SECONDS = 60
"""After a hundred cases take this long the process says where it hangs, and ends."""

CASE_BYTES = 6 << 20
CASE_BYTES_PER_BYTE = 64
"""Memory that one case may take: the read buffer and some; and for each byte of the file, the
worst being session info of one-letter keys, each of which becomes an entry of a dictionary."""

_MEASURED_EVERY = 40  # cases; tracing allocations is slow
_CORPUS = 3_000


@dataclass
class Tally:
    """Counts of one process."""

    outcomes: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    seconds: float = 0.0
    worst_seconds: float = 0.0
    worst_bytes: int = 0
    growth: int = 0
    behaviours: int = 0
    failures: dict[str, str] = field(default_factory=dict)


class BrokenPromiseError(Exception):
    """A file was read in a way that it must not be."""


def starts() -> list[bytes]:
    """The files that damage starts from."""
    # As few records as laps can be determined from: a car covers no more of a lap in one.
    frame = drive((4.0,), hz=14.0, before=1.0, after=1.5)
    stopped = where(frame, slice(40, 50), OnPitRoad=True, PlayerTrackSurface=1)
    reset = glitch(glitch(stopped, 0), 45)
    few = ["SessionTime", "Lap", "LapDistPct", "LapCurrentLapTime", "Speed"]
    setup = "\nCarSetup:\n Tires:\n  LeftFront:\n   ColdPressure: 138 kPa\n  RightFront:\n   A: 1\n"
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.ibt") for number in range(6)]
        write(paths[0], frame)
        write(paths[1], reset, version=1)
        write(paths[2], reset, closed=False)
        write(paths[3], frame, names=few)
        write(paths[4], frame[:1])
        write(
            paths[5], frame[:20], info="---\nWeekendInfo:\n Encoding: UTF8\n TrackID: 4\n" + setup
        )
        return [path.read_bytes() for path in paths]


def exercise(path: Path) -> str:
    """Read, analyse and describe one file; returns what came of it, in words.

    Raises:
        BrokenPromiseError: If what was read cannot be.
    """
    try:
        file = IbtFile(path)
    except IbtError as error:
        return f"{type(error).__name__}: {error.reason}"
    frame = file.read()
    size = path.stat().st_size
    if not 0 < frame.height <= size // file.header.record_length:
        raise BrokenPromiseError(f"{frame.height} records from {size} bytes")
    if sum(channel.size for channel in file.header.channels) > file.header.record_length:
        raise BrokenPromiseError("channels larger than the record that they lie in")
    if frame.schema != file.schema:
        raise BrokenPromiseError("a frame of another schema than declared")
    try:
        table = laps(frame, session_key=file.session_key, start=file.header.start)
    except samples.MissingChannelError as error:
        return f"{type(error).__name__}: {error}"
    keys = list(zip(table["stint"], table["lap_number"], strict=True))
    if len(set(keys)) < len(keys):
        raise BrokenPromiseError("two laps of one stint and number")
    if sum(table["record_count"]) > frame.height:
        raise BrokenPromiseError("laps of more records than there are")
    sessions.session(file.facts, frame, table)
    kinds = sorted(set(table["kind"].to_list()))
    return f"read: {'; '.join(file.facts.warnings[:2])} {' '.join(kinds)}"


def run_case(path: Path, data: bytes, tally: Tally, *, measured: bool) -> str | None:
    """Exercise one file and judge it; returns its behaviour, or None if it broke a promise."""
    path.write_bytes(data)
    tally.cases += 1
    if measured:
        tracemalloc.start()
    began = time.process_time()
    try:
        behaviour = exercise(path)
        seconds = time.process_time() - began
        tally.worst_seconds = max(tally.worst_seconds, 0 if measured else seconds)
        if seconds > CASE_SECONDS and not measured:
            raise BrokenPromiseError(f"{seconds:.1f} s of processor time")  # noqa: TRY301
        if measured:
            _, peak = tracemalloc.get_traced_memory()
            tally.worst_bytes = max(tally.worst_bytes, peak)
            if peak > CASE_BYTES + CASE_BYTES_PER_BYTE * len(data):
                raise BrokenPromiseError(f"{peak} bytes of memory")  # noqa: TRY301
    except BaseException as error:  # polars turns a panic into a BaseException
        if isinstance(error, KeyboardInterrupt):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
        tally.failures.setdefault(where, "".join(traceback.format_exception(error)))
        tally.outcomes[where] += 1
        return None
    finally:
        if measured:
            tracemalloc.stop()
    tally.outcomes[behaviour.partition(":")[0]] += 1
    return re.sub(r"\d+", "0", behaviour)


def fuzz(cases: int, seed: int, *, keep: Path) -> Tally:
    """Run ``cases`` damaged files; those that break a promise are written to ``keep``."""
    process = psutil.Process()
    rng = random.Random(seed)  # noqa: S311 - reproducible damage, no secret
    tally = Tally()
    corpus = starts()
    seen = set[str]()
    with tempfile.TemporaryDirectory(dir=_memory()) as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder, "case.ibt")
        for data in corpus:  # what is imported and cached once is no growth
            run_case(path, data, tally, measured=False)
        before, began = process.memory_info().rss, time.process_time()
        tally.worst_seconds = 0.0
        for number in range(cases):
            data = mutate(rng, rng.choice(corpus), corpus)
            if number % 100 == 0:
                faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            expected = len(tally.failures)
            measured = number % _MEASURED_EVERY == 0
            behaviour = run_case(path, data, tally, measured=measured)
            if len(tally.failures) > expected:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"seed{seed}-case{number}.ibt").write_bytes(data)
            if behaviour is not None and behaviour not in seen and len(corpus) < _CORPUS:
                seen.add(behaviour)
                corpus.append(data)
    faulthandler.cancel_dump_traceback_later()
    tally.behaviours = len(seen)
    tally.seconds = time.process_time() - began
    tally.growth = process.memory_info().rss - before
    return tally


def _memory() -> str | None:
    """A folder in memory where there is one: the disk is not what is tested."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def main() -> int:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    asked = parser.parse_args()
    began = time.perf_counter()
    each = -(-asked.cases // asked.jobs)
    with ProcessPoolExecutor(asked.jobs) as pool:
        seeds = range(asked.seed, asked.seed + asked.jobs)
        tallies = list(pool.map(partial(fuzz, each, keep=asked.keep), seeds))
    seconds = time.perf_counter() - began
    cpu = sum(tally.seconds for tally in tallies)
    cases = sum(tally.cases for tally in tallies)
    print(f"{cases:,} cases in {seconds:.0f} s, {cpu:.0f} s of processor time")
    print(f"longest case   {max(tally.worst_seconds for tally in tallies) * 1e3:8.1f} ms")
    print(f"largest case   {max(tally.worst_bytes for tally in tallies) / 2**20:8.1f} MB allocated")
    print(f"process growth {max(tally.growth for tally in tallies) / 2**20:8.1f} MB")
    print(f"behaviours     {sum(tally.behaviours for tally in tallies):6,}")
    for outcome, count in sum((tally.outcomes for tally in tallies), Counter()).most_common():
        print(f"{count:10,}  {outcome}")
    failures = {where: text for tally in tallies for where, text in tally.failures.items()}
    for text in failures.values():
        print(text)
    print(f"{len(failures)} broken promises" + (f", kept in {asked.keep}" if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
