"""Turn packed records into columns, block by block.

Records are rows of bytes; a frame wants columns. Copying value by value strides through memory
once a channel. Instead, neighbouring channels of one width form a *run*, and each run is
transposed as a block of a few hundred records that stays in the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.ibt.layout import Channel, ChannelType

if TYPE_CHECKING:
    from collections.abc import Sequence

# Bytes of memory taken at a time, and on what boundary each run begins in them.
_SLAB = 64 << 20
_ALIGNMENT = 64

# Records transposed at a time: 512 records of about 1 kB are half of a usual L2 cache.
_TILE = 512

_UNSIGNED: dict[int, np.dtype[np.unsignedinteger]] = {
    1: np.dtype("<u1"),
    4: np.dtype("<u4"),
    8: np.dtype("<u8"),
}

_VALUES: dict[ChannelType, np.dtype[np.generic]] = {
    ChannelType.CHAR: np.dtype("<u1"),
    ChannelType.BOOL: np.dtype("<u1"),
    ChannelType.INT: np.dtype("<i4"),
    ChannelType.BIT_FIELD: np.dtype("<u4"),
    ChannelType.FLOAT: np.dtype("<f4"),
    ChannelType.DOUBLE: np.dtype("<f8"),
}


Values = np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]


@dataclass(frozen=True, slots=True)
class Run:
    """Channels that lie side by side in a record and whose values have one width.

    Attributes:
        offset: Byte offset of the first in a record.
        width: Bytes a value.
        channels: The channels in record order; an array channel is a separate run.
    """

    offset: int
    width: int
    channels: tuple[Channel, ...]

    @property
    def count(self) -> int:
        """Values a record."""
        return sum(channel.count for channel in self.channels)


def runs(channels: Sequence[Channel]) -> list[Run]:
    """Group channels into runs."""
    grouped: list[Run] = []
    for channel in sorted(channels, key=lambda channel: channel.offset):
        last = grouped[-1] if grouped else None
        if (
            last is not None
            and channel.count == 1
            and last.channels[0].count == 1
            and last.width == channel.type.size
            and last.offset + last.width * len(last.channels) == channel.offset
        ):
            grouped[-1] = Run(last.offset, last.width, (*last.channels, channel))
        else:
            grouped.append(Run(channel.offset, channel.type.size, (channel,)))
    return grouped


class Columns:
    """Columns under construction: filled block by block, then handed over as a frame."""

    def __init__(self, channels: Sequence[Channel], record_length: int, rows: int) -> None:
        """Make room for ``rows`` records of ``channels``."""
        self._channels = channels
        self._record_length = record_length
        self._rows = rows
        self._runs = runs(channels)
        self._arrays = _room(self._runs, rows)
        self._filled = 0

    def append(self, block: memoryview, records: int) -> None:
        """Add the first ``records`` records that ``block`` holds."""
        for first in range(0, records, _TILE):
            rows = min(_TILE, records - first)
            start = self._filled
            for run, array in zip(self._runs, self._arrays, strict=True):
                tile = np.ndarray(
                    (rows, run.count),
                    array.dtype,
                    block,
                    offset=first * self._record_length + run.offset,
                    strides=(self._record_length, run.width),
                )
                if run.channels[0].count == 1:
                    array[:, start : start + rows] = tile.T
                else:
                    array[start : start + rows] = tile
            self._filled += rows

    def frame(self) -> pl.DataFrame:
        """The columns in the order of the channels asked for."""
        series: dict[str, pl.Series] = {}
        for run, array in zip(self._runs, self._arrays, strict=True):
            if run.channels[0].count > 1:
                channel = run.channels[0]
                series[channel.name] = _series(channel, array[: self._filled])
                continue
            for channel, row in zip(run.channels, array, strict=True):
                series[channel.name] = _series(channel, row[: self._filled])
        return pl.DataFrame([series[channel.name] for channel in self._channels])


def _room(runs: Sequence[Run], rows: int) -> list[Values]:
    """An array for each run: values by row for arrays, by channel for all else.

    They are cut from slabs of whole huge pages: to get memory in small pages from the system
    takes longer than to fill it. Not from one slab, which would live as long as any column.
    """
    sizes = [-(-run.count * run.width * rows // _ALIGNMENT) * _ALIGNMENT for run in runs]
    slab, used = np.empty(0, np.uint8), 0
    arrays: list[Values] = []
    for index, run in enumerate(runs):
        if used + sizes[index] > len(slab):
            slab, used = np.empty(max(sizes[index], min(_SLAB, sum(sizes[index:]))), np.uint8), 0
        values = slab[used : used + run.count * run.width * rows].view(_UNSIGNED[run.width])
        shape = (run.count, rows) if run.channels[0].count == 1 else (rows, run.count)
        arrays.append(values.reshape(shape))
        used += sizes[index]
    return arrays


def _series(channel: Channel, values: Values) -> pl.Series:
    """One column, without a copy where polars allows it."""
    typed = values != 0 if channel.type is ChannelType.BOOL else values.view(_VALUES[channel.type])
    if channel.count == 1:
        return pl.Series(channel.name, typed)
    return pl.Series(channel.name, typed, dtype=pl.Array(channel.type.dtype, channel.count))
