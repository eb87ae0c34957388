"""How evenly a driver drives: the spread of clean laps and corners, and its trend.

The spread is the standard deviation by the median absolute deviation, so one bad lap does not
move it. Pace that changes within a stint (fuel, tyres) is not unevenness: laps are compared with
the line through their own stint, at one wetness of the track, where it is long enough for one, else
with its median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.sectors import LAP_KEY

if TYPE_CHECKING:
    from iracing_pipeline.analysis.robust import Estimate
    from iracing_pipeline.analysis.samples import Floats


def lap_spread(laps: pl.DataFrame) -> Estimate | None:
    """Spread of the clean laps of a session in seconds; None for fewer than five.

    Args:
        laps: Rows of ``racing.telemetry_lap`` of one session.
    """
    clean = laps.filter("clean").drop_nulls("lap_time_s")
    residuals = [
        _about_its_line(stint.get_column("lap_time_s").to_numpy())
        for stint in clean.partition_by("stint", "track_wetness", maintain_order=True)
        if stint.height >= _FEWEST_TOGETHER
    ]
    return robust.spread(np.concatenate(residuals)) if residuals else None


def corner_spread(corners: pl.DataFrame, laps: pl.DataFrame) -> pl.DataFrame:
    """Spread of each corner over the clean laps of a session.

    Args:
        corners: Rows of ``racing.lap_corner``, of one version of the map.
        laps: The laps, as rows of ``racing.telemetry_lap``.

    Returns:
        ``corner``, ``median_s``, ``spread_s`` with ``spread_low_s`` and ``spread_high_s`` (null
        for fewer than five laps), ``best_s`` and ``lap_count``, the widest spread first.
    """
    clean = corners.join(laps.filter("clean").select(LAP_KEY), on=LAP_KEY, how="semi")
    rows = []
    for (corner,), part in clean.group_by("corner", maintain_order=True):
        times = part.get_column("time_s").to_numpy()
        spread = robust.spread(times)
        rows.append(
            {
                "corner": corner,
                "median_s": float(np.median(times)),
                "spread_s": None if spread is None else spread.value,
                "spread_low_s": None if spread is None else spread.low,
                "spread_high_s": None if spread is None else spread.high,
                "best_s": float(times.min()),
                "lap_count": len(times),
            }
        )
    return pl.DataFrame(rows, schema=_CORNER_SPREAD).sort("spread_s", descending=True)


_FEWEST_TOGETHER = 3
_CORNER_SPREAD = {
    "corner": pl.Int16,
    "median_s": pl.Float64,
    "spread_s": pl.Float64,
    "spread_low_s": pl.Float64,
    "spread_high_s": pl.Float64,
    "best_s": pl.Float64,
    "lap_count": pl.Int32,
}


def _about_its_line(times: Floats) -> Floats:
    order = np.arange(len(times), dtype=np.float64)
    slope = robust.trend(order, times)
    level = times if slope is None else times - slope.value * order
    # What is fitted to the laps is missing in their scatter about it.
    fitted = 1 if slope is None else 2
    widened = np.sqrt(len(times) / (len(times) - fitted))
    return np.asarray(widened * (level - np.median(level)))
