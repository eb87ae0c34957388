"""Figures of the clean laps of a session, and their trend from session to session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.consistency import corner_spread, lap_spread
from iracing_pipeline.analysis.fuel import energy_use, fuel_use
from iracing_pipeline.analysis.sectors import theoretical_best
from iracing_pipeline.tables.consistency import (
    CONSISTENCY_TREND,
    CORNER_CONSISTENCY,
    SESSION_SUMMARY,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

WHOLE_LAP = 0
"""The ``corner`` of a trend of whole laps."""


def session_summary(
    session_key: str, laps: pl.DataFrame, sectors: pl.DataFrame, fuel: pl.DataFrame
) -> pl.DataFrame:
    """One row of ``racing.session_summary``.

    Args:
        session_key: The session.
        laps: Its laps, as rows of ``racing.telemetry_lap``.
        sectors: Their sectors, as rows of ``racing.lap_sector``.
        fuel: Their fuel, as rows of ``racing.fuel_lap``.
    """
    times = laps.filter("clean").get_column("lap_time_s").drop_nulls()
    row: dict[str, Any] = {
        "session_key": session_key,
        "clean_lap_count": len(times),
        "median_lap_time_s": times.median(),
        "fuel_lap_count": 0,
        "energy_lap_count": 0,
    }
    if (spread := lap_spread(laps)) is not None:
        row |= {
            "spread_s": spread.value,
            "spread_low_s": spread.low,
            "spread_high_s": spread.high,
        }
    if (best := theoretical_best(sectors, laps)) is not None:
        row["theoretical_best_s"] = best.lap_time_s
    if (use := fuel_use(fuel)) is not None:
        row |= {
            "fuel_lap_count": use.laps,
            "fuel_median_l": use.median_l,
            "fuel_p65_l": use.p65_l,
            "fuel_p90_l": use.p90_l,
        }
    if (taken := energy_use(fuel)) is not None:
        row |= {
            "energy_lap_count": taken.laps,
            "energy_median_kwh": taken.used_kwh,
            "energy_deployed_median_kwh": taken.deployed_kwh,
        }
    return SESSION_SUMMARY.frame([row])


def corner_consistency(corners: pl.DataFrame, laps: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``racing.corner_consistency`` of a session; none without a clean lap.

    Args:
        corners: Rows of ``racing.lap_corner``, of one version of the map.
        laps: The laps, as rows of ``racing.telemetry_lap``.
    """
    spreads = corner_spread(corners, laps)
    whose = corners.select("session_key", "track_id", "map_version").unique()
    return (
        spreads.join(whose, how="cross").sort("corner").match_to_schema(CORNER_CONSISTENCY.schema)
        if spreads.height
        else CORNER_CONSISTENCY.frame()
    )


def consistency_trends(spreads: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``racing.consistency_trend``.

    Args:
        spreads: The spread of each session with ``car_id``, ``track_id``, ``cust_id``,
            ``start_time``, ``corner`` (0 for whole laps) and ``spread_s``, of one driver for each
            car and track, and of one version of its corner map.
    """
    complete = spreads.drop_nulls(["car_id", "track_id", "spread_s"]).sort("start_time")
    return CONSISTENCY_TREND.frame(_trends(complete)).sort(CONSISTENCY_TREND.key)


def _trends(spreads: pl.DataFrame) -> Iterator[dict[str, object]]:
    keys = ("car_id", "track_id", "corner", "cust_id")
    for key, part in spreads.group_by(keys, maintain_order=True):
        values = part.get_column("spread_s").to_numpy()
        row: dict[str, object] = {
            **dict(zip(keys, key, strict=True)),
            "session_count": part.height,
            "spread_s": float(np.median(values)),
        }
        trend = robust.trend(np.arange(len(values), dtype=np.float64), values)
        if trend is not None:
            row |= {
                "trend_s_per_session": trend.value,
                "trend_low_s_per_session": trend.low,
                "trend_high_s_per_session": trend.high,
            }
        yield row
