"""``python -m iracing_pipeline.demo.endless FOLDER``: somebody who goes out again and again.

Each outing is a file that grows at the pace of the driving, as iRacing writes it, from now on.
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.circuits import COPPER_BASIN, MILLBROOK
from iracing_pipeline.demo.event import Event, Weather
from iracing_pipeline.demo.live import record_live
from iracing_pipeline.demo.outing import Outing
from iracing_pipeline.demo.plan import Ending, Plan, Session

if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSE_S = 5.0
MACHINES = ((FORMULA_VALE, MILLBROOK), (TRIPLE_CROWN_STOCK, COPPER_BASIN))


def outing(number: int, start: datetime) -> Outing:
    """The ``number``-th outing, in turn on each track."""
    rng = np.random.default_rng(number)
    car, circuit = MACHINES[number % len(MACHINES)]
    air_c = round(float(rng.uniform(12.0, 30.0)), 1)
    plan = Plan(
        Session.PRACTICE,
        laps=int(rng.integers(2, 6)),
        fuel_l=round(float(rng.uniform(10.0, 20.0)), 1),
        ending=Ending.PITS,
        experience_laps=4 * number,
    )
    weather = Weather(air_c=air_c, track_c=round(air_c * 1.45, 1), skies=int(rng.integers(0, 4)))
    return Outing(car=car, circuit=circuit, plan=plan, event=Event(weather), start=start)


def drive(
    folder: Path,
    *,
    speed: float,
    outings: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Drive one outing after the other.

    Args:
        folder: Where the files go.
        speed: How many times faster than life.
        outings: How many; None for no end.
        sleep: How to wait.

    Raises:
        OSError: From the disk.
    """
    for number in count() if outings is None else range(outings):
        driven = outing(number, datetime.now().astimezone().replace(microsecond=0))
        record_live(folder, driven, number, speed=speed, sleep=sleep)
        sleep(_PAUSE_S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speed", type=float, default=1.0, help="times faster than life")
    arguments = parser.parse_args()
    drive(arguments.folder, speed=arguments.speed)
