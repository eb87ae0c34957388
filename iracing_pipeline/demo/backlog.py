"""A backlog of many small files, for benchmarks: as if a folder of years were loaded at once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.car import FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.circuits import COPPER_BASIN, MILLBROOK
from iracing_pipeline.demo.event import Event, Weather
from iracing_pipeline.demo.outing import Outing, write_outing
from iracing_pipeline.demo.plan import Ending, Plan, Session

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST = datetime(2025, 1, 4, 18, 0, 0, tzinfo=timezone(timedelta(hours=1)))
_APART = timedelta(hours=3, minutes=7, seconds=11)


def write_backlog(
    folder: str | Path,
    count: int,
    *,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write test drives of about 3.5 MB, each simulated on its own and none like another.

    Args:
        folder: Folder to write to; made if it does not exist.
        count: How many files.
        seed: Random seed: the same seed gives the same files.
        progress: Called with files done and files in all.

    Returns:
        The files in order of time.

    Raises:
        OSError: From the disk.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        paths.append(write_outing(folder, _outing(number, seed), seed * 1_000_003 + number).path)
        if progress:
            progress(number + 1, count)
    return paths


def _outing(number: int, seed: int) -> Outing:
    rng = np.random.default_rng([seed, number])
    oval = number % 2 == 0
    air_c = round(float(rng.uniform(8.0, 34.0)), 1)
    weather = Weather(air_c=air_c, track_c=round(air_c * 1.45, 1), skies=int(rng.integers(0, 4)))
    plan = Plan(
        Session.PRACTICE,
        laps=1,
        fuel_l=round(float(rng.uniform(4.0, 15.0)), 1),
        ending=Ending.TRACK,
        experience_laps=int(rng.integers(0, 200)),
        session_time_s=round(float(rng.uniform(20.0, 900.0)), 4),
    )
    return Outing(
        car=TRIPLE_CROWN_STOCK if oval else FORMULA_VALE,
        circuit=COPPER_BASIN if oval else MILLBROOK,
        plan=plan,
        event=Event(weather),
        start=_FIRST + number * _APART,
    )
