"""The channels that lap analysis reads, as arrays, whatever the year and car of the file.

Files differ: a channel may be absent, or hold 360 Hz samples instead of one value. Absent
channels are ``None`` here; an array channel gives its last element, the value at the tick. Short
excursions of single channels are taken out (:mod:`iracing_pipeline.analysis.evidence`), so one
record never decides what a lap is. What gains from all samples of a tick takes
:func:`every_sample`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from iracing_pipeline.analysis.evidence import (
    LONGEST_EXCURSION,
    restored,
    restored_place,
    restored_time,
    settled,
)
from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable

Number = TypeVar("Number", bound=np.generic)
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# irsdk_TrkLoc, PlayerTrackSurface
NOT_IN_WORLD = -1
OFF_TRACK = 0
IN_STALL = 1
PIT_SURFACES = (1, 2)  # in the stall, and on the way in or out

# irsdk_SessionState
PARADE_LAPS, RACING, CHECKERED = 3, 4, 5

# irsdk_Flags
_CHECKERED_FLAG = 0x1
_CAUTION = 0x4000 | 0x8000  # irsdk_caution, irsdk_cautionWaving

# The most that a channel changes from one record to the next, away from a reset.
_PLACE_STEP = 0.004  # of the lap
_FUEL_STEP_L = 0.1
_SPEED_STEP_MPS = 8.0
_TEMPERATURE_STEP_C = 2.0
_DEGREE_M = 111_195.0
_POSITION_STEP_M = 5.0
# A short time off track is one where the incident count rises as soon after it.
_INCIDENT_WITHIN_S = 2.0

CHANNELS = (
    "SessionTime",
    "SessionTick",
    "SessionNum",
    "SessionState",
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


class MissingChannelError(PipelineError):
    """A channel without which there are no laps is not in the file, or of another type."""

    advice = "Without it there are no laps: record with iRacing's own telemetry, all channels on."


@dataclass(frozen=True, slots=True)
class Samples:
    """One array a channel, one element a record; None where the file lacks the channel.

    Attributes:
        on_pit_road: All False where the file does not show it (``tells_pits``).
        caution: Whether a caution is shown.
        checkered: Whether the session has seen the chequered flag: SessionState, or its flag where
            the file lacks the state.
        east_m: Metres east of the first record, by GPS; ``north_m`` likewise.
        glitch: Records with the car not in the world, or with an invalid time, lap or position.
        team_mate: Records in which the car drives without the player in it (``IsOnTrackCar``
            without ``IsOnTrack``).
    """

    time: Floats
    lap: Integers
    pct: Floats
    tick: Integers | None
    session: Integers | None
    state: Integers | None
    caution: Flags | None
    checkered: Flags | None
    current_lap_time: Floats | None
    last_lap_time: Floats | None
    speed: Floats | None
    east_m: Floats | None
    north_m: Floats | None
    on_pit_road: Flags
    tells_pits: bool
    surface: Integers | None
    towed: Flags | None
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

        raw_time, raw_lap, raw_pct = (
            floats_of(frame, "SessionTime"),
            integers("Lap"),
            floats_of(frame, "LapDistPct"),
        )
        if raw_time is None or raw_lap is None or raw_pct is None:
            channels = dict(zip(REQUIRED, (raw_time, raw_lap, raw_pct), strict=True))
            missing = [name for name, channel in channels.items() if channel is None]
            raise MissingChannelError(
                f"channel {', '.join(missing)} is not in the file, or not as a number of the usual"
                " kind, so it has no laps"
            )
        surface = integers("PlayerTrackSurface")
        speed = floats_of(frame, "Speed")
        lat, lon = floats_of(frame, "Lat"), floats_of(frame, "Lon")
        not_in_world = _not_in_world(raw_lap, raw_pct, speed, lat=lat, lon=lon, surface=surface)
        here = np.flatnonzero(~not_in_world)

        def settle(channel: Integers | None, *, strict: bool = False) -> Integers | None:
            return _on(here, channel, lambda values: settled(values, strict=strict))

        def restore(channel: Floats | None, limit: float) -> Floats | None:
            return _on(here, channel, lambda values: restored(values, limit))

        # The clock is true also where the car is not in the world.
        time, usable = restored_time(raw_time, usable_times(raw_time))
        lap = _on(here, raw_lap, lambda values: settled(values, strict=True))
        pct = _on(here, raw_pct, lambda values: restored(values, _PLACE_STEP, circular=True))
        speed = restore(speed, _SPEED_STEP_MPS)
        if speed is not None and len(here) > 1:
            at, when = speed[here], time[here]
            pct = _on(here, pct, lambda values: restored_place(values, at, when))
        lap = _with_last_lap(lap, raw_lap, pct, here)
        incidents = settle(integers("PlayerCarMyIncidentCount"))
        pit = _array(frame, "OnPitRoad", np.bool_)
        flags = integers("SessionFlags")
        state = settle(integers("SessionState"), strict=True)
        crew = floats_of(frame, "TrackTempCrew")
        track_temp = floats_of(frame, "TrackTemp") if crew is None else crew
        tow = floats_of(frame, "PlayerCarTowTime")
        surface = _surface(surface, settle(surface), incidents, time)
        if pit is None and surface is not None:
            pit = np.isin(surface, PIT_SURFACES)
        east, north = _metres(here, lat, lon)
        return cls(
            time=time,
            lap=lap,
            pct=pct,
            tick=integers("SessionTick"),
            session=settle(integers("SessionNum"), strict=True),
            state=state,
            caution=None if flags is None else settled((flags & _CAUTION) != 0),
            checkered=_checkered(state, flags),
            current_lap_time=floats_of(frame, "LapCurrentLapTime"),
            last_lap_time=floats_of(frame, "LapLastLapTime"),
            speed=speed,
            east_m=east,
            north_m=north,
            on_pit_road=np.zeros(len(lap), np.bool_) if pit is None else _on(here, pit, settled),
            tells_pits=pit is not None,
            surface=surface,
            towed=None if tow is None else settled(tow > 0),
            incidents=incidents,
            position=settle(integers("PlayerCarPosition")),
            fuel=restore(floats_of(frame, "FuelLevel"), _FUEL_STEP_L),
            air_temp=restore(floats_of(frame, "AirTemp"), _TEMPERATURE_STEP_C),
            track_temp=restore(track_temp, _TEMPERATURE_STEP_C),
            wetness=settle(integers("TrackWetness")),
            glitch=not_in_world | _damaged(usable, lap, pct),
            team_mate=_team_mate(frame),
        )


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


def flags_of(frame: pl.DataFrame, name: str) -> Flags | None:
    """A channel of yes or no; None if it is not there, or holds something else."""
    return _array(frame, name, np.bool_)


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


def _damaged(usable: Flags, lap: Integers, pct: Floats) -> Flags:
    """Records whose time, lap or place on the lap is no such thing."""
    return ~(usable & (np.abs(lap) < 2**31) & (pct > -1) & (pct < 2))


@overload
def _on(
    rows: Integers, channel: NDArray[Number], change: Callable[[NDArray[Number]], NDArray[Number]]
) -> NDArray[Number]: ...
@overload
def _on(rows: Integers, channel: None, change: Callable[[NDArray[Any]], NDArray[Any]]) -> None: ...
@overload
def _on(
    rows: Integers,
    channel: NDArray[Number] | None,
    change: Callable[[NDArray[Number]], NDArray[Number]],
) -> NDArray[Number] | None: ...
def _on(
    rows: Integers,
    channel: NDArray[Number] | None,
    change: Callable[[NDArray[Number]], NDArray[Number]],
) -> NDArray[Number] | None:
    """A channel changed in some rows, without regard to the others."""
    if channel is None or not len(rows):
        return channel
    if len(rows) == len(channel):
        return change(channel)
    values = channel[rows]
    new = change(values)
    if new is values:
        return channel
    whole = channel.copy()
    whole[rows] = new
    return whole


def _not_in_world(
    lap: Integers,
    pct: Floats,
    speed: Floats | None,
    *,
    lat: Floats | None,
    lon: Floats | None,
    surface: Integers | None,
) -> Flags:
    """Records that iRacing writes while the car is in no place: on entering, on reset, on tow.

    Their position, speed, place and lap are zero; only the clock, fuel and weather are true. Two
    votes of three decide (GPS at zero, surface "not in world", all else at zero), or one where it
    lasts. Records between which the car drives on are none of them.
    """
    votes = np.zeros(len(lap), np.int8)
    if surface is not None:
        votes += surface == NOT_IN_WORLD
    if lat is not None and lon is not None:
        at_zero = (lat == 0) & (lon == 0)
        if not at_zero.all():  # a file without positions shows nothing
            votes += at_zero
    if not votes.any():
        return np.zeros(len(lap), np.bool_)
    at_rest = (pct == 0) & (lap == 0)
    if speed is not None:
        at_rest &= speed == 0
    suspected = votes > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], suspected, [False]))))
    not_in_world = np.zeros(len(lap), np.bool_)
    for first, after in edges.reshape(-1, 2).tolist():
        lasts = after - first > LONGEST_EXCURSION
        sure = (votes[first:after] + at_rest[first:after]).max() > 1
        drives_on = first > 0 and after < len(lap) and _drives_on(pct, lap, speed, first, after)
        not_in_world[first:after] = lasts or (sure and not drives_on)
    return not_in_world


def _drives_on(pct: Floats, lap: Integers, speed: Floats | None, first: int, after: int) -> bool:
    """Whether the car goes on after [first, after) as it went before, rather than elsewhere."""
    records = after - first + 1
    way = (pct[after] - pct[first - 1] + 0.5) % 1 - 0.5
    if not -_PLACE_STEP < way <= _PLACE_STEP * records:
        return False
    if not 0 <= lap[after] - lap[first - 1] <= 1:
        return False
    return speed is None or bool(
        speed[after] > 0 and abs(speed[after] - speed[first - 1]) < _SPEED_STEP_MPS * records / 2
    )


def _with_last_lap(lap: Integers, raw: Integers, pct: Floats, here: Integers) -> Integers:
    """Keep a lap that is counted in the last records, where the place shows the line too."""
    last = here[-LONGEST_EXCURSION - 1 :]
    if len(last) < 2 or lap[last[-1]] == raw[last[-1]]:
        return lap
    wrapped = (np.diff(pct[last]) < -0.5).any()
    if not wrapped or raw[last[-1]] != lap[last[-1]] + 1:
        return lap
    lap = lap.copy()
    lap[last] = raw[last]
    return lap


def _surface(
    raw: Integers | None, surface: Integers | None, incidents: Integers | None, time: Floats
) -> Integers | None:
    """The surface, with those short times off track that cost incident points."""
    if raw is None or surface is None or incidents is None:
        return surface
    short = np.flatnonzero((raw == OFF_TRACK) & (surface != OFF_TRACK))
    if not len(short):
        return surface
    rises = time[1:][np.diff(incidents) > 0]
    if not len(rises):
        return surface
    since = rises[None, :] - time[short][:, None]
    costly = short[((since >= 0) & (since < _INCIDENT_WITHIN_S)).any(axis=1)]
    surface = surface.copy()
    surface[costly] = OFF_TRACK
    return surface


def _checkered(state: Integers | None, flags: Integers | None) -> Flags | None:
    if state is not None:
        return state >= CHECKERED
    return None if flags is None else settled((flags & _CHECKERED_FLAG) != 0)


def _metres(
    here: Integers, lat: Floats | None, lon: Floats | None
) -> tuple[Floats | None, Floats | None]:
    """East and north of the first position; None where the file has no positions."""
    if lat is None or lon is None or not len(here) or not (lat[here].any() or lon[here].any()):
        return None, None
    # A position of damage is none; it is not to overflow either.
    north = np.where(np.abs(lat) <= 90, (lat - lat[here[0]]) * _DEGREE_M, np.nan)
    shrink = np.cos(np.radians(np.clip(np.nan_to_num(lat[here[0]]), -90, 90)))
    east = np.where(np.abs(lon) <= 180, (lon - lon[here[0]]) * _DEGREE_M * shrink, np.nan)
    return (
        _on(here, east, lambda values: restored(values, _POSITION_STEP_M)),
        _on(here, north, lambda values: restored(values, _POSITION_STEP_M)),
    )
