"""Velocity of the dampers: a histogram of shock velocity for each damper of a session.

iRacing writes one velocity a record, 60 a second, or six where it logs at 360 Hz. All are counted.
A short peak may still lie between two samples: :func:`peak_loss` says how much of it is missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.samples import Flags, Floats, Samples, every_sample
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


PEAK_S = 0.008
"""Duration of a kerb's peak of velocity (half a sine), to compute the loss by sampling."""


@dataclass(frozen=True, slots=True)
class PeakLoss:
    """Part of a peak that even sampling misses, as shares of its height.

    Attributes:
        mean: On average over all moments at which sampling may begin.
        most: At the worst of them; 1 where the peak can lie between two samples.
    """

    mean: float
    most: float


def peak_loss(rate_hz: float, peak_s: float = PEAK_S) -> PeakLoss:
    """Return the part of a peak that the largest sample misses.

    Args:
        rate_hz: Samples a second.
        peak_s: How long the peak lasts: half a sine.
    """
    step = 1.0 / rate_hz
    if step > peak_s:  # one sample at most falls into the peak
        return PeakLoss(1.0 - 2.0 / np.pi * peak_s / step, 1.0)
    furthest = np.pi * step / (2.0 * peak_s)  # from the top to the nearest sample, in radians
    return PeakLoss(1.0 - float(np.sin(furthest) / furthest), 1.0 - float(np.cos(furthest)))


def damper_histograms(
    records: pl.DataFrame, samples: Samples, laps: pl.DataFrame, *, tick_rate_hz: int = 60
) -> pl.DataFrame:
    """The dampers of a car over a session, as rows of ``racing.damper_histogram``.

    A damper whose channel the file lacks, or in which nothing ever moves, has no row; nor has
    any damper of a session without a timed lap.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.
        samples: The same records as arrays.
        laps: Its laps, as rows of ``racing.telemetry_lap``.
        tick_rate_hz: Records a second.
    """
    kind = "clean"
    counted = laps.filter("clean")
    if counted.is_empty():
        kind, counted = "timed", laps.filter(pl.col("lap_time_s").is_not_null())
    within = _records_of(counted, len(samples.time)) & ~samples.glitch
    rows: list[dict[str, Any]] = []
    for damper, channel in zip(DAMPERS, CHANNELS, strict=True):
        values = every_sample(records, channel)
        if values is None:
            continue
        counted_samples = values[within]
        usable = np.isfinite(counted_samples)
        velocity = counted_samples[usable]
        if not velocity.any():
            continue
        rate = tick_rate_hz * values.shape[1]
        loss = peak_loss(rate)
        rows.append(
            {
                "session_key": counted.get_column("session_key")[0],
                "damper": damper,
                "laps": kind,
                "lap_count": counted.height,
                "record_count": int(usable.any(axis=1).sum()),
                "edges_mps": EDGES_MPS.tolist(),
                "shares": _shares(velocity, EDGES_MPS).tolist(),
                "threshold_mps": THRESHOLD_MPS,
                **dict(zip(_ZONES, _shares(velocity, _ZONE_EDGES).tolist(), strict=True)),
                "sample_rate_hz": rate,
                "sample_count": len(velocity),
                "peak_bump_mps": max(float(velocity.max()), 0.0),
                "peak_rebound_mps": min(float(velocity.min()), 0.0),
                "peak_loss_mean": loss.mean,
                "peak_loss_most": loss.most,
            }
        )
    return DAMPER_HISTOGRAM.frame(rows)


def _records_of(laps: pl.DataFrame, count: int) -> Flags:
    """Which records of a file lie in one of some laps."""
    within = np.zeros(count, np.bool_)
    for first, length in laps.select("first_record", "record_count").iter_rows():
        within[first : first + length] = True
    return within


def fastest(records: pl.DataFrame) -> tuple[Floats, int] | None:
    """Return the velocity of the fastest damper in each record, in either direction.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.

    Returns:
        One value a record, in m/s, 0 where it holds no finite sample; and the samples a record
        behind it. None where the file has no damper.
    """
    values = [each for name in CHANNELS if (each := every_sample(records, name)) is not None]
    if not values:
        return None
    # Dampers of one file may be logged at two rates: the slower one is what can be said of all.
    peaks = [np.nan_to_num(np.abs(each), posinf=0.0).max(axis=1) for each in values]
    return np.max(peaks, axis=0), min(each.shape[1] for each in values)


def _shares(velocity: Floats, edges: Floats) -> Floats:
    """Share of the values below the first edge, between edges, and from the last edge on."""
    bins = np.searchsorted(edges, velocity, side="right")
    return np.asarray(np.bincount(bins, minlength=len(edges) + 1) / len(velocity))
