"""Laps that `iracing-pipeline live` recorded during a session."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

LIVE_LAP = Table(
    name="racing.live_lap",
    doc="One lap of the own car as it was seen live, to be compared with the file of the session.",
    key=("live_session", "lap_number"),
    columns=(
        Column(
            "live_session",
            pl.String,
            "SubSessionID, SessionUniqueID and SessionNum, joined by dashes",
            required=True,
        ),
        Column("lap_number", pl.Int32, "Lap", required=True, bounds=bounds.LAPS),
        Column("subsession_id", pl.Int64, "SubSessionID; null offline"),
        Column("simsession_number", pl.Int32, "SessionNum", required=True),
        Column("car_id", pl.Int32, "CarID"),
        Column("track_id", pl.Int32, "TrackID"),
        Column("cust_id", pl.Int64, "Whose simulator saw it"),
        Column("driver_id", pl.Int64, "Who drove it"),
        Column("ended_at", UTC, "When it was seen to end", required=True, bounds=bounds.TIME),
        Column("session_time_s", pl.Float64, "SessionTime at its end", "s", required=True),
        Column(
            "lap_time_s",
            pl.Float64,
            "Lap time by iRacing; null where it gave none",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column(
            "fuel_used_l",
            pl.Float64,
            "Fuel burnt; null for a lap with a stop",
            "l",
            bounds=bounds.FUEL_USED,
        ),
        Column("pitted", pl.Boolean, "Whether the car was on pit road", required=True),
    ),
)
