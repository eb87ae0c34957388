"""Read iRacing's shared memory: what one tick holds, and never half of two.

iRacing writes three buffers in turn. A buffer's tick is written after its record; builds since 2026
write it before the record too. A record counts if both agree before and after it was copied. All
offsets, counts and lengths come from outside and are checked against the size of the memory.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.ibt.layout import (
    BUFFERS_OFFSET,
    CHANNEL,
    HEADER,
    LIVE_BUFFER,
    STATUS_CONNECTED,
    VERSIONS,
    ChannelType,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MOST_CHANNELS = 4096
_MOST_VALUES = 1024
_MOST_RECORD = 1 << 20
_MOST_SESSION_INFO = 4 << 20
_MOST_BUFFERS = 4
_ATTEMPTS = 8
_FORMATS = {
    ChannelType.BOOL: "?",
    ChannelType.INT: "i",
    ChannelType.BIT_FIELD: "I",
    ChannelType.FLOAT: "f",
    ChannelType.DOUBLE: "d",
}


class LayoutError(PipelineError):
    """The memory is not laid out as iRacing does."""


class TornReadError(PipelineError):
    """Every buffer was written to while it was copied."""


@dataclass(frozen=True, slots=True)
class Record:
    """The channels at one tick.

    Attributes:
        tick: Number of the record, counted by iRacing.
        values: Channel to its value, or to the list of its values.
        torn: Copies that were thrown away, as iRacing wrote to the buffer meanwhile.
    """

    tick: int
    values: Mapping[str, Any]
    torn: int


@dataclass(frozen=True, slots=True)
class _Header:
    status: int
    update: int
    info_length: int
    info_offset: int
    channels: int
    channels_offset: int
    buffers: int
    record: int


class SharedMemory:
    """The memory, or a copy of it.

    Args:
        view: Its bytes, which may change at any time.
        wanted: Channels to read; others are never unpacked.

    Raises:
        LayoutError: If it is not laid out as iRacing does.
    """

    def __init__(self, view: Any, wanted: Collection[str]) -> None:
        self._view = view
        self._size = len(view)
        header = self._header()
        if not 0 < header.channels <= _MOST_CHANNELS or not 0 < header.buffers <= _MOST_BUFFERS:
            raise LayoutError(f"{header.channels} channels in {header.buffers} buffers")
        if not 0 < header.record <= _MOST_RECORD:
            raise LayoutError(f"records of {header.record} bytes")
        if not self._inside(header.channels_offset, header.channels * CHANNEL.size):
            raise LayoutError("the channels lie outside the memory")
        self._record = header.record
        self._buffers = header.buffers
        self._channels = self._read_channels(header, frozenset(wanted))
        if not self._channels:
            raise LayoutError("none of iRacing's channels is there")

    @property
    def channels(self) -> frozenset[str]:
        """Names of the channels that are read."""
        return frozenset(self._channels)

    @property
    def connected(self) -> bool:
        """Whether the simulator says that it runs."""
        return self._header().status == STATUS_CONNECTED

    @property
    def session_info_update(self) -> int:
        """How often the session info was replaced."""
        return self._header().update

    def latest(self) -> Record:
        """The newest record that was not written to while it was copied.

        Raises:
            TornReadError: If there was none in eight attempts.
            LayoutError: If the header has changed into nonsense.
        """
        torn = 0
        for _ in range(_ATTEMPTS):
            for at, tick, offset in self._newest_first():
                if not self._inside(offset, self._record):
                    raise LayoutError("a buffer lies outside the memory")
                data = self._view[offset : offset + self._record]
                if self._buffer(at) == (tick, offset):
                    values = {
                        name: _value(form, data, start)
                        for name, (form, start) in self._channels.items()
                    }
                    return Record(tick, values, torn)
                torn += 1
        raise TornReadError

    def session_info(self, sections: Collection[str]) -> tuple[int, dict[str, bytes]] | None:
        """Sections of the session info, each from its key on.

        Args:
            sections: Their keys, such as ``DriverInfo``.

        Returns:
            How often it was replaced, and the sections that it has; None if it was replaced while
            it was copied, or does not end as it should.
        """
        header = self._header()
        if not 0 < header.info_length <= _MOST_SESSION_INFO or not self._inside(
            header.info_offset, header.info_length
        ):
            return None
        data = bytes(self._view[header.info_offset : header.info_offset + header.info_length])
        text = data.partition(b"\0")[0].replace(b"\r\n", b"\n")
        if self._header() != header or not text.rstrip().endswith(b"..."):
            return None
        found = {}
        for name in sections:
            begins = re.search(rb"^%s:" % re.escape(name.encode()), text, re.MULTILINE)
            if begins is not None:
                ends = text.find(b"\n\n", begins.start())
                found[name] = text[begins.start() : ends if ends >= 0 else len(text)]
        return header.update, found

    def _header(self) -> _Header:
        if self._size < BUFFERS_OFFSET + _MOST_BUFFERS * LIVE_BUFFER.size:
            raise LayoutError(f"a memory of {self._size} bytes")
        version, status, _, update, length, offset, channels, channels_offset, buffers, record = (
            HEADER.unpack_from(self._view)
        )
        if version not in VERSIONS:
            raise LayoutError(f"version {version}")
        return _Header(status, update, length, offset, channels, channels_offset, buffers, record)

    def _read_channels(
        self, header: _Header, wanted: frozenset[str]
    ) -> dict[str, tuple[struct.Struct, int]]:
        """Where the values of each channel lie; channels that do not fit a record are left out."""
        found: dict[str, tuple[struct.Struct, int]] = {}
        for number in range(header.channels):
            kind, offset, count, _, name_bytes, _, _ = CHANNEL.unpack_from(
                self._view, header.channels_offset + number * CHANNEL.size
            )
            name = name_bytes.partition(b"\0")[0].decode("latin-1")
            if name not in wanted or name in found or kind not in _FORMATS:
                continue
            if not 1 <= count <= _MOST_VALUES:
                continue
            form = struct.Struct(f"<{count}{_FORMATS[kind]}")
            if 0 <= offset <= header.record - form.size:
                found[name] = form, offset
        return found

    def _buffer(self, at: int) -> tuple[int, int] | None:
        """Tick and offset of a buffer; None while a record is written to it."""
        tick, offset, begun = LIVE_BUFFER.unpack_from(self._view, at)
        return None if begun not in (0, tick) else (tick, offset)

    def _newest_first(self) -> list[tuple[int, int, int]]:
        """Descriptor, tick and offset of the buffers that nobody writes to."""
        found = []
        for number in range(self._buffers):
            at = BUFFERS_OFFSET + number * LIVE_BUFFER.size
            buffer = self._buffer(at)
            if buffer is not None and buffer[0] > 0:  # 0: never written
                found.append((at, *buffer))
        return sorted(found, key=lambda each: -each[1])

    def _inside(self, offset: int, length: int) -> bool:
        return 0 <= offset <= self._size - length


def _value(form: struct.Struct, data: bytes, start: int) -> Any:
    values = form.unpack_from(data, start)
    return values[0] if len(values) == 1 else list(values)
