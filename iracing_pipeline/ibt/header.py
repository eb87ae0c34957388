"""Parse and validate the head of an ``.ibt`` file: everything before the session info and records.

No field is believed before it is checked against the file's size and against the others, so a
damaged header costs neither memory nor time, and never yields garbage for samples.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from iracing_pipeline.ibt.errors import (
    CorruptHeaderError,
    EmptyFileError,
    FileChangedError,
    LiveMemoryError,
    NotTelemetryError,
    TruncatedFileError,
    UnsupportedVersionError,
)
from iracing_pipeline.ibt.layout import (
    BUFFER,
    BUFFERS_OFFSET,
    CHANNEL,
    CHANNELS_OFFSET,
    HEADER,
    SUB_HEADER,
    SUB_HEADER_OFFSET,
    VERSIONS,
    Channel,
    ChannelType,
)
from iracing_pipeline.ibt.start import StartSource, find_start

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

# Bounds far above anything seen (320 channels, records of 1.1 kB, 95 kB of session info), there
# so that a damaged count cannot ask for much memory.
MAX_CHANNELS = 8_192
MAX_RECORD_LENGTH = 1 << 20
MAX_SESSION_INFO_LENGTH = 16 << 20
MAX_TICK_RATE = 1_000

_TYPES = {int(kind): kind for kind in ChannelType}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Header:
    """Content of the head of a file, after validation.

    Attributes:
        head: The first 144 bytes, by which a replaced file is recognised.
        channel_table: The bytes that declare the channels.
        version: Header version, 1 or 2.
        tick_rate: Records a second.
        start: When iRacing opened the file, UTC; estimated where the header holds no date.
        start_source: Source of ``start``.
        closed: Whether iRacing closed the file, and so wrote the record count.
        whole: Whether it was closed and its size is what the record count makes it.
        channels: The channels in file order.
        record_offset: Offset of the records.
        record_length: Bytes a record.
        record_count: Whole records that the file holds.
        session_info_offset: Offset of the session info.
        session_info_length: Its bytes.
        warnings: Repairs and omissions, in words.
    """

    head: bytes
    channel_table: bytes
    version: int
    tick_rate: int
    start: datetime
    start_source: StartSource
    closed: bool
    whole: bool
    channels: tuple[Channel, ...]
    record_offset: int
    record_length: int
    record_count: int
    session_info_offset: int
    session_info_length: int
    warnings: tuple[str, ...]


def read_header(file: BinaryIO, path: Path) -> Header:
    """Read the head of ``file`` and check every offset and count in it.

    Args:
        file: The file, open for reading bytes; read from its beginning.
        path: Its path, for messages.

    Raises:
        IbtError: If no sample can be read from the file; the subclass gives the reason.
        OSError: If the disk fails.
    """
    status = os.fstat(file.fileno())
    size = status.st_size
    file.seek(0)
    head = file.read(CHANNELS_OFFSET)
    _require_telemetry(head, path)
    (version, _, tick_rate, _, info_length, info_offset, count, offset, _, record_length) = (
        HEADER.unpack_from(head)
    )
    _, record_offset = BUFFER.unpack_from(head, BUFFERS_OFFSET)
    date, _, _, _, counted = SUB_HEADER.unpack_from(head, SUB_HEADER_OFFSET)

    if not 1 <= tick_rate <= MAX_TICK_RATE:
        raise CorruptHeaderError(path, f"the header says {tick_rate} records a second")
    if not 1 <= count <= MAX_CHANNELS or offset < CHANNELS_OFFSET:
        raise CorruptHeaderError(path, f"the header says {count} channels at byte {offset}")
    if not 1 <= record_length <= MAX_RECORD_LENGTH:
        raise CorruptHeaderError(path, f"the header says records of {record_length} bytes")
    channels_end = offset + count * CHANNEL.size
    if record_offset < channels_end:
        raise CorruptHeaderError(
            path, f"{count} channels and records at byte {record_offset} overlap"
        )
    if record_offset + record_length > size:
        raise TruncatedFileError(
            path, f"it ends at byte {size}, before the end of the first record"
        )

    warnings: list[str] = []
    file.seek(offset)
    table = file.read(count * CHANNEL.size)
    if len(table) < count * CHANNEL.size:
        raise FileChangedError(path, "it became shorter while it was read")
    channels = _channels(table, record_length, warnings)
    if not channels:
        raise CorruptHeaderError(path, f"none of its {count} channels makes sense")
    records = _count_records(
        path,
        counted=counted,
        rest=size - record_offset,
        record_length=record_length,
        # Three independent facts hold in a whole file: the records follow the session info, fill
        # the file, and end with their last channel. Damage seldom leaves two of them standing.
        follows=record_offset == info_offset + info_length,
        fits=record_length == max(channel.offset + channel.size for channel in channels),
        warnings=warnings,
    )
    try:
        start = find_start(
            date, path.name, modified=status.st_mtime, duration_s=records / tick_rate
        )
    except ValueError as error:
        raise CorruptHeaderError(path, str(error)) from error
    if start.warning:
        warnings.append(start.warning)
    info_offset, info_length = _session_info_span(
        info_offset, info_length, first=channels_end, last=record_offset, warnings=warnings
    )
    return Header(
        head=head,
        channel_table=table,
        version=version,
        tick_rate=tick_rate,
        start=start.time,
        start_source=start.source,
        closed=counted > 0,
        whole=counted > 0 and size == record_offset + counted * record_length,
        channels=channels,
        record_offset=record_offset,
        record_length=record_length,
        record_count=records,
        session_info_offset=info_offset,
        session_info_length=info_length,
        warnings=tuple(warnings),
    )


def _require_telemetry(head: bytes, path: Path) -> None:
    """Refuse what is not a whole header of a recording."""
    if not head:
        raise EmptyFileError(path, "it is empty")
    version = int.from_bytes(head[:4], "little")
    if len(head) < CHANNELS_OFFSET:
        if version in VERSIONS and len(head) >= 4:
            raise TruncatedFileError(
                path, f"it holds {len(head)} bytes, less than a header ({CHANNELS_OFFSET})"
            )
        raise NotTelemetryError(path, f"its {len(head)} bytes are no iRacing telemetry header")
    _, _, tick_rate, _, _, info_offset, _, _, buffers, _ = HEADER.unpack_from(head)
    if version not in VERSIONS:
        if 1 <= version <= 16 and 1 <= tick_rate <= MAX_TICK_RATE and buffers == 1:
            raise UnsupportedVersionError(path, f"its header has version {version}")
        raise NotTelemetryError(path, "it does not begin with an iRacing telemetry header")
    if info_offset < CHANNELS_OFFSET and 1 < buffers <= 4:
        raise LiveMemoryError(
            path, f"it is a copy of iRacing's live memory ({buffers} buffers), not a recording"
        )
    if buffers != 1:
        raise CorruptHeaderError(path, f"the header says {buffers} buffers where one is written")


def _channels(table: bytes, record_length: int, warnings: list[str]) -> tuple[Channel, ...]:
    """The channels that make sense; the others are left out with a warning."""
    channels: dict[str, Channel] = {}
    for number, fields in enumerate(CHANNEL.iter_unpack(table)):
        kind, offset, count, as_time, raw_name, raw_description, raw_unit = fields
        name = _text(raw_name)
        problem = None
        if not _NAME.match(name):
            problem = "has no name"
        elif name in channels:
            problem = "is declared twice"
        elif kind not in _TYPES:
            problem = f"has the unknown type {kind}"
        elif count < 1 or offset < 0:
            problem = f"has {count} values at byte {offset}"
        elif offset + count * _TYPES[kind].size > record_length:
            problem = "lies beyond the end of the record"
        if problem:
            label = repr(name) if _NAME.match(name) else f"number {number}"
            warnings.append(f"channel {label} {problem}: left out")
            continue
        channels[name] = Channel(
            name=name,
            type=_TYPES[kind],
            offset=offset,
            count=count,
            count_as_time=as_time,
            unit=_text(raw_unit),
            description=_text(raw_description),
        )
    return _apart(tuple(channels.values()), warnings)


def _apart(channels: tuple[Channel, ...], warnings: list[str]) -> tuple[Channel, ...]:
    """The channels that share no bytes with others; a frame is then no larger than its records.

    Where two overlap, the one that joins the channels declared before and after it is believed.
    """
    ends = (0, *(channel.offset + channel.size for channel in channels))
    begins = (*(channel.offset for channel in channels), None)
    strangers = [
        (ends[at] != channel.offset) + (ends[at + 1] != begins[at + 1])
        for at, channel in enumerate(channels)
    ]
    taken: list[tuple[int, int]] = []
    kept = set[int]()
    for at in sorted(range(len(channels)), key=strangers.__getitem__):
        span = channels[at].offset, channels[at].offset + channels[at].size
        index = bisect_left(taken, span)
        if (index and taken[index - 1][1] > span[0]) or (
            index < len(taken) and taken[index][0] < span[1]
        ):
            warnings.append(f"channel {channels[at].name!r} overlaps another: left out")
            continue
        taken.insert(index, span)
        kept.add(at)
    return tuple(channel for at, channel in enumerate(channels) if at in kept)


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1").strip()


def _count_records(
    path: Path,
    *,
    counted: int,
    rest: int,
    record_length: int,
    follows: bool,
    fits: bool,
    warnings: list[str],
) -> int:
    """Count the whole records, by the file's size and the header's count."""
    held, spare = divmod(rest, record_length)
    filled = spare == 0 and (counted <= 0 or counted == held)
    if follows + fits + filled < 2:
        raise CorruptHeaderError(
            path,
            f"the header says records of {record_length} bytes that neither end with their last"
            " channel nor fill the file",
        )
    if not fits:
        warnings.append("no channel says what the last bytes of a record hold: left out")
    if counted <= 0:
        warnings.append(f"iRacing did not close it: {held} records recovered")
    elif counted > held:
        warnings.append(f"it is cut short: {held} of {counted} records recovered")
    elif spare == 0 and counted < held:
        warnings.append(f"the header counts {counted} records, the file holds {held}: all read")
    elif counted < held or spare:
        warnings.append(f"{rest - counted * record_length} bytes after the last record left out")
        return counted
    return held


def _session_info_span(
    offset: int, length: int, *, first: int, last: int, warnings: list[str]
) -> tuple[int, int]:
    """Return the span of the session info: by the header, or all between channels and records."""
    if first <= offset <= last == offset + length and length <= MAX_SESSION_INFO_LENGTH:
        return offset, length
    warnings.append(
        f"session info of {length} bytes at byte {offset} does not end where the records begin:"
        " looked for between channels and records"
    )
    return first, min(last - first, MAX_SESSION_INFO_LENGTH)
