"""Read a lap that Garage 61 exported as CSV.

The file has no time: it comes from speed and distance, and is then stretched to the lap time that
Garage 61 writes into the file's name. It names driver, car and track only there, so who imports a
lap says which track it belongs to, and its positions are compared with that track's.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from iracing_pipeline.errors import PipelineError

REQUIRED = ("Speed", "LapDistPct")

_NAME = re.compile(
    r"Garage 61 - (?P<driver>.+?) - (?P<car>.+?) - (?P<track>.+) - "
    r"(?P<minutes>\d+)\.(?P<seconds>\d\d)\.(?P<thousandths>\d{3}) - (?P<id>[0-9A-Z]+)\.csv"
)
_FEWEST_ROWS = 100
# A lap from close to the line to close to it.
_WHOLE = (0.01, 0.99)


class Garage61Error(PipelineError):
    """A file is not a lap of Garage 61, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Garage61Lap:
    """A lap of somebody.

    Attributes:
        records: Its samples, channels named as iRacing does, with ``SessionTime`` from the line.
        lap_time_s: Lap time by the name of the file; None where it was renamed.
        integrated_s: Lap time by speed and distance.
        driver: Name of the driver, if it is in the file's name.
        car: Name of the car, if it is in the file's name.
        track: Name of the track, if it is in the file's name.
    """

    records: pl.DataFrame
    lap_time_s: float | None
    integrated_s: float
    driver: str | None
    car: str | None
    track: str | None


def read(content: bytes, file_name: str, *, track_length_m: float) -> Garage61Lap:
    """A lap of Garage 61.

    Args:
        content: The file.
        file_name: Its name, as it was downloaded.
        track_length_m: Length of the lap.

    Raises:
        Garage61Error: If it is no such lap, or not a whole one.
    """
    records = _records(content, file_name)
    pct = records.get_column("LapDistPct").to_numpy().astype(np.float64)
    speed = records.get_column("Speed").to_numpy().astype(np.float64)
    if pct[0] > _WHOLE[0] or pct[-1] < _WHOLE[1]:
        raise Garage61Error(
            f"{file_name} is a lap from {pct[0]:.1%} to {pct[-1]:.1%}: choose a whole lap"
        )
    slowness = 1.0 / np.maximum(speed, 0.5)
    steps = np.diff(pct) * track_length_m * (slowness[1:] + slowness[:-1]) / 2
    clock = np.concatenate(([0.0], np.cumsum(steps)))
    # The ends: from the line to the first sample, and from the last one to the line.
    before = pct[0] * track_length_m * slowness[0]
    after = (1 - pct[-1]) * track_length_m * slowness[-1]
    integrated = float(before + clock[-1] + after)
    named = _NAME.fullmatch(file_name)
    lap_time = _lap_time(named) if named else None
    stretch = 1.0 if lap_time is None else lap_time / integrated
    return Garage61Lap(
        records=records.with_columns(SessionTime=pl.Series((before + clock) * stretch)),
        lap_time_s=lap_time,
        integrated_s=integrated,
        driver=named["driver"] if named else None,
        car=named["car"] if named else None,
        track=named["track"] if named else None,
    )


def _records(content: bytes, file_name: str) -> pl.DataFrame:
    try:
        table = pl.read_csv(io.BytesIO(content), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise Garage61Error(f"{file_name} cannot be read as CSV: {error}") from error
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing or not all(table.schema[name].is_numeric() for name in REQUIRED):
        raise Garage61Error(
            f"{file_name} has no numbers in {', '.join(missing or REQUIRED)}: export the lap from"
            " Garage 61 as CSV"
        )
    table = table.rename({"ABSActive": "BrakeABSactive"}, strict=False)
    pct = pl.col("LapDistPct")
    further = pct > pct.cum_max().shift(1).fill_null(-1.0)
    table = table.drop_nulls(REQUIRED).filter(
        pct.is_finite() & further & pl.col("Speed").is_finite()
    )
    if table.height < _FEWEST_ROWS:
        raise Garage61Error(f"{file_name} has only {table.height} samples: choose a whole lap")
    return table


def _lap_time(named: re.Match[str]) -> float:
    minutes, seconds, thousandths = (
        int(named[part]) for part in ("minutes", "seconds", "thousandths")
    )
    return minutes * 60 + seconds + thousandths / 1000
