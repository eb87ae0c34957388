"""Write ``.ibt`` files as iRacing does: records appended as they come, the sub-header at the end.

While a file is open its sub-header holds the start date and zeros; iRacing fills in the rest when
the driver leaves the car. A writer that is abandoned, or a process that dies, therefore leaves
exactly the file that a crash of the simulator leaves.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from iracing_pipeline.ibt.errors import (
    ChannelLayoutError,
    ChannelValueError,
    MissingColumnError,
    SessionInfoEncodingError,
    WriteError,
)
from iracing_pipeline.ibt.layout import (
    BUFFER,
    CHANNEL,
    CHANNELS_OFFSET,
    HEADER,
    STATUS_CONNECTED,
    SUB_HEADER,
    SUB_HEADER_OFFSET,
    Channel,
    ChannelType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from types import TracebackType

_NUMPY = {
    ChannelType.CHAR: "<u1",
    ChannelType.BOOL: "?",
    ChannelType.INT: "<i4",
    ChannelType.BIT_FIELD: "<u4",
    ChannelType.FLOAT: "<f4",
    ChannelType.DOUBLE: "<f8",
}

_BLOCK_BYTES = 1 << 20  # records packed at a time: small enough to stay in the processor's cache

_UTF8_MARK = "---\nWeekendInfo:\n Encoding: UTF8"
_LATIN1_MARK = "---\nWeekendInfo:\n Encoding: ISO_8859_1"


def lay_out(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """Place channels one after the other in the record, without gaps, as iRacing does.

    Args:
        channels: Channels in the order of the record; their offsets are ignored.

    Returns:
        The same channels with ``offset`` set.
    """
    placed = []
    offset = 0
    for channel in channels:
        placed.append(replace(channel, offset=offset))
        offset += channel.size
    return tuple(placed)


def write_ibt(
    path: str | Path,
    frame: pl.DataFrame,
    channels: Sequence[Channel],
    session_info: str | bytes,
    *,
    start: datetime | None,
    tick_rate: int = 60,
    version: int = 2,
    closed: bool = True,
) -> None:
    """Write a whole ``.ibt`` file; it appears under its name only once it is complete.

    Args:
        path: File to write; one that is there is replaced.
        frame: One row a record, one column a channel; further columns are ignored.
        channels: Channels of the record, with offsets (see :func:`lay_out`).
        session_info: YAML text; see :class:`IbtWriter` for its encoding.
        start: When the recording began; any timezone. None writes no date (0).
        tick_rate: Records a second.
        version: Header version, 1 or 2.
        closed: False leaves the sub-header as a crash of iRacing leaves it.

    Raises:
        WriteError: If the channels, a column or the session info do not fit the format.
        OSError: From the disk.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        writer = IbtWriter(
            part, channels, session_info, start=start, tick_rate=tick_rate, version=version
        )
        with writer:
            writer.append(frame)
            if not closed:
                writer.abandon()
        part.replace(path)
    except WriteError as error:
        raise type(error)(path, error.reason) from error
    finally:
        part.unlink(missing_ok=True)


class IbtWriter:
    r"""An ``.ibt`` file that is being recorded.

    Every :meth:`append` reaches the file at once, so that others can read a recording in progress.
    Leaving the ``with`` block closes the file; leaving it by an exception abandons it.

    Args:
        path: File to create; one that is there is replaced.
        channels: Channels of the record, with offsets (see :func:`lay_out`).
        session_info: YAML text, or bytes to be stored as they are. Text is encoded as iRacing
            does: in UTF-8 or ISO-8859-1 where its first key declares so
            (``WeekendInfo:\n Encoding: UTF8``), else in Windows-1252.
        start: When the recording began; any timezone. Stored in whole seconds of UTC; None
            writes no date (0).
        tick_rate: Records a second.
        version: Header version: 1 as of 2015/16, 2 since.

    Raises:
        ChannelLayoutError: If the channels do not make a record.
        SessionInfoEncodingError: If the text has a character that its encoding lacks.
        ValueError: If ``start`` has no timezone.
        OSError: From the disk.
    """

    def __init__(
        self,
        path: str | Path,
        channels: Sequence[Channel],
        session_info: str | bytes,
        *,
        start: datetime | None,
        tick_rate: int = 60,
        version: int = 2,
    ) -> None:
        if start is not None and start.utcoffset() is None:
            raise ValueError("start needs a timezone: .ibt files hold it in UTC")
        self.path = Path(path)
        self._channels = tuple(channels)
        self._summary = _Summary(start=0 if start is None else int(start.timestamp()))
        self._record = _record_dtype(self.path, self._channels)
        text = _encode(self.path, session_info)
        head = (
            _header(
                self.path,
                self._channels,
                record_size=self._record.itemsize,
                session_info_size=len(text),
                tick_rate=tick_rate,
                version=version,
            )
            + self._summary.while_open()
            + _channel_headers(self.path, self._channels)
            + text
        )
        self._file = self.path.open("wb", buffering=0)
        try:
            self._write(head)
        except BaseException:
            self._file.close()
            raise

    def append(self, frame: pl.DataFrame) -> None:
        """Append one record for each row.

        Args:
            frame: One column a channel, of the channel's type or one that converts to it without
                loss (Float64 is rounded to a FLOAT channel); arrays as fixed-size list columns.
                Further columns are ignored.

        Raises:
            MissingColumnError: If a channel has no column.
            ChannelValueError: If a column holds what its channel cannot. Nothing is written.
            OSError: From the disk.
        """
        columns = {c.name: _values(self.path, c, frame) for c in self._channels}
        rows_a_block = max(1, _BLOCK_BYTES // self._record.itemsize)
        for first in range(0, frame.height, rows_a_block):
            rows = slice(first, min(first + rows_a_block, frame.height))
            block = np.zeros(rows.stop - first, self._record)
            for name, values in columns.items():
                block[name] = values[rows]
            self._write(block.view(np.uint8).data)
        self._summary.add(columns, frame.height)

    def close(self) -> None:
        """Fill in the sub-header, as iRacing does when the driver leaves the car."""
        if not self._file.closed:
            self._file.seek(SUB_HEADER_OFFSET)
            self._write(self._summary.when_closed())
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file as a crash would: the sub-header keeps its zeros."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _write(self, data: bytes | memoryview) -> None:
        """Write all of it: an unbuffered file may take less at once."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]


@dataclass
class _Summary:
    """Values of the sub-header.

    ``laps`` counts how often ``Lap`` reached a new highest value, that of the first record among
    them: iRacing's rule, which counts out-laps and the glitch row's lap 0 too.
    """

    start: int
    first_time: float = 0.0
    last_time: float = 0.0
    laps: int = 0
    highest_lap: int = -(2**31) - 1
    records: int = 0

    def add(self, columns: dict[str, npt.NDArray[Any]], records: int) -> None:
        if not records:
            return
        if (time := columns.get("SessionTime")) is not None:
            if not self.records:
                self.first_time = self.last_time = float(time[0])
            self.last_time = max(self.last_time, float(time.max()))
        if (lap := columns.get("Lap")) is not None:
            highest = np.maximum.accumulate(np.concatenate(([self.highest_lap], lap)))
            self.laps += int(np.count_nonzero(np.diff(highest)))
            self.highest_lap = int(highest[-1])
        self.records += records

    def while_open(self) -> bytes:
        return SUB_HEADER.pack(self.start, 0.0, 0.0, 0, 0)

    def when_closed(self) -> bytes:
        return SUB_HEADER.pack(self.start, self.first_time, self.last_time, self.laps, self.records)


def _record_dtype(path: Path, channels: Sequence[Channel]) -> np.dtype[np.void]:
    """Numpy type of a packed record, after checking that the channels make one."""
    if not channels:
        raise ChannelLayoutError(path, "there are no channels")
    names = [c.name for c in channels]
    if len(set(names)) < len(names):
        twice = next(n for i, n in enumerate(names) if n in names[:i])
        raise ChannelLayoutError(path, f"two channels are named {twice!r}")
    end = 0
    for channel in sorted(channels, key=lambda c: c.offset):
        if channel.count < 1:
            raise ChannelLayoutError(path, f"channel {channel.name!r} has {channel.count} values")
        if channel.offset < end:
            raise ChannelLayoutError(path, f"channel {channel.name!r} overlaps another")
        end = channel.offset + channel.size
    formats = [_NUMPY[c.type] if c.count == 1 else (_NUMPY[c.type], (c.count,)) for c in channels]
    offsets = [c.offset for c in channels]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": end})


def _header(
    path: Path,
    channels: Sequence[Channel],
    *,
    record_size: int,
    session_info_size: int,
    tick_rate: int,
    version: int,
) -> bytes:
    """Header and its four buffer descriptors, of which a file uses the first."""
    session_info_offset = CHANNELS_OFFSET + CHANNEL.size * len(channels)
    records_offset = session_info_offset + session_info_size
    try:
        return HEADER.pack(
            version,
            STATUS_CONNECTED,
            tick_rate,
            0,
            session_info_size,
            session_info_offset,
            len(channels),
            CHANNELS_OFFSET,
            1,
            record_size,
        ) + BUFFER.pack(1, records_offset).ljust(4 * BUFFER.size, b"\0")
    except struct.error as error:
        raise ChannelLayoutError(path, f"the header cannot hold it: {error}") from error


def _channel_headers(path: Path, channels: Sequence[Channel]) -> bytes:
    return b"".join(
        CHANNEL.pack(
            channel.type,
            channel.offset,
            channel.count,
            channel.count_as_time,
            _text(path, channel, channel.name, 32),
            _text(path, channel, channel.description, 64),
            _text(path, channel, channel.unit, 32),
        )
        for channel in channels
    )


def _text(path: Path, channel: Channel, text: str, width: int) -> bytes:
    """Text of a channel header, which needs room for the NUL that ends it."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError as error:
        reason = f"channel {channel.name!r}: {text!r} is not ISO-8859-1"
        raise ChannelLayoutError(path, reason) from error
    if len(data) >= width or b"\0" in data:
        raise ChannelLayoutError(
            path, f"channel {channel.name!r}: {text!r} does not fit {width - 1} characters"
        )
    return data


def _encode(path: Path, session_info: str | bytes) -> bytes:
    if isinstance(session_info, bytes):
        return session_info
    encoding = "cp1252"
    if session_info.startswith(_UTF8_MARK):
        encoding = "utf-8"
    elif session_info.startswith(_LATIN1_MARK):
        encoding = "latin-1"
    try:
        return session_info.encode(encoding)
    except UnicodeEncodeError as error:
        line = session_info.count("\n", 0, error.start) + 1
        reason = f"line {line} of the session info: {encoding} has no {session_info[error.start]!r}"
        raise SessionInfoEncodingError(path, reason) from error


def _values(path: Path, channel: Channel, frame: pl.DataFrame) -> npt.NDArray[Any]:
    """The channel's values: shape (rows,), or (rows, count) for an array."""
    if channel.name not in frame.columns:
        raise MissingColumnError(path, f"the frame has no column {channel.name!r}")
    column = frame[channel.name]
    given = column.dtype
    if given != channel.dtype:
        column = _convert(path, channel, column)
    flat = column.explode() if channel.count > 1 else column
    if flat.has_nulls():
        raise ChannelValueError(path, f"column {channel.name!r} has nulls")
    values: npt.NDArray[Any] = flat.to_numpy()
    return values.reshape(frame.height, channel.count) if channel.count > 1 else values


def _convert(path: Path, channel: Channel, column: pl.Series) -> pl.Series:
    """Convert without loss, but for the rounding of a Float64 to a FLOAT channel."""
    given = column.dtype
    scalar = given.inner if isinstance(given, pl.Array | pl.List) else given
    wrong = ChannelValueError(
        path, f"column {channel.name!r} is {given}, but its channel holds {channel.dtype}"
    )
    fits = {
        ChannelType.CHAR: scalar.is_integer(),
        ChannelType.BOOL: False,
        ChannelType.INT: scalar.is_integer() or scalar == pl.Boolean,
        ChannelType.BIT_FIELD: scalar.is_integer(),
        ChannelType.FLOAT: scalar.is_numeric(),
        ChannelType.DOUBLE: scalar.is_numeric(),
    }
    if not fits[channel.type]:
        raise wrong
    try:
        converted = column.cast(channel.dtype)
    except pl.exceptions.PolarsError as error:
        raise ChannelValueError(path, f"column {channel.name!r}: {error}") from error
    if channel.type is ChannelType.FLOAT and _overflows(column, converted):
        raise ChannelValueError(path, f"column {channel.name!r} has numbers too large for a FLOAT")
    return converted


def _overflows(wide: pl.Series, narrow: pl.Series) -> bool:
    if isinstance(wide.dtype, pl.Array | pl.List):
        wide, narrow = wide.explode(), narrow.explode()
    return bool((narrow.is_infinite() & wide.cast(pl.Float64).is_finite()).any())
