"""Sector times by iRacing's own boundaries, and the lap that the best of them would make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.tables.sectors import LAP_SECTOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.analysis.unrolled import Unrolled

LAP_KEY = ["session_key", "stint", "lap_number"]


def lap_sectors(
    unrolled: Unrolled, sector_start_pct: Sequence[float | None] | None
) -> pl.DataFrame:
    """Sector times of the laps driven from line to line, as rows of ``racing.lap_sector``.

    Args:
        unrolled: The laps.
        sector_start_pct: Start of each sector by the session info; None for one sector.
    """
    given = (pct for pct in sector_start_pct or () if pct is not None)  # null: out of bounds
    starts = sorted({0.0, *(pct for pct in given if 0.0 < pct < 1.0)})
    edges = np.array([*starts, 1.0])
    elapsed, _ = unrolled.elapsed(edges)
    count, sectors = len(unrolled), len(starts)
    return (
        unrolled.laps.select(LAP_KEY)
        .select(pl.all().repeat_by(sectors).explode(empty_as_null=False))
        .with_columns(
            pl.Series("sector", np.tile(np.arange(1, sectors + 1), count), pl.Int16),
            pl.Series("start_pct", np.tile(edges[:-1], count), pl.Float64),
            pl.Series("end_pct", np.tile(edges[1:], count), pl.Float64),
            pl.Series("time_s", np.diff(elapsed, axis=1).ravel(), pl.Float64),
        )
        .match_to_schema(LAP_SECTOR.schema)
    )


@dataclass(frozen=True, slots=True)
class TheoreticalBest:
    """The lap that the best sectors of clean laps would make.

    Attributes:
        lap_time_s: Sum of the best time of each sector.
        best_lap_time_s: The best lap that was driven: what is left to gain is the difference.
        sector_times_s: Best time of each sector, in order.
        laps: Clean laps that it was chosen from.
    """

    lap_time_s: float
    best_lap_time_s: float
    sector_times_s: tuple[float, ...]
    laps: int


def theoretical_best(sectors: pl.DataFrame, laps: pl.DataFrame) -> TheoreticalBest | None:
    """The theoretical best lap, from whole sectors of clean laps only; None without any.

    Parts finer than iRacing's sectors would promise what cannot be driven: a corner is fast at
    the price of the next one. So does a sector of a lap that cut a corner elsewhere.

    Args:
        sectors: Rows of ``racing.lap_sector`` with the same boundaries.
        laps: The laps that they belong to, as rows of ``racing.telemetry_lap``.
    """
    clean = laps.filter("clean").select(*LAP_KEY, "lap_time_s")
    joined = sectors.join(clean, on=LAP_KEY, how="inner")
    if joined.is_empty():
        return None
    best = joined.group_by("sector").agg(pl.col("time_s").min()).sort("sector")
    times = best.get_column("time_s").to_list()
    return TheoreticalBest(
        lap_time_s=sum(times),
        best_lap_time_s=joined.select(pl.col("lap_time_s").min()).item(),
        sector_times_s=tuple(times),
        laps=joined.select(LAP_KEY).unique().height,
    )
