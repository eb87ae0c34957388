"""Cost of one file: processor, lake, and each table of the database.

``python -m benchmarks.footprint [FILES] [LAPS]`` loads simulated stints of so many laps with all
that the assets do with a file, but without Dagster: see dagster_partitions for its part. It prints
the time of the processor a file, and bytes a file with indexes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from iracing_pipeline.demo.car import FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.circuits import COPPER_BASIN, MILLBROOK
from iracing_pipeline.demo.event import Event, Weather
from iracing_pipeline.demo.outing import Outing, write_outing
from iracing_pipeline.demo.plan import Ending, Plan, Session
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import lap_analysis
from iracing_pipeline.ingest.telemetry import analyse, load, store_frames
from iracing_pipeline.lake import Lake
from iracing_pipeline.warehouse import Warehouse, audit, embedded, migrate

if TYPE_CHECKING:
    from iracing_pipeline.warehouse import Connection

SIZES = """
    SELECT relid::regclass::text, pg_total_relation_size(relid)
    FROM pg_stat_user_tables WHERE schemaname IN ('racing', 'ops', 'raw')
"""


def stint(number: int, laps: int) -> Outing:
    """A stint of a race's length, on a short oval or a club circuit in turns."""
    oval = number % 2 == 0
    plan = Plan(
        Session.PRACTICE,
        laps=laps,
        fuel_l=40.0,
        ending=Ending.TRACK,
        experience_laps=100,
        session_time_s=60.0,
    )
    return Outing(
        car=TRIPLE_CROWN_STOCK if oval else FORMULA_VALE,
        circuit=COPPER_BASIN if oval else MILLBROOK,
        plan=plan,
        event=Event(Weather(air_c=22.0, track_c=31.0, skies=1)),
        start=datetime(2026, 1, 3, 18, tzinfo=UTC) + number * timedelta(hours=3),
    )


def take(connection: Connection, lake: Lake, path: Path) -> int:
    """Do with a file what the assets do; bytes of its frames."""
    file = IbtFile(path)
    telemetry = analyse(file)
    stored = store_frames(lake, file)
    track = lap_analysis.kept(connection, telemetry.track_id)
    analysis = lap_analysis.analyse_laps(telemetry, track)
    load(connection, telemetry, frames_uri=stored.uri)
    lap_analysis.load(connection, file.session_key, analysis)
    audit.record_steps(connection, file.session_key, telemetry.seconds | stored.seconds)
    connection.commit()
    return stored.size_bytes


def sizes(connection: Connection) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    connection.execute("ANALYZE")
    return {str(name): int(size) for name, size in connection.execute(SIZES.encode()).fetchall()}


def busy(process: psutil.Process) -> float:
    """Seconds of the processor that a process has had."""
    times = process.cpu_times()
    return float(times.user + times.system)


def report(count: int, laps: int) -> None:
    """Load files and print what they cost."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "ibt").mkdir()
        paths = [write_outing(folder / "ibt", stint(n, laps), seed=n).path for n in range(count)]
        url = embedded.start(folder / "home")
        try:
            migrate(url)
            lake = Lake(folder / "lake")
            with Warehouse(url).connect() as connection:
                for path in paths[:2]:  # warm, and the tracks are known
                    take(connection, lake, path)
                before, server = sizes(connection), psutil.Process(connection.info.backend_pid)
                cpu, theirs, wall = time.process_time(), busy(server), time.perf_counter()
                frames = sum(take(connection, lake, path) for path in paths[2:])
                took, passed = time.process_time() - cpu, time.perf_counter() - wall
                served, after = busy(server) - theirs, sizes(connection)
        finally:
            embedded.stop(folder / "home")
        files, size = count - 2, sum(path.stat().st_size for path in paths) / count
        print(f"{files} files of {laps} laps, {size / 1e6:.1f} MB")
        print(f"{'processor':32} {took / files:10.2f} s a file")
        print(f"{'processor, PostgreSQL':32} {served / files:10.2f} s a file")
        print(f"{'clock':32} {passed / files:10.2f} s a file")
        print(f"{'lake':32} {frames / files / 1e3:10.1f} kB a file")
        grown = {name: after[name] - before.get(name, 0) for name in after}
        for name, size in sorted(grown.items(), key=lambda item: -item[1]):
            if size:
                print(f"{name:32} {size / files / 1e3:10.1f} kB a file")
        print(f"{'database in all':32} {sum(grown.values()) / files / 1e3:10.1f} kB a file")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int, nargs="?", default=42)
    parser.add_argument("laps", type=int, nargs="?", default=15)
    arguments = parser.parse_args()
    report(arguments.files, arguments.laps)
