"""Write MoTeC ``.ld`` files, for i2 and everything else that opens them.

An ``.ld`` file is a head, an event with its venue and vehicle, a linked list of channel
descriptions, and the samples of each channel one after the other, little-endian. MoTeC does not
publish the format; this is what readers of it agree on. A channel has a fixed rate, so records are
put on an even clock: where iRacing dropped one, the one before is repeated. A channel that iRacing
logged at 360 Hz keeps that rate.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from numpy.typing import NDArray

_HEAD = struct.Struct("<I4xII20xI24xHHHI8sHHI4x16s16x16s16x64s64s64x64s64x1024xI66x64s126x")
_EVENT = struct.Struct("<64s64s1024sH")
_VENUE = struct.Struct("<64s1034xH")
_VEHICLE = struct.Struct("<64s128xI32s32s")
_CHANNEL = struct.Struct("<IIIIHHHHhhhh32s8s12s40x")

_MARKER = 0x40
_STATIC = (1, 0x4240, 0xF)
_SERIAL, _DEVICE, _VERSION, _FORMAT = 0x1F44, b"ADL", 420, 0xADB0
_PRO_LOGGING = 0xC81A4  # without it i2 Pro refuses the file
_FIRST_CHANNEL_ID = 0x2EE1
_LONGEST_GAP_S = 60.0
_MOST_TICKS_A_RECORD = 8
_FLOAT, _INTEGER, _FOUR_BYTES = 7, 3, 4
_FASTEST_HZ = 0xFFFF  # what the field holds
MOST_VALUES = 64
"""Of an array channel with more values a record than iRacing has cars, the last one is kept."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Facts of a file that i2 shows beside its channels.

    Attributes:
        start: When it began; i2 shows date and time as they are in its zone.
    """

    start: datetime
    driver: str
    vehicle: str
    venue: str
    event: str
    session: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel as the file holds it."""

    name: str
    source: str
    rate: int
    samples: NDArray[np.float32] | NDArray[np.int32]


def encode(
    records: pl.DataFrame,
    units: Mapping[str, str],
    recording: Recording,
    *,
    rate: int,
    lists: Collection[str] = (),
) -> bytes:
    """An ``.ld`` file of some records.

    Args:
        records: Records in order, with ``SessionTime``. An array channel holds samples within the
            tick, the last one at it, and becomes one channel of so many times the rate.
        units: Unit of each channel, as iRacing writes it.
        recording: Facts of the recording.
        rate: Records a second.
        lists: Array channels that are no samples within the tick: each value becomes a channel.

    Raises:
        ValueError: If there is no record.
    """
    if records.is_empty():
        raise ValueError("an .ld file needs at least one record")
    rows = _even_rows(even_clock(records.get_column("SessionTime").to_numpy(), rate), rate)
    channels = [
        channel
        for series in records.iter_columns()
        for channel in _channels(series, rows, rate, spread=series.name in lists)
    ]
    places = np.cumsum([_HEAD.size, _EVENT.size, _VENUE.size, _VEHICLE.size]).tolist()
    event_at, venue_at, vehicle_at, channels_at = places
    samples_at = channels_at + _CHANNEL.size * len(channels)
    start = recording.start
    head = _HEAD.pack(
        _MARKER,
        channels_at,
        samples_at,
        event_at,
        *_STATIC,
        _SERIAL,
        _DEVICE,
        _VERSION,
        _FORMAT,
        len(channels),
        f"{start:%d/%m/%Y}".encode(),
        f"{start:%H:%M:%S}".encode(),
        _text(recording.driver, 64),
        _text(recording.vehicle, 64),
        _text(recording.venue, 64),
        _PRO_LOGGING,
        _text(recording.comment, 64),
    )
    event = _EVENT.pack(
        _text(recording.event, 64),
        _text(recording.session, 64),
        _text(recording.comment, 1024),
        venue_at,
    )
    venue = _VENUE.pack(_text(recording.venue, 64), vehicle_at)
    vehicle = _VEHICLE.pack(_text(recording.vehicle, 64), 0, b"", b"")
    described, at = [], samples_at
    for number, channel in enumerate(channels):
        offset = channels_at + number * _CHANNEL.size
        unit = units.get(channel.source, "").removesuffix(_AT_360_HZ)
        described.append(
            _CHANNEL.pack(
                offset - _CHANNEL.size if number else 0,
                offset + _CHANNEL.size if number + 1 < len(channels) else 0,
                at,
                len(channel.samples),
                (_FIRST_CHANNEL_ID + number) & 0xFFFF,
                _FLOAT if channel.samples.dtype.kind == "f" else _INTEGER,
                _FOUR_BYTES,
                channel.rate,
                0,
                1,
                1,
                0,
                _text(channel.name, 32),
                _text(channel.name, 8),
                _text(_UNITS.get(unit, unit), 12),
            )
        )
        at += channel.samples.nbytes
    samples = (channel.samples.tobytes() for channel in channels)
    return b"".join([head, event, venue, vehicle, *described, *samples])


# The unit of some 360 Hz channels contains the rate.
_AT_360_HZ = " at 360 Hz"
# iRacing writes % for ratios from 0 to 1.
_UNITS = {"%": "ratio", "revs/min": "rpm", "m/s^2": "m/s/s"}


def even_clock(time: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Seconds since the first record as the file counts them, for each record.

    A clock that falls, or that jumps by more than a connection is ever lost for, continues by one
    tick: the gap is not filled with copies of a record. A file is at most eight times as long as
    its records.

    Args:
        time: SessionTime of each record, in order.
        rate: Records a second.
    """
    tick = 1.0 / rate
    with np.errstate(invalid="ignore", over="ignore"):  # damaged clocks overflow
        steps = np.diff(time)
    steps = np.where((steps >= 0) & (steps <= _LONGEST_GAP_S), steps, tick)
    if steps.sum() > _MOST_TICKS_A_RECORD * tick * len(time):
        steps = np.minimum(steps, tick)
    return np.concatenate(([0.0], np.cumsum(steps)))


def _even_rows(clock: NDArray[np.float64], rate: int) -> NDArray[np.int64]:
    """For each tick of an even clock, the record that it shows."""
    ticks = np.round(clock * rate).astype(np.int64)
    wanted = np.arange(int(ticks[-1]) + 1)
    return np.asarray(np.searchsorted(ticks, wanted, side="right") - 1)


def _channels(
    series: pl.Series, rows: NDArray[np.int64], rate: int, *, spread: bool
) -> Iterator[_Channel]:
    """The channels of the file that one of iRacing's becomes; none for text."""
    dtype = series.dtype
    if not isinstance(dtype, pl.Array):
        if dtype.is_numeric() or dtype == pl.Boolean:
            yield _Channel(series.name, series.name, rate, _values(series.to_numpy()[rows]))
        return
    if not (dtype.inner.is_numeric() or dtype.inner == pl.Boolean):
        return
    values = series.explode().to_numpy().reshape(len(series), dtype.size)
    if dtype.size > MOST_VALUES or rate * dtype.size > _FASTEST_HZ:
        yield _Channel(series.name, series.name, rate, _values(values[rows, -1]))
        return
    if spread:
        for at in range(dtype.size):
            name = f"{series.name}[{at}]"
            yield _Channel(name, series.name, rate, _values(values[rows, at]))
        return
    ticks = values[rows]
    # A record that is repeated was there in its last sample alone.
    repeated = np.flatnonzero(np.diff(rows) == 0) + 1
    ticks[repeated] = values[rows[repeated], -1:]
    # From the sample at the first record on, so that all channels begin at the same moment.
    yield _Channel(
        series.name, series.name, rate * dtype.size, _values(ticks.ravel()[dtype.size - 1 :])
    )


def _values(values: NDArray[Any]) -> NDArray[np.float32] | NDArray[np.int32]:
    if values.dtype.kind == "f":
        return np.asarray(np.nan_to_num(values), dtype="<f4")
    # Bit fields keep their bits.
    return np.asarray(values.astype(np.int64).astype(np.int32), dtype="<i4")


def _text(text: str, size: int) -> bytes:
    """Text as the format holds it: what its letters become in ASCII, ended by a zero."""
    return text.encode("ascii", "replace")[: size - 1]
