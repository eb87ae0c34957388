"""Small recordings for tests: a car goes round, and every figure of its laps is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.ibt.layout import Channel, ChannelType
from iracing_pipeline.ibt.writer import lay_out, write_ibt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polars._typing import IntoExpr

START = datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC)
TRACK_M = 800.0
ON_TRACK = 3

INFO = """---
WeekendInfo:
 TrackName: somewhere
 TrackID: 17
 TrackLength: 0.80 km
 TrackDisplayName: Somewhere
 TrackConfigName: Short
 SubSessionID: 0

SessionInfo:
 Sessions:
 - SessionNum: 0
   SessionType: Practice

DriverInfo:
 DriverCarIdx: 1
 DriverSetupName: fast.sto
 Drivers:
 - CarIdx: 0
   UserName: Pace Car
 - CarIdx: 1
   UserName: Ada Example
   CarID: 4

SplitTimeInfo:
 Sectors:
 - SectorNum: 0
   SectorStartPct: 0.000000
 - SectorNum: 1
   SectorStartPct: 0.512345

...
"""

_TYPES = {
    "SessionTime": ChannelType.DOUBLE,
    "SessionTick": ChannelType.INT,
    "SessionNum": ChannelType.INT,
    "SessionFlags": ChannelType.BIT_FIELD,
    "OnPitRoad": ChannelType.BOOL,
    "Lap": ChannelType.INT,
    "LapDistPct": ChannelType.FLOAT,
    "LapCurrentLapTime": ChannelType.FLOAT,
    "LapLastLapTime": ChannelType.FLOAT,
    "Speed": ChannelType.FLOAT,
    "Lat": ChannelType.DOUBLE,
    "Lon": ChannelType.DOUBLE,
    "PlayerTrackSurface": ChannelType.INT,
    "PlayerCarTowTime": ChannelType.FLOAT,
    "PlayerCarMyIncidentCount": ChannelType.INT,
    "PlayerCarPosition": ChannelType.INT,
    "FuelLevel": ChannelType.FLOAT,
    "AirTemp": ChannelType.FLOAT,
    "TrackTempCrew": ChannelType.FLOAT,
    "TrackWetness": ChannelType.INT,
    "SteeringWheelTorque_ST": ChannelType.FLOAT,
}

CHANNELS = lay_out(
    Channel(
        name,
        kind,
        offset=0,
        count=6 if name.endswith("_ST") else 1,
        count_as_time=name.endswith("_ST"),
        unit="s" if "Time" in name else "",
        description=f"What {name} says",
    )
    for name, kind in _TYPES.items()
)


def drive(
    lap_times: Sequence[float] = (20.0, 21.0),
    *,
    official: Sequence[float] | None = None,
    before: float = 8.0,
    after: float = 6.0,
    lap: int = 5,
    late: float = 0.5,
    hz: float = 60.0,
    began: float = 100.0,
) -> pl.DataFrame:
    """Records of whole laps of ``lap_times`` seconds, with part of a lap before and after.

    Args:
        lap_times: Seconds of each whole lap.
        official: What LapLastLapTime says of each; ``lap_times`` when None.
        before: Seconds before the first crossing of the line.
        after: Seconds after the last one.
        lap: ``Lap`` at the beginning; the first whole lap is the next.
        late: Seconds after the line until LapCurrentLapTime and LapLastLapTime are renewed.
        hz: Records a second.
        began: SessionTime of the first record.
    """
    # Between two records, as crossings are.
    first_crossing = began + before + 0.37 / hz
    crossings = first_crossing + np.concatenate(([0.0], np.cumsum(lap_times)))
    count = int((crossings[-1] - began + after) * hz)
    time = began + np.arange(count) / hz
    lap_of = np.searchsorted(crossings, time, side="right")
    shown_of = np.searchsorted(crossings + late, time, side="right")
    begins = np.concatenate(([crossings[0] - 20.0], crossings))
    length = np.concatenate(([20.0], lap_times, [20.0]))
    message = np.concatenate(([0.0, -1.0], lap_times if official is None else official))
    pct = (time - begins[lap_of]) / length[lap_of]
    around = 2 * np.pi * pct
    rows = np.arange(count)
    return _typed(
        {
            "SessionTime": time,
            "SessionTick": 1000 + rows,
            "SessionNum": np.zeros(count),
            "SessionFlags": np.full(count, 0x10000000),
            "OnPitRoad": np.zeros(count, np.bool_),
            "Lap": lap + lap_of,
            "LapDistPct": pct,
            "LapCurrentLapTime": time - begins[shown_of],
            "LapLastLapTime": message[shown_of],
            "Speed": TRACK_M / length[lap_of],
            "Lat": 40 + 1e-3 * np.sin(around),
            "Lon": 10 + 1e-3 * np.cos(around),
            "PlayerTrackSurface": np.full(count, ON_TRACK),
            "PlayerCarTowTime": np.zeros(count),
            "PlayerCarMyIncidentCount": np.zeros(count),
            "PlayerCarPosition": np.full(count, 3),
            "FuelLevel": 30 - 1e-3 * rows,
            "AirTemp": np.full(count, 25.0),
            "TrackTempCrew": np.full(count, 35.0),
            "TrackWetness": np.ones(count),
            "SteeringWheelTorque_ST": rows[:, None] + np.arange(6) / 6,
        }
    )


def _typed(columns: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]) -> pl.DataFrame:
    series = []
    for channel in CHANNELS:
        values = columns[channel.name]
        kind = pl.Array(pl.Float64, channel.count) if channel.count > 1 else None
        series.append(pl.Series(channel.name, values, dtype=kind).cast(channel.dtype))
    return pl.DataFrame(series)


def where(frame: pl.DataFrame, rows: slice, **values: IntoExpr) -> pl.DataFrame:
    """``frame`` with other values in some rows; a number, or an expression over the rows."""
    first, after, _ = rows.indices(frame.height)
    row = pl.int_range(pl.len())
    return frame.with_columns(
        pl.when((row >= first) & (row < after))
        .then(pl.lit(value) if isinstance(value, bool | int | float) else value)
        .otherwise(pl.col(name))
        .cast(frame.schema[name])
        .alias(name)
        for name, value in values.items()
    )


def glitch(frame: pl.DataFrame, row: int) -> pl.DataFrame:
    """``frame`` with a row as iRacing writes it while the car is in no place."""
    return where(
        frame,
        slice(row, row + 1),
        Lap=0,
        LapDistPct=0.0,
        Speed=0.0,
        Lat=0.0,
        Lon=0.0,
        OnPitRoad=False,
        PlayerTrackSurface=-1,
    )


def write(
    path: Path,
    frame: pl.DataFrame | None = None,
    *,
    info: str | bytes = INFO,
    names: Sequence[str] | None = None,
    version: int = 2,
    closed: bool = True,
    start: datetime | None = START,
) -> pl.DataFrame:
    """Write a recording, by default a small one, of some or all channels; returns its records."""
    chosen = [channel for channel in CHANNELS if names is None or channel.name in names]
    records = (drive((2.0, 3.0), hz=5.0) if frame is None else frame).select(
        channel.name for channel in chosen
    )
    write_ibt(path, records, lay_out(chosen), info, start=start, version=version, closed=closed)
    return records


def session(
    path: Path,
    *,
    track: str = "Somewhere",
    laps: int = 2,
    closed: bool = True,
    start: datetime = START,
    **values: IntoExpr,
) -> Path:
    """Write a small recording of a session that is distinguished from others by its track.

    Args:
        path: The file to write.
        track: Name of the track.
        laps: Whole laps in it.
        closed: Whether iRacing closed it.
        start: When it began.
        values: Other values in all of its records.
    """
    frame = where(drive([20.0] * laps, hz=5.0), slice(None), **values)
    write(path, frame, info=INFO.replace("Somewhere", track), closed=closed, start=start)
    return path
