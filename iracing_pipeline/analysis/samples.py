"""The channels that lap analysis reads, as arrays, whatever the year and car of the file.

Files differ: a channel may be absent, or hold 360 Hz samples instead of one value. Absent
channels are ``None`` here; an array channel gives its last element, the value at the tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection

Number = TypeVar("Number", bound=np.generic)
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# irsdk_TrkLoc, PlayerTrackSurface
NOT_IN_WORLD = -1
OFF_TRACK = 0
PIT_SURFACES = (1, 2)  # in the stall, and on the way in or out

CHANNELS = (
    "SessionTime",
    "SessionTick",
    "SessionNum",
    "SessionFlags",
    "Lap",
    "LapDistPct",
    "LapCurrentLapTime",
    "LapLastLapTime",
    "Speed",
    "Lat",
    "Lon",
    "OnPitRoad",
    "PlayerTrackSurface",
    "PlayerCarTowTime",
    "PlayerCarMyIncidentCount",
    "PlayerCarPosition",
    "FuelLevel",
    "AirTemp",
    "TrackTempCrew",
    "TrackTemp",
    "TrackWetness",
)
"""Every channel that lap analysis uses."""

REQUIRED = ("SessionTime", "Lap", "LapDistPct")
"""Those without which there are no laps."""


class MissingChannelError(Exception):
    """A channel without which there are no laps is not in the file."""


@dataclass(frozen=True, slots=True)
class Samples:
    """One array a channel, one element a record; None where the file lacks the channel."""

    time: Floats
    lap: Integers
    pct: Floats
    tick: Integers | None
    session: Integers | None
    flags: Integers | None
    current_lap_time: Floats | None
    last_lap_time: Floats | None
    speed: Floats | None
    on_pit_road: Flags
    surface: Integers | None
    tow_time: Floats | None
    incidents: Integers | None
    position: Integers | None
    fuel: Floats | None
    air_temp: Floats | None
    track_temp: Floats | None
    wetness: Integers | None
    glitch: Flags

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Samples:
        """Take the channels from a frame of ``.ibt`` records.

        Raises:
            MissingChannelError: If one of :data:`REQUIRED` is not there.
        """
        if missing := [name for name in REQUIRED if name not in frame.columns]:
            raise MissingChannelError(
                f"channel {', '.join(missing)} is not in the file, so it has no laps"
            )

        def floats(name: str) -> Floats | None:
            return _array(frame, name, np.float64)

        def integers(name: str) -> Integers | None:
            return _array(frame, name, np.int64)

        lap = _array(frame, "Lap", np.int64)
        time = floats("SessionTime")
        pct = floats("LapDistPct")
        assert lap is not None  # noqa: S101 - required above; tells the type checker
        assert time is not None  # noqa: S101
        assert pct is not None  # noqa: S101
        surface = integers("PlayerTrackSurface")
        pit = _array(frame, "OnPitRoad", np.bool_)
        crew = floats("TrackTempCrew")
        return cls(
            time=time,
            lap=lap,
            pct=pct,
            tick=integers("SessionTick"),
            session=integers("SessionNum"),
            flags=integers("SessionFlags"),
            current_lap_time=floats("LapCurrentLapTime"),
            last_lap_time=floats("LapLastLapTime"),
            speed=floats("Speed"),
            on_pit_road=np.zeros(len(lap), np.bool_) if pit is None else pit,
            surface=surface,
            tow_time=floats("PlayerCarTowTime"),
            incidents=integers("PlayerCarMyIncidentCount"),
            position=integers("PlayerCarPosition"),
            fuel=floats("FuelLevel"),
            air_temp=floats("AirTemp"),
            track_temp=floats("TrackTemp") if crew is None else crew,
            wetness=integers("TrackWetness"),
            glitch=_glitches(floats("Lat"), floats("Lon"), surface, lap),
        )


def columns_of(available: Collection[str]) -> list[str]:
    """Those of :data:`CHANNELS` that a file has."""
    return [name for name in CHANNELS if name in available]


def _array(frame: pl.DataFrame, name: str, dtype: type[Number]) -> NDArray[Number] | None:
    if name not in frame.columns:
        return None
    series = frame.get_column(name)
    if isinstance(series.dtype, pl.Array):
        series = series.arr.last()
    return series.to_numpy().astype(dtype)


def _glitches(
    lat: Floats | None, lon: Floats | None, surface: Integers | None, lap: Integers
) -> Flags:
    """Rows that iRacing writes while the car is in no place: on entering, on reset, on tow.

    Their position, speed and lap are zero; only the clock, fuel and weather are true.
    """
    glitch = np.zeros(len(lap), np.bool_)
    if lat is not None and lon is not None:
        nowhere = (lat == 0) & (lon == 0)
        if not nowhere.all():  # a file without positions says nothing
            glitch |= nowhere
    if surface is not None:
        glitch |= surface == NOT_IN_WORLD
    return glitch
