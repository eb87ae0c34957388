"""Write iRacing's shared memory: header, channels, session info and three buffers in turn."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Any

from iracing_pipeline.ibt.layout import (
    BUFFER,
    BUFFERS_OFFSET,
    CHANNEL,
    HEADER,
    LIVE_BUFFER,
    STATUS_CONNECTED,
    Channel,
    ChannelType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BUFFERS = 3
SESSION_INFO_BYTES = 512 * 1024
_SESSION_INFO_OFFSET = BUFFERS_OFFSET + 4 * BUFFER.size
_VERSION, _TICK_RATE = 2, 60
_STATUS = struct.Struct("<i")
_STATUS_OFFSET, _UPDATE_OFFSET = 4, 12
_FORMATS = {
    ChannelType.CHAR: "c",
    ChannelType.BOOL: "?",
    ChannelType.INT: "i",
    ChannelType.BIT_FIELD: "I",
    ChannelType.FLOAT: "f",
    ChannelType.DOUBLE: "d",
}


class MemoryWriter:
    """A file that other processes read as they read iRacing's shared memory.

    Args:
        path: The file; one that is there is overwritten in place, as its readers hold it open.
        channels: Channels of a record, with offsets (see :func:`iracing_pipeline.ibt.lay_out`).

    Raises:
        OSError: From the disk.
    """

    def __init__(self, path: Path, channels: Sequence[Channel]) -> None:
        self._channels = tuple(channels)
        self._record = struct.Struct(
            "<" + "".join(f"{each.count}{_FORMATS[each.type]}" for each in self._channels)
        )
        headers = _SESSION_INFO_OFFSET + SESSION_INFO_BYTES
        first = headers + CHANNEL.size * len(self._channels)
        self._offsets = [first + number * self._record.size for number in range(BUFFERS)]
        size = first + BUFFERS * self._record.size
        path.touch(mode=0o600)
        with path.open("r+b") as file:
            file.truncate(size)
            self._memory = mmap.mmap(file.fileno(), size)
        self._tick, self._update = 0, 0
        self._memory[:size] = bytes(size)
        self._memory[: HEADER.size] = HEADER.pack(
            _VERSION,
            0,
            _TICK_RATE,
            0,
            SESSION_INFO_BYTES,
            _SESSION_INFO_OFFSET,
            len(self._channels),
            headers,
            BUFFERS,
            self._record.size,
        )
        for number, offset in enumerate(self._offsets):
            self._describe(number, 0, offset, 0)
        for number, channel in enumerate(self._channels):
            CHANNEL.pack_into(
                self._memory,
                headers + CHANNEL.size * number,
                channel.type,
                channel.offset,
                channel.count,
                channel.count_as_time,
                channel.name.encode("latin-1"),
                channel.description.encode("latin-1"),
                channel.unit.encode("latin-1"),
            )

    def write(self, values: Mapping[str, Any]) -> int:
        """Write a record into the oldest buffer.

        Args:
            values: Channel to its value, or to the list of its values.

        Returns:
            The tick of the record.
        """
        row: list[Any] = []
        for channel in self._channels:
            value = values[channel.name]
            if channel.count == 1:
                row.append(value)
            else:
                row += value
        data = self._record.pack(*row)
        self._tick += 1
        number = self._tick % BUFFERS
        offset, before = self._offsets[number], self._tick - BUFFERS
        self._describe(number, max(before, 0), offset, self._tick)
        self._memory[offset : offset + len(data)] = data
        self._describe(number, self._tick, offset, self._tick)
        return self._tick

    def set_session_info(self, text: str) -> None:
        """Replace the session info.

        Raises:
            ValueError: If it is longer than its place.
        """
        data = text.encode("cp1252", errors="replace")
        if len(data) >= SESSION_INFO_BYTES:
            raise ValueError(f"the session info has {len(data)} bytes of {SESSION_INFO_BYTES}")
        start = _SESSION_INFO_OFFSET
        self._memory[start : start + SESSION_INFO_BYTES] = data.ljust(SESSION_INFO_BYTES, b"\0")
        self._update += 1
        _STATUS.pack_into(self._memory, _UPDATE_OFFSET, self._update)

    def connect(self) -> None:
        """Say that the simulator runs."""
        _STATUS.pack_into(self._memory, _STATUS_OFFSET, STATUS_CONNECTED)

    def disconnect(self) -> None:
        """Say that it does not, as iRacing does when it ends."""
        _STATUS.pack_into(self._memory, _STATUS_OFFSET, 0)

    def close(self) -> None:
        """End the simulator and let the memory go."""
        self.disconnect()
        self._memory.close()

    def _describe(self, number: int, tick: int, offset: int, begun: int) -> None:
        at = BUFFERS_OFFSET + LIVE_BUFFER.size * number
        LIVE_BUFFER.pack_into(self._memory, at, tick, offset, begun)
