"""A frame as the bytes that PostgreSQL's COPY reads (``FORMAT binary``).

Every field is its length and its bytes, big-endian; a length of -1 is NULL. Columns are encoded
whole by numpy and then interleaved, which for arrays of a lap's samples is several times faster
than text, and exact by construction.
"""

from __future__ import annotations

import struct
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iracing_pipeline.tables import Column, Table

    Packed = np.ndarray[Any, Any]
    Missing = np.ndarray[Any, Any]
    Slices = Callable[[int, int], tuple[bool, bytes]]

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
NULL = struct.pack(">i", -1)
SIZE = struct.Struct(">i")
ARRAY = struct.Struct(">5i")  # dimensions, has nulls, element type, length, lower bound
EMPTY_ARRAY = struct.Struct(">3i")
BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 5_000

EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from 2000, polars from 1970
EPOCH_DAYS = 10_957

# Per polars type: how numpy writes a value, and PostgreSQL's number of the type.
FIXED: dict[pl.DataType, tuple[str, int]] = {
    pl.Boolean(): ("u1", 16),
    pl.Int16(): (">i2", 21),
    pl.Int32(): (">i4", 23),
    pl.Int64(): (">i8", 20),
    pl.Float32(): (">f4", 700),
    pl.Float64(): (">f8", 701),
    pl.Date(): (">i4", 1082),
    pl.Datetime("us", "UTC"): (">i8", 1184),
}
TEXT = 25


def encode(table: Table, frame: pl.DataFrame) -> Iterator[bytes]:
    """The rows in blocks of bounded size; NaN becomes NULL, also within arrays.

    Raises:
        TypeError: If a column has a type that no table has.
    """
    yield HEADER
    rows = min(BLOCK_ROWS, 1 + int(BLOCK_BYTES * frame.height / (1 + frame.estimated_size())))
    count = struct.pack(">h", len(table.columns))
    for block in frame.iter_slices(rows):
        columns = [_fields(column, block[column.name]) for column in table.columns]
        yield b"".join(map(b"".join, zip(repeat(count), *columns, strict=False)))
    yield TRAILER


def _fields(column: Column, series: pl.Series) -> list[bytes]:
    """One field per row, with its length in front."""
    dtype = series.dtype
    if isinstance(dtype, pl.List) and (dtype.inner in FIXED or dtype.inner == pl.String):
        return _arrays(series)
    if dtype == pl.String:
        return _texts(series, b"\x01" if column.json else b"")
    if dtype in FIXED:
        packed, missing = _packed(series)
        return _split(packed, missing)
    raise TypeError(f"{column.name}: {dtype} has no counterpart in a table")


def _packed(series: pl.Series) -> tuple[Packed, Missing]:
    """Lengths and values as they are sent, and where there is no value."""
    layout, _ = FIXED[series.dtype]
    if series.dtype.is_float():
        series = series.fill_nan(None)
    elif series.dtype == pl.Date():
        series = series.to_physical() - EPOCH_DAYS
    elif series.dtype.is_temporal():
        series = series.to_physical() - EPOCH_US
    packed = np.empty(len(series), dtype=[("size", ">i4"), ("value", layout)])
    packed["size"] = np.dtype(layout).itemsize
    packed["value"] = series.fill_null(strategy="zero").to_numpy()
    return packed, series.is_null().to_numpy()


def _split(packed: Packed, missing: Missing) -> list[bytes]:
    fields: list[bytes] = packed.view(f"V{packed.itemsize}").tolist()
    for row in np.flatnonzero(missing).tolist():
        fields[row] = NULL
    return fields


def _texts(series: pl.Series, prefix: bytes = b"") -> list[bytes]:
    # Names and kinds repeat, so each is encoded once.
    encoded: dict[str | None, bytes] = {None: NULL}
    for text in series.unique().drop_nulls():
        encoded[text] = _sized(prefix + text.encode())
    return [encoded[text] for text in series]


def _arrays(series: pl.Series) -> list[bytes]:
    inner = series.explode(empty_as_null=False, keep_nulls=False)
    slices = _slices_of_texts(inner) if inner.dtype == pl.String else _slices_of_values(inner)
    number = TEXT if inner.dtype == pl.String else FIXED[inner.dtype][1]
    lengths = series.list.len()
    stops = np.cumsum(lengths.fill_null(0).to_numpy()).tolist()
    fields = []
    start = 0
    for length, stop in zip(lengths, stops, strict=True):
        if length is None:
            fields.append(NULL)
        elif length == 0:
            fields.append(_sized(EMPTY_ARRAY.pack(0, 0, number)))
        else:
            has_nulls, elements = slices(start, stop)
            fields.append(_sized(ARRAY.pack(1, has_nulls, number, length, 1) + elements))
        start = stop
    return fields


def _slices_of_texts(inner: pl.Series) -> Slices:
    fields = _texts(inner)

    def slices(start: int, stop: int) -> tuple[bool, bytes]:
        part = fields[start:stop]
        return NULL in part, b"".join(part)

    return slices


def _slices_of_values(inner: pl.Series) -> Slices:
    packed, missing = _packed(inner)

    def slices(start: int, stop: int) -> tuple[bool, bytes]:
        part, gaps = packed[start:stop], missing[start:stop]
        if gaps.any():
            return True, b"".join(_split(part, gaps))
        return False, part.tobytes()

    return slices


def _sized(content: bytes) -> bytes:
    return SIZE.pack(len(content)) + content
