"""Write numbers into the head of a file, as damage would."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from iracing_pipeline.ibt.layout import CHANNEL, CHANNELS_OFFSET

if TYPE_CHECKING:
    from pathlib import Path

# Byte offset of each field that the reader uses, with its struct format.
FIELDS = {
    "version": (0, "<i"),
    "tick_rate": (8, "<i"),
    "session_info_length": (16, "<i"),
    "session_info_offset": (20, "<i"),
    "channel_count": (24, "<i"),
    "channels_offset": (28, "<i"),
    "buffer_count": (32, "<i"),
    "record_length": (36, "<i"),
    "record_offset": (52, "<i"),
    "start": (112, "<q"),
    "record_count": (140, "<i"),
}


def get(path: Path, field: str) -> int:
    """A field of the head."""
    offset, form = FIELDS[field]
    value: int = struct.unpack_from(form, path.read_bytes(), offset)[0]
    return value


def put(path: Path, field: str, value: int) -> None:
    """Set a field of the head."""
    offset, form = FIELDS[field]
    put_bytes(path, offset, struct.pack(form, value))


def put_channel(path: Path, index: int, offset: int, value: int | bytes) -> None:
    """Set a number, or text, at ``offset`` in the declaration of a channel."""
    at = CHANNELS_OFFSET + index * CHANNEL.size + offset
    put_bytes(path, at, struct.pack("<i", value) if isinstance(value, int) else value)


def put_bytes(path: Path, offset: int, data: bytes) -> None:
    """Overwrite some bytes."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
