"""The channels that lap analysis reads, as arrays, whatever the year and car of the file.

Files differ: a channel may be absent, or hold 360 Hz samples instead of one value. Absent
channels are ``None`` here; an array channel gives its last element, the value at the tick. What
gains from all samples of a tick takes :func:`every_sample`.
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
    "IsOnTrack",
    "IsOnTrackCar",
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

_DRIVING_MPS = 1.0

# No session lasts as long: a SessionTime beyond it is damage (two months).
_LONGEST_S = 5e6

REQUIRED = ("SessionTime", "Lap", "LapDistPct")
"""Those without which there are no laps."""


class MissingChannelError(Exception):
    """A channel without which there are no laps is not in the file, or of another type."""

    advice = "Without it there are no laps: record with iRacing's own telemetry, all channels on."


@dataclass(frozen=True, slots=True)
class Samples:
    """One array a channel, one element a record; None where the file lacks the channel.

    Two are never None: ``on_pit_road`` is all False where the file does not tell (``tells_pits``),
    and ``glitch`` marks the records in which the car is nowhere. ``team_mate`` marks those in which
    the car drives without the player in it (``IsOnTrackCar`` without ``IsOnTrack``).
    """

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
    tells_pits: bool
    surface: Integers | None
    tow_time: Floats | None
    incidents: Integers | None
    position: Integers | None
    fuel: Floats | None
    air_temp: Floats | None
    track_temp: Floats | None
    wetness: Integers | None
    glitch: Flags
    team_mate: Flags | None

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Samples:
        """Take the channels from a frame of ``.ibt`` records.

        Raises:
            MissingChannelError: If one of :data:`REQUIRED` is not there.
        """

        def integers(name: str) -> Integers | None:
            return _array(frame, name, np.int64)

        time, lap, pct = (
            floats_of(frame, "SessionTime"),
            integers("Lap"),
            floats_of(frame, "LapDistPct"),
        )
        if time is None or lap is None or pct is None:
            found = dict(zip(REQUIRED, (time, lap, pct), strict=True))
            missing = [name for name, channel in found.items() if channel is None]
            raise MissingChannelError(
                f"channel {', '.join(missing)} is not in the file, or not as a number of the usual"
                " kind, so it has no laps"
            )
        surface = integers("PlayerTrackSurface")
        pit = _array(frame, "OnPitRoad", np.bool_)
        if pit is None and surface is not None:
            pit = np.isin(surface, PIT_SURFACES)
        crew = floats_of(frame, "TrackTempCrew")
        return cls(
            time=time,
            lap=lap,
            pct=pct,
            tick=integers("SessionTick"),
            session=integers("SessionNum"),
            flags=integers("SessionFlags"),
            current_lap_time=floats_of(frame, "LapCurrentLapTime"),
            last_lap_time=floats_of(frame, "LapLastLapTime"),
            speed=floats_of(frame, "Speed"),
            on_pit_road=np.zeros(len(lap), np.bool_) if pit is None else pit,
            tells_pits=pit is not None,
            surface=surface,
            tow_time=floats_of(frame, "PlayerCarTowTime"),
            incidents=integers("PlayerCarMyIncidentCount"),
            position=integers("PlayerCarPosition"),
            fuel=floats_of(frame, "FuelLevel"),
            air_temp=floats_of(frame, "AirTemp"),
            track_temp=floats_of(frame, "TrackTemp") if crew is None else crew,
            wetness=integers("TrackWetness"),
            glitch=_damaged(time, lap, pct)
            | _nowhere(floats_of(frame, "Lat"), floats_of(frame, "Lon"), surface),
            team_mate=_team_mate(frame),
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
    kind = series.dtype
    fits = kind.is_numeric() if dtype is np.float64 else kind.is_integer() or kind == pl.Boolean
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        return series.to_numpy().astype(dtype) if fits else None


def floats_of(frame: pl.DataFrame, name: str) -> Floats | None:
    """A channel of numbers; None if it is not there, or holds no numbers."""
    return _array(frame, name, np.float64)


def _team_mate(frame: pl.DataFrame) -> Flags | None:
    """Records in which the car drives without the player in it; None where the file lacks that."""
    aboard = _array(frame, "IsOnTrack", np.bool_)
    driving = _array(frame, "IsOnTrackCar", np.bool_)
    if driving is None and (speed := floats_of(frame, "Speed")) is not None:
        driving = speed > _DRIVING_MPS
    return None if aboard is None or driving is None else driving & ~aboard


def every_sample(frame: pl.DataFrame, name: str) -> Floats | None:
    """All samples of a channel of numbers, in order of time.

    Sample ``k`` of ``n`` in a record is ``(n - 1 - k) / n`` of a tick older than the record.

    Returns:
        Shape (records, samples a record): one sample a record, or six where iRacing logged the
        channel at 360 Hz. None if the channel is not there, or holds no numbers.
    """
    dtype = frame.schema.get(name)
    if not isinstance(dtype, pl.Array):
        values = floats_of(frame, name)
        return None if values is None else values[:, None]
    if not dtype.inner.is_numeric():
        return None
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        flat = frame.get_column(name).explode().to_numpy().astype(np.float64)
    return flat.reshape(frame.height, dtype.size)


def usable_times(time: Floats) -> Flags:
    """Which values of SessionTime are times at all."""
    return np.abs(time) < _LONGEST_S  # false for NaN


def _damaged(time: Floats, lap: Integers, pct: Floats) -> Flags:
    """Rows whose time, lap or place on the lap is no such thing."""
    return ~(usable_times(time) & (np.abs(lap) < 2**31) & (pct > -1) & (pct < 2))


def _nowhere(lat: Floats | None, lon: Floats | None, surface: Integers | None) -> Flags | np.bool_:
    """Rows that iRacing writes while the car is in no place: on entering, on reset, on tow.

    Their position, speed and lap are zero; only the clock, fuel and weather are true.
    """
    nowhere: Flags | np.bool_ = np.False_
    if lat is not None and lon is not None:
        at_zero = (lat == 0) & (lon == 0)
        if not at_zero.all():  # a file without positions says nothing
            nowhere = nowhere | at_zero
    if surface is not None:
        nowhere = nowhere | (surface == NOT_IN_WORLD)
    return nowhere
