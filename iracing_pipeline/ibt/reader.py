"""Read ``.ibt`` files: the head at once, the samples in bounded blocks."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.io.plugins import register_io_source

from iracing_pipeline.ibt import session_info
from iracing_pipeline.ibt.errors import FileChangedError, printable_name
from iracing_pipeline.ibt.facts import Facts
from iracing_pipeline.ibt.header import Header, read_header
from iracing_pipeline.ibt.layout import SUB_HEADER_OFFSET
from iracing_pipeline.ibt.records import Columns
from iracing_pipeline.ibt.start import StartSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import BinaryIO

    from iracing_pipeline.ibt.layout import Channel

# Bytes of the start time, the one field of the sub-header that iRacing writes on opening.
_START_SIZE = 8

# What stands in a key for a start that the header does not hold.
_UNDATED = "00000000T000000Z"

# Bytes read at a time, into one buffer that is used again.
_CHUNK = 1 << 20

# Bytes a block when no number of records is asked for: about eight minutes of a modern car.
_BLOCK_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole ``.ibt`` file in memory.

    Attributes:
        frame: One row a record, one column a channel, in file order. Array channels (360 Hz
            samples within the tick, the last one at it) are fixed-size ``pl.Array`` columns.
        units: Channel name to unit as iRacing writes it; ``%`` means a ratio of 0 to 1.
        descriptions: Channel name to iRacing's description.
        session_info: The session info by section; see :mod:`iracing_pipeline.ibt.session_info`.
        start: When iRacing opened the file, UTC. The first record has this time.
        tick_rate: Records a second.
        version: Header version, 1 (2015/16) or 2.
        closed: Whether iRacing closed the file properly.
        warnings: Repairs and omissions, in words; empty for a whole file.
        session_key: Identity by content; the same for a renamed, copied or grown file.
    """

    frame: pl.DataFrame
    units: dict[str, str]
    descriptions: dict[str, str]
    session_info: dict[str, Any]
    start: datetime
    tick_rate: int
    version: int
    closed: bool
    warnings: tuple[str, ...]
    session_key: str


class IbtFile:
    """An ``.ibt`` file whose head has been read and checked; samples are read when asked for.

    No file handle stays open. If the file becomes another one meanwhile, reading raises
    :class:`FileChangedError`.
    """

    def __init__(self, path: str | Path) -> None:
        """Read and check the head of the file at ``path``.

        Raises:
            IbtError: If no sample can be read from the file; the subclass gives the reason.
            OSError: If it cannot be opened or read.
        """
        self.path = Path(path)
        with self.path.open("rb") as file:
            self.header: Header = read_header(file, self.path)
            file.seek(self.header.session_info_offset)
            self._session_info_raw = file.read(self.header.session_info_length)
            file.seek(self.header.record_offset)
            self._first_record = file.read(self.header.record_length)
        if len(self._first_record) < self.header.record_length:
            raise FileChangedError(self.path, "it became shorter while it was read")
        self.channels: dict[str, Channel] = {
            channel.name: channel for channel in self.header.channels
        }

    @property
    def record_count(self) -> int:
        """Whole records that the file holds."""
        return self.header.record_count

    @cached_property
    def facts(self) -> Facts:
        """Facts of the recording without its samples."""
        channels = self.header.channels
        return Facts(
            session_key=self.session_key,
            file_name=printable_name(self.path),
            start=self.header.start,
            start_source=self.header.start_source,
            tick_rate=self.header.tick_rate,
            record_count=self.record_count,
            version=self.header.version,
            closed=self.header.closed,
            warnings=self.header.warnings,
            units={channel.name: channel.unit for channel in channels},
            descriptions={channel.name: channel.description for channel in channels},
            session_info_text=session_info.decode(self._session_info_raw),
            lists=tuple(
                channel.name
                for channel in channels
                if channel.count > 1 and not channel.count_as_time
            ),
        )

    @cached_property
    def schema(self) -> pl.Schema:
        """Channel name to type in a frame."""
        return pl.Schema({channel.name: channel.dtype for channel in self.header.channels})

    @cached_property
    def session_key(self) -> str:
        """Identity by content: the start in UTC and a digest, such as ``20250130T160929Z-1f0c…``.

        The digest covers what is fixed when iRacing opens the file (start, channels, session
        info, first record), so it is known from the head and stays as the file grows and closes.
        A start that is only estimated is not in it: the key then begins with zeros.
        """
        digest = hashlib.blake2b(digest_size=6)
        for part in (
            self.header.head[SUB_HEADER_OFFSET : SUB_HEADER_OFFSET + _START_SIZE],
            self.header.channel_table,
            self._session_info_raw,
            self._first_record,
        ):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        dated = self.header.start_source is StartSource.HEADER
        began = f"{self.header.start:%Y%m%dT%H%M%SZ}" if dated else _UNDATED
        return f"{began}-{digest.hexdigest()}"

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All records as one frame.

        Args:
            columns: Channels to read, in this order; None reads all.

        Raises:
            KeyError: If the file does not have one of ``columns``: see :attr:`channels`.
            FileChangedError: If the file became another one, or shorter, meanwhile.
            OSError: If it cannot be read.
        """
        return next(self.blocks(columns, rows=self.record_count))

    def blocks(
        self, columns: Sequence[str] | None = None, *, rows: int | None = None
    ) -> Iterator[pl.DataFrame]:
        """The records in frames of at most ``rows`` rows, so memory does not grow with the file.

        Args:
            columns: Channels to read, in this order; None reads all.
            rows: Records a frame; None makes frames of about 32 MB.

        Raises:
            KeyError: If the file does not have one of ``columns``: see :attr:`channels`.
            ValueError: If ``rows`` is less than 1.
            FileChangedError: If the file became another one, or shorter, meanwhile.
            OSError: If it cannot be read.
        """
        length = self.header.record_length
        rows = max(1, _BLOCK_BYTES // length) if rows is None else rows
        if rows < 1:
            raise ValueError(f"a block of {rows} records holds nothing: ask for at least 1")
        channels = self._chosen(columns)
        buffer = bytearray(min(max(1, _CHUNK // length), self.record_count) * length)
        with self._records() as file:
            remaining = self.record_count
            while remaining:
                block = min(rows, remaining)
                filling = Columns(channels, length, block)
                missing = block
                while missing:
                    records = min(missing, len(buffer) // length)
                    self._fill(file, memoryview(buffer)[: records * length])
                    filling.append(memoryview(buffer), records)
                    missing -= records
                self._require_same(file)
                yield filling.frame()
                remaining -= block

    def scan(self) -> pl.LazyFrame:
        """The records as a lazy frame that streams: ``file.scan().sink_parquet(path)``."""

        def source(
            with_columns: list[str] | None,
            predicate: pl.Expr | None,
            n_rows: int | None,
            batch_size: int | None,
        ) -> Iterator[pl.DataFrame]:
            remaining = self.record_count if n_rows is None else n_rows
            # The engine asks for batches without knowing how wide a record is.
            most = max(1, _BLOCK_BYTES // self.header.record_length)
            rows = max(1, min(most, batch_size or most, remaining))
            for block in self.blocks(with_columns, rows=rows):
                kept = block.head(remaining)
                remaining -= kept.height
                yield kept if predicate is None else kept.filter(predicate)
                if remaining <= 0:
                    return

        return register_io_source(source, schema=self.schema)

    @contextmanager
    def _records(self) -> Iterator[BinaryIO]:
        """The file, at its first record, if it still is the same file."""
        with self.path.open("rb", buffering=0) as file:
            self._require_same(file)
            file.seek(self.header.record_offset)
            yield file

    def _chosen(self, columns: Sequence[str] | None) -> list[Channel]:
        """The channels of those names, or all."""
        if columns is None:
            return list(self.header.channels)
        if unknown := [name for name in columns if name not in self.channels]:
            near = get_close_matches(unknown[0], self.channels, n=1, cutoff=0.7)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise KeyError(f"{printable_name(self.path)} has no channel {', '.join(unknown)}{hint}")
        return [self.channels[name] for name in columns]

    def _require_same(self, file: BinaryIO) -> None:
        """Raise if the file became another one since its head was read; keeps the position."""
        position = file.tell()
        file.seek(0)
        # The sub-header may be filled in meanwhile; the rest of the head may not change.
        fixed = SUB_HEADER_OFFSET + _START_SIZE
        if file.read(fixed) != self.header.head[:fixed]:
            raise FileChangedError(self.path, "it was replaced by another file while it was read")
        file.seek(position)

    def _fill(self, file: BinaryIO, view: memoryview) -> None:
        """Fill ``view`` from the file, or raise if the file has become shorter."""
        filled = 0
        while filled < len(view):
            got = file.readinto(view[filled:])  # type: ignore[attr-defined]  # a raw file has it
            if not got:
                raise FileChangedError(self.path, "it became shorter while it was read")
            filled += got


def read_ibt(path: str | Path, columns: Sequence[str] | None = None) -> Recording:
    """Read all records of an ``.ibt`` file.

    Args:
        path: The file.
        columns: Channels to read, in this order; None reads all.

    Raises:
        IbtError: If no sample can be read from the file; the subclass gives the reason, the message
            the remedy.
        KeyError: If the file does not have one of ``columns``.
        OSError: If it cannot be opened or read.
    """
    file = IbtFile(path)
    facts = file.facts
    return Recording(
        frame=file.read(columns),
        units=facts.units,
        descriptions=facts.descriptions,
        session_info=facts.session_info(),
        start=facts.start,
        tick_rate=facts.tick_rate,
        version=facts.version,
        closed=facts.closed,
        warnings=facts.warnings,
        session_key=facts.session_key,
    )


def scan_ibt(path: str | Path) -> pl.LazyFrame:
    """An ``.ibt`` file as a lazy frame; only the columns that a query needs are decoded."""
    return IbtFile(path).scan()
