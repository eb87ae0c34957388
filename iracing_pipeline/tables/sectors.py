"""Times of the sectors that iRacing divides a lap into."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

LAP_SECTOR = Table(
    name="racing.lap_sector",
    doc="One sector of one lap that was driven from line to line.",
    key=("session_key", "stint", "lap_number", "sector"),
    columns=(
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column(
            "stint", pl.Int32, "Stint that the lap ended in", required=True, bounds=bounds.FROM_ONE
        ),
        Column(
            "lap_number", pl.Int32, "Lap, as iRacing counts it", required=True, bounds=bounds.LAPS
        ),
        Column(
            "sector",
            pl.Int16,
            "Number of the sector, from 1 at the line",
            required=True,
            bounds=bounds.FROM_ONE,
        ),
        Column("start_pct", pl.Float64, "SectorStartPct", "ratio", required=True),
        Column(
            "end_pct", pl.Float64, "Start of the next sector, 1 at the line", "ratio", required=True
        ),
        Column(
            "time_s",
            pl.Float64,
            "Time from its start to its end; the sectors of a lap add up to its lap time",
            "s",
            required=True,
            bounds=bounds.DURATION_ABOVE,
        ),
    ),
)
