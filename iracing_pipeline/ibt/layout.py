"""The byte layout of an ``.ibt`` file, from iRacing's SDK (``irsdk_defines.h``).

Everything is little-endian::

    0    header        112 B, of which 48..112 are four buffer descriptors of 16 B
    112  sub-header     32 B, rewritten when iRacing closes the file
    144  channels       number of channels x 144 B
    ..   session info   YAML text
    ..   records        record count x record length, to the end of the file
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

HEADER = struct.Struct("<10i8x")
"""version, status, tick rate, session info update, its length, its offset, number of channels,
their offset, number of buffers, record length"""

BUFFER = struct.Struct("<2i8x")
"""tick count, offset of the records"""

LIVE_BUFFER = struct.Struct("<3i4x")
"""A buffer of the shared memory: tick count, written after the record; offset of the record; tick
count, written before the record. Builds of iRacing before 2026 leave the last at 0."""

SUB_HEADER = struct.Struct("<q2d2i")
"""session start (time_t, UTC), first SessionTime, last SessionTime, laps begun, records"""

CHANNEL = struct.Struct("<3i?3x32s64s32s")
"""type, offset in the record, count, count-as-time, name, description, unit"""

BUFFERS_OFFSET = HEADER.size
SUB_HEADER_OFFSET = BUFFERS_OFFSET + 4 * BUFFER.size
CHANNELS_OFFSET = SUB_HEADER_OFFSET + SUB_HEADER.size

VERSIONS = (1, 2)
STATUS_CONNECTED = 1


class ChannelType(IntEnum):
    """``irsdk_VarType``: how a channel's values lie in a record."""

    CHAR = 0
    BOOL = 1
    INT = 2
    BIT_FIELD = 3
    FLOAT = 4
    DOUBLE = 5

    @property
    def size(self) -> int:
        """Bytes of one value."""
        return _SIZES[self]

    @property
    def dtype(self) -> PolarsDataType:
        """Type of one value in a frame."""
        return _DTYPES[self]


_SIZES = {
    ChannelType.CHAR: 1,
    ChannelType.BOOL: 1,
    ChannelType.INT: 4,
    ChannelType.BIT_FIELD: 4,
    ChannelType.FLOAT: 4,
    ChannelType.DOUBLE: 8,
}

_DTYPES: dict[ChannelType, PolarsDataType] = {
    ChannelType.CHAR: pl.UInt8,
    ChannelType.BOOL: pl.Boolean,
    ChannelType.INT: pl.Int32,
    ChannelType.BIT_FIELD: pl.UInt32,
    ChannelType.FLOAT: pl.Float32,
    ChannelType.DOUBLE: pl.Float64,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as the file declares it.

    Attributes:
        name: Name, such as ``Speed``.
        type: How its values are stored.
        offset: Byte offset in a record.
        count: Values a record; more than one for arrays such as ``SteeringWheelTorque_ST``.
        count_as_time: Whether the values are samples within the tick (360 Hz) that end at it.
        unit: Unit as iRacing writes it; ``%`` means a ratio of 0 to 1.
        description: What it is, in iRacing's words.
    """

    name: str
    type: ChannelType
    offset: int
    count: int
    count_as_time: bool
    unit: str
    description: str

    @property
    def size(self) -> int:
        """Bytes in a record."""
        return self.type.size * self.count

    @property
    def dtype(self) -> PolarsDataType:
        """Type of its column in a frame: a scalar, or a fixed-size array."""
        return self.type.dtype if self.count == 1 else pl.Array(self.type.dtype, self.count)
