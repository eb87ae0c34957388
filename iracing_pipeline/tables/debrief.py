"""What races come down to."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

RACE_FINDING = Table(
    name="racing.race_finding",
    doc="One thing that cost time in one race, with its evidence; at most three, dearest first.",
    key=("session_key", "rank"),
    columns=(
        Column("session_key", pl.String, "The race, as it was recorded", required=True),
        Column("rank", pl.Int16, "1 for what cost most", required=True, bounds=bounds.Bounds(1, 3)),
        Column("kind", pl.String, "mistake, corner, pace or pit_stop", required=True),
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
    ),
)
