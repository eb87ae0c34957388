"""Velocity of the dampers of a car: a histogram for each of a session."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

DAMPERS = {
    "LF": "Left front",
    "RF": "Right front",
    "LR": "Left rear",
    "RR": "Right rear",
    "CF": "Centre front",
    "CR": "Centre rear",
    "HF": "Heave front",
    "HR": "Heave rear",
    "ROLLF": "Roll front",
    "ROLLR": "Roll rear",
    "LFSH": "Left front, SH",
    "RFSH": "Right front, SH",
    "LRSH": "Left rear, SH",
    "RRSH": "Right rear, SH",
}
"""Prefixes of ``shockVel`` at iRacing, and their names in words; a car has some of them."""

BIN_WIDTH_MPS = 0.010
EDGE_MPS = 0.300
"""Bins end here on both sides; a bin without an end follows."""
THRESHOLD_MPS = 0.050
"""Low speed is below, high speed from here on: two inches a second, a usual place for the knee."""

_SIGN = "positive in compression (bump), negative in extension (rebound)"


def _zone(name: str, words: str) -> Column:
    return Column(name, pl.Float64, f"Share of its samples in {words}", "ratio", required=True)


DAMPER_HISTOGRAM = Table(
    name="racing.damper_histogram",
    doc="How fast one damper of the car moved in one session: share of the time in each bin of"
    f" velocity, {_SIGN}, and in four zones.",
    key=("session_key", "damper"),
    columns=(
        Column("session_key", pl.String, "The session it moved in", required=True),
        Column("damper", pl.String, "What iRacing names it: LF of LFshockVel", required=True),
        Column(
            "laps",
            pl.String,
            "Which laps: clean; timed where the session has no clean lap",
            required=True,
        ),
        Column("lap_count", pl.Int32, "Number of these laps", required=True),
        Column("record_count", pl.Int32, "Records of these laps", required=True),
        Column(
            "edges_mps",
            pl.List(pl.Float64),
            f"Edges of the bins, {_SIGN}; each is the first velocity of the bin above it",
            "m/s",
            required=True,
        ),
        Column(
            "shares",
            pl.List(pl.Float64),
            "Share of the samples in each bin: below the first edge, between edges, from the last"
            " edge on; one more than edges",
            "ratio",
            required=True,
        ),
        Column(
            "threshold_mps", pl.Float64, "Where high speed begins, both ways", "m/s", required=True
        ),
        _zone("high_rebound", "high-speed rebound: faster than the threshold, extending"),
        _zone("low_rebound", "low-speed rebound: up to the threshold, extending"),
        _zone("low_bump", "low-speed bump: below the threshold, compressing or at rest"),
        _zone("high_bump", "high-speed bump: the threshold or faster, compressing"),
        Column(
            "sample_rate_hz",
            pl.Int32,
            "Samples a second: 60, or 360 where iRacing logged the damper at 360 Hz",
            "Hz",
            required=True,
        ),
        Column("sample_count", pl.Int64, "Samples of these laps", required=True),
        Column(
            "peak_bump_mps",
            pl.Float64,
            "Fastest compression among the samples; null where it was not kept",
            "m/s",
            bounds=bounds.BUMP,
        ),
        Column(
            "peak_rebound_mps",
            pl.Float64,
            "Fastest extension among the samples, below zero; null where it was not kept",
            "m/s",
            bounds=bounds.REBOUND,
        ),
        Column(
            "peak_loss_mean",
            pl.Float64,
            "Share of a peak of 8 ms (half a sine) that samples of this rate miss on average",
            "ratio",
            required=True,
        ),
        Column(
            "peak_loss_most", pl.Float64, "Largest share that they can miss", "ratio", required=True
        ),
    ),
)
