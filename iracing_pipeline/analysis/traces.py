"""Laps on the distance grid of their track: one row a lap, one array a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.samples import Floats, floats_of
from iracing_pipeline.tables.traces import (
    LAP_TRACE,
    POSITION_RESOLUTION_M,
    TRACE_CHANNELS,
    Between,
    TraceChannel,
)

if TYPE_CHECKING:
    from iracing_pipeline.analysis.track_grid import Grid
    from iracing_pipeline.analysis.unrolled import Unrolled

CHANNELS = (*dict.fromkeys(name for each in TRACE_CHANNELS for name in each.sources), "Lat", "Lon")
"""The channels that are read here, where the file has them."""


def lap_traces(records: pl.DataFrame, unrolled: Unrolled, grid: Grid) -> pl.DataFrame:
    """The laps that were driven from line to line, as rows of ``racing.lap_trace``.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.
        unrolled: Its laps, unrolled.
        grid: The grid of the track.
    """
    laps, pct = unrolled.laps, grid.pct
    if laps.is_empty():
        return LAP_TRACE.frame()
    elapsed, closure = unrolled.elapsed(pct)
    arrays = {"elapsed_s": elapsed, **_position(records, unrolled, grid)}
    for each in TRACE_CHANNELS:
        values = _channel(records, each)
        if values is not None:
            arrays[each.column] = _rounded(
                unrolled.look_up(values, pct, each.between), each.resolution
            )
    return laps.select(
        "session_key",
        "stint",
        "lap_number",
        pl.lit(grid.track_id, pl.Int32).alias("track_id"),
        pl.lit(grid.length_m).alias("length_m"),
        pl.lit(grid.intervals, pl.Int32).alias("interval_count"),
        "lap_time_s",
        pl.Series("closure_s", closure),
        *(
            pl.lit(None if grid.origin is None else grid.origin[axis], pl.Float64).alias(name)
            for axis, name in enumerate(("origin_latitude_deg", "origin_longitude_deg"))
        ),
        *(
            _lists(arrays[name], LAP_TRACE.schema[name]).alias(name)
            if name in arrays
            else pl.lit(None, LAP_TRACE.schema[name]).alias(name)
            for name in LAP_TRACE.names[_FIRST_ARRAY:]
        ),
    )


_FIRST_ARRAY = LAP_TRACE.names.index("elapsed_s")


def _channel(records: pl.DataFrame, channel: TraceChannel) -> Floats | None:
    flags = [name for name in channel.sources if records.schema.get(name) == pl.Boolean]
    numbers = records.with_columns(pl.col(flags).cast(pl.Int8)) if flags else records
    channels = [floats_of(numbers, name) for name in channel.sources]
    if any(values is None for values in channels):
        return None
    return np.asarray(np.mean([values for values in channels if values is not None], axis=0))


def _position(records: pl.DataFrame, unrolled: Unrolled, grid: Grid) -> dict[str, Floats]:
    latitude, longitude = floats_of(records, "Lat"), floats_of(records, "Lon")
    if latitude is None or longitude is None or grid.origin is None:
        return {}
    east, north = grid.metres(latitude, longitude)
    return {
        name: _rounded(
            unrolled.look_up(values, grid.pct, Between.CONTINUOUS), POSITION_RESOLUTION_M
        )
        for name, values in (("east_m", east), ("north_m", north))
    }


def _rounded(values: Floats, resolution: float | None) -> Floats:
    return values if resolution is None else np.round(values / resolution) * resolution


def _lists(values: Floats, dtype: pl.DataType) -> pl.Series:
    """A matrix as a column of lists."""
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    flat = pl.Series(values.ravel()).cast(inner, strict=False)  # null what damage made too large
    return flat.reshape(values.shape).arr.to_list()
