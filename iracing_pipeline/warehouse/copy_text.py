"""A frame as the text that PostgreSQL's COPY reads (``FORMAT csv``)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_ROWS = 20_000
FLOATS = (pl.Float64(), pl.Float32())


def as_csv(frame: pl.DataFrame) -> Iterator[bytes]:
    """The rows as CSV in blocks; null and NaN are empty, an empty text is ``""``.

    Raises:
        TypeError: If a column has a type that no table has.
    """
    ready = frame.lazy().select(_text(name, dtype) for name, dtype in frame.schema.items())
    for offset in range(0, frame.height, BLOCK_ROWS):
        buffer = io.BytesIO()
        ready.slice(offset, BLOCK_ROWS).collect().write_csv(
            buffer,
            include_header=False,
            datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z",
        )
        yield buffer.getvalue()


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype in FLOATS:
        return column.fill_nan(None)
    if isinstance(dtype, pl.List):
        return _array(name, dtype.inner)
    if dtype.is_integer() or dtype in (pl.String, pl.Boolean, pl.Date):
        return column
    if dtype == pl.Datetime("us", "UTC"):
        return column
    raise TypeError(f"{name}: {dtype} has no counterpart in a table")


def _array(name: str, inner: object) -> pl.Expr:
    r"""PostgreSQL's array literal: ``{1.5,NULL}``, ``{"a","b \\" c"}``."""
    element = pl.element()
    if inner in FLOATS:
        element = element.fill_nan(None).cast(pl.String)
    elif inner == pl.String:
        escaped = element.str.replace_all("\\", "\\\\", literal=True).str.replace_all(
            '"', '\\"', literal=True
        )
        element = pl.lit('"') + escaped + pl.lit('"')
    else:
        element = element.cast(pl.String)
    joined = pl.col(name).list.eval(element.fill_null("NULL")).list.join(",")
    return (pl.lit("{") + joined + pl.lit("}")).alias(name)
