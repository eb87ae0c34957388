"""One hour of telemetry from the file to the laps in the database, split by step.

``python -m benchmarks.load_hour`` runs what the assets run, in one process on a warm embedded
database: frames to the lake, records for analysis, laps and session, load. The first round warms
up and is not counted; the medians of the others are printed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.hour_file import an_hour
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import analyse, load, store_frames
from iracing_pipeline.lake import Lake
from iracing_pipeline.pictures import lap_chart, speed_trace
from iracing_pipeline.warehouse import Connection, Warehouse, embedded, migrate

ROUNDS = 5
BULK = ("frames to the lake", "load into the database")
"""The steps that are decoding, Parquet and COPY."""


def steps(path: Path, lake: Lake, connection: Connection) -> dict[str, float]:
    """Load a file once; seconds of each step."""
    took: dict[str, float] = {}
    at = time.perf_counter()

    def done(step: str) -> None:
        nonlocal at
        now = time.perf_counter()
        took[step], at = now - at, now

    file = IbtFile(path)
    key, facts = file.session_key, file.facts
    done("head and session info")
    telemetry = analyse(file)
    done("laps and session")
    stored = store_frames(lake, file)
    done("frames to the lake")
    load(connection, telemetry, frames_uri=stored.uri)
    connection.commit()
    done("load into the database")
    lap_chart(telemetry.laps, key)
    if best := telemetry.best_lap:
        speed_trace(telemetry.records_of(best), facts.file_name)
    done("pictures")
    return took


def report(path: Path) -> None:
    """Measure a file and print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        url = embedded.start(folder / "home")
        try:
            migrate(url)
            lake = Lake(folder / "lake")
            with Warehouse(url).connect() as connection:
                rounds = [steps(path, lake, connection) for _ in range(ROUNDS + 1)][1:]
        finally:
            embedded.stop(folder / "home")
        median = {step: statistics.median(took[step] for took in rounds) for step in rounds[0]}
        print(f"{path.stat().st_size / 1e6:.0f} MB")
        for step, seconds in median.items():
            print(f"{step:28} {seconds:8.3f} s")
        print(f"{'in all':28} {sum(median.values()):8.3f} s")
        rest = sum(seconds for step, seconds in median.items() if step not in BULK)
        print(f"{'neither frames nor load':28} {rest:8.3f} s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        report(an_hour(Path(where)))
