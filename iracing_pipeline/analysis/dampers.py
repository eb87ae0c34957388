"""How fast the dampers move: a histogram of shock velocity for each damper of a session.

iRacing writes one velocity a record, 60 a second, so a peak that is over in less than a sixtieth
of a second may lie between two records and is then not in here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.samples import Flags, Floats, Samples, floats_of
from iracing_pipeline.tables.dampers import (
    BIN_WIDTH_MPS,
    DAMPER_HISTOGRAM,
    DAMPERS,
    EDGE_MPS,
    THRESHOLD_MPS,
)

if TYPE_CHECKING:
    from typing import Any

CHANNELS = tuple(f"{damper}shockVel" for damper in DAMPERS)
"""The channels that are read here, where the file has them."""

_SIDE = round(EDGE_MPS / BIN_WIDTH_MPS)
# Whole numbers divided are the nearest to zero and to the threshold; products and sums are not.
EDGES_MPS: Floats = np.arange(-_SIDE, _SIDE + 1) / round(1 / BIN_WIDTH_MPS)
"""Edges of the bins, from the fastest rebound to the fastest bump (m/s)."""
_ZONES = ("high_rebound", "low_rebound", "low_bump", "high_bump")
_ZONE_EDGES = np.array([-THRESHOLD_MPS, 0.0, THRESHOLD_MPS])


def damper_histograms(records: pl.DataFrame, samples: Samples, laps: pl.DataFrame) -> pl.DataFrame:
    """The dampers of a car over a session, as rows of ``racing.damper_histogram``.

    A damper whose channel the file lacks, or in which nothing ever moves, has no row; nor has
    any damper of a session without a timed lap.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.
        samples: The same records as arrays.
        laps: Its laps, as rows of ``racing.telemetry_lap``.
    """
    kind = "clean"
    counted = laps.filter("clean")
    if counted.is_empty():
        kind, counted = "timed", laps.filter(pl.col("lap_time_s").is_not_null())
    within = _records_of(counted, len(samples.time)) & ~samples.glitch
    rows: list[dict[str, Any]] = []
    for damper, channel in zip(DAMPERS, CHANNELS, strict=True):
        values = floats_of(records, channel)
        if values is None:
            continue
        velocity = values[within & np.isfinite(values)]
        if velocity.any():
            rows.append(
                {
                    "session_key": counted.get_column("session_key")[0],
                    "damper": damper,
                    "laps": kind,
                    "lap_count": counted.height,
                    "record_count": len(velocity),
                    "edges_mps": EDGES_MPS.tolist(),
                    "shares": _shares(velocity, EDGES_MPS).tolist(),
                    "threshold_mps": THRESHOLD_MPS,
                    **dict(zip(_ZONES, _shares(velocity, _ZONE_EDGES).tolist(), strict=True)),
                }
            )
    return DAMPER_HISTOGRAM.frame(rows)


def _records_of(laps: pl.DataFrame, count: int) -> Flags:
    """Which records of a file lie in one of some laps."""
    within = np.zeros(count, np.bool_)
    for first, length in laps.select("first_record", "record_count").iter_rows():
        within[first : first + length] = True
    return within


def _shares(velocity: Floats, edges: Floats) -> Floats:
    """Share of the values below the first edge, between edges, and from the last edge on."""
    bins = np.searchsorted(edges, velocity, side="right")
    return np.asarray(np.bincount(bins, minlength=len(edges) + 1) / len(velocity))
