"""The findings of races."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

RACE_FINDING = Table(
    name="racing.race_finding",
    doc="One thing that cost time in one race, with its evidence; at most three, costliest first.",
    key=("session_key", "rank"),
    columns=(
        Column("session_key", pl.String, "The race, as it was recorded", required=True),
        Column("rank", pl.Int16, "1 for what cost most", required=True, bounds=bounds.FINDINGS),
        Column(
            "kind", pl.String, "mistake, corner, pace, traffic, start or pit_stop", required=True
        ),
        Column("text", pl.String, "It in words", required=True),
        Column(
            "seconds",
            pl.Float64,
            "What it cost over the race",
            "s",
            required=True,
            bounds=bounds.DURATION_ABOVE,
        ),
        Column("laps", pl.List(pl.Int32), "Laps that show it", required=True),
        Column("corner", pl.Int16, "The corner it concerns, if it concerns one"),
        Column("clean_lap_count", pl.Int32, "Clean laps behind the findings", required=True),
        Column("low_s", pl.Float64, "Lower end of the 95 % interval of seconds", "s"),
        Column("high_s", pl.Float64, "Upper end of the 95 % interval of seconds", "s"),
        Column(
            "places",
            pl.Int32,
            "Cars of the class that finished within these seconds; null where the result is not"
            " known",
        ),
        Column("irating", pl.Float64, "What these places were worth; null where not known"),
        Column("advice", pl.String, "What to do, where the data supports it"),
        Column("cause", pl.String, "Cause of racing.race_ledger that it comes from"),
    ),
)
