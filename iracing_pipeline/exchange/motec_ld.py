"""Write MoTeC ``.ld`` files, for i2 and everything else that opens them.

An ``.ld`` file is a head, an event with its venue and vehicle, a linked list of channel
descriptions, and the samples of each channel one after the other, little-endian. MoTeC does not
publish the format; this is what readers of it agree on. A channel has a fixed rate, so records are
put on an even clock: where iRacing dropped one, the one before stands in.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Recording:
    """What i2 shows of a file beside its channels."""

    start: datetime
    driver: str
    vehicle: str
    venue: str
    event: str
    session: str
    comment: str = ""


def encode(
    records: pl.DataFrame, units: Mapping[str, str], recording: Recording, *, rate: int
) -> bytes:
    """An ``.ld`` file of some records.

    Args:
        records: Records in order, with ``SessionTime``; channels that are no single numbers are
            left out.
        units: Unit of each channel, as iRacing writes it.
        recording: What the file is of.
        rate: Records a second.

    Raises:
        ValueError: If there is no record.
    """
    if records.is_empty():
        raise ValueError("an .ld file needs at least one record")
    rows = _even_rows(even_clock(records.get_column("SessionTime").to_numpy(), rate), rate)
    channels = [
        (series.name, _samples(series, rows))
        for series in records.iter_columns()
        if series.dtype.is_numeric() or series.dtype == pl.Boolean
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
    for number, (name, samples) in enumerate(channels):
        place = channels_at + number * _CHANNEL.size
        described.append(
            _CHANNEL.pack(
                place - _CHANNEL.size if number else 0,
                place + _CHANNEL.size if number + 1 < len(channels) else 0,
                at,
                len(samples),
                (_FIRST_CHANNEL_ID + number) & 0xFFFF,
                _FLOAT if samples.dtype.kind == "f" else _INTEGER,
                _FOUR_BYTES,
                rate,
                0,
                1,
                1,
                0,
                _text(name, 32),
                _text(name, 8),
                _text(_UNITS.get(units.get(name, ""), units.get(name, "")), 12),
            )
        )
        at += samples.nbytes
    parts = [head, event, venue, vehicle, *described, *(each.tobytes() for _, each in channels)]
    return b"".join(parts)


# iRacing writes % for ratios from 0 to 1.
_UNITS = {"%": "ratio", "revs/min": "rpm", "m/s^2": "m/s/s"}


def even_clock(time: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Seconds since the first record as the file counts them, for each record.

    A clock that falls, or that jumps by more than a connection is ever lost for, goes on by one
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


def _samples(series: pl.Series, rows: NDArray[np.int64]) -> NDArray[np.float32] | NDArray[np.int32]:
    values = series.to_numpy()[rows]
    if series.dtype.is_float():
        return np.asarray(np.nan_to_num(values), dtype="<f4")
    # Bit fields keep their bits.
    return np.asarray(values.astype(np.int64).astype(np.int32), dtype="<i4")


def _text(text: str, size: int) -> bytes:
    """Text as the format holds it: what its letters become in ASCII, ended by a zero."""
    return text.encode("ascii", "replace")[: size - 1]
