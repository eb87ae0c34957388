"""CPU time of the analysis of a one-hour file, on top of decoding.

    python -m benchmarks.analysis_speed [PAIR ...]

PAIR is gt3, formula or oval; the file is simulated.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from iracing_pipeline.demo.car import CORVANE_GT3, FORMULA_VALE, TRIPLE_CROWN_STOCK, Car
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.demo.event import Event
from iracing_pipeline.demo.plan import Plan, Session, Stop
from iracing_pipeline.demo.session_info import Sheet, session_info
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ibt.writer import write_ibt
from iracing_pipeline.ingest.lap_analysis import analyse_laps
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.tables.traces import LAP_TRACE

if TYPE_CHECKING:
    from iracing_pipeline.demo.circuit import Circuit

PAIRS: dict[str, tuple[Car, Circuit, int, int]] = {
    "gt3": (CORVANE_GT3, HALDEN_RIDGE, 36, 9),
    "formula": (FORMULA_VALE, MILLBROOK, 59, 15),
    "oval": (TRIPLE_CROWN_STOCK, COPPER_BASIN, 146, 40),
}
ROUNDS = 5


def one_hour(folder: Path, pair: str) -> Path:
    """A file of an hour, with a stop every so many laps."""
    from datetime import UTC, datetime  # noqa: PLC0415 - used here alone

    car, circuit, laps, every = PAIRS[pair]
    stops = tuple(Stop(lap, car.tank_l * 0.4) for lap in range(every, laps, every))
    plan = Plan(
        Session.PRACTICE, laps=laps, fuel_l=car.tank_l * 0.9, stops=stops, experience_laps=100
    )
    frame, _ = simulate_session(car, circuit, plan, 1)
    start = datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC)
    sheet = Sheet(
        car=car,
        circuit=circuit,
        plan=plan,
        event=Event(),
        start=start,
        setup_name="a.sto",
        encoding=None,
    )
    path = folder / f"{pair}.ibt"
    write_ibt(path, frame, channels_of(car), session_info(sheet), start=start)
    return path


def main(pairs: list[str]) -> None:
    """Print a table."""
    print("| file | records | laps | decode all (s CPU) | read, laps, analysis | of it analysis |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for pair in pairs:
            path = one_hour(Path(folder), pair)
            decoding, whole, told_s = [], [], []
            for _ in range(ROUNDS):
                began = time.process_time()
                IbtFile(path).read()
                decoding.append(time.process_time() - began)
                began = time.process_time()
                telemetry = analyse(IbtFile(path))
                between = time.process_time()
                analysis = analyse_laps(telemetry)
                ended = time.process_time()
                whole.append(ended - began)
                told_s.append(ended - between)
            print(
                f"| {pair} | {telemetry.records.height} | {analysis.tables[LAP_TRACE].height}"
                f" | {median(decoding):.3f} | {median(whole):.3f} | {median(told_s):.3f} |"
            )


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAIRS))
