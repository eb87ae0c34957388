"""Figures of the laps of a session, and their consistency."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

SESSION_SUMMARY = Table(
    name="racing.session_summary",
    doc="Figures of the clean laps of one session: pace, consistency and fuel.",
    key=("session_key",),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column("clean_lap_count", pl.Int32, "Clean laps behind pace and spread", required=True),
        Column(
            "median_lap_time_s", pl.Float64, "Median of clean laps", "s", bounds=bounds.LAP_TIME
        ),
        Column(
            "spread_s",
            pl.Float64,
            "Robust standard deviation of clean laps about the line through their stint; null for"
            " fewer than five",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column(
            "spread_low_s", pl.Float64, "Lower end of its 95 % interval", "s", bounds=bounds.SPREAD
        ),
        Column(
            "spread_high_s", pl.Float64, "Upper end of its 95 % interval", "s", bounds=bounds.SPREAD
        ),
        Column(
            "theoretical_best_s",
            pl.Float64,
            "Sum of the best time of each of iRacing's sectors over clean laps",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column("fuel_lap_count", pl.Int32, "Clean dry laps behind the fuel figures", required=True),
        Column(
            "fuel_median_l", pl.Float64, "Half of these burnt less; null for fewer than three", "l"
        ),
        Column("fuel_p65_l", pl.Float64, "65 % of these burnt less", "l"),
        Column("fuel_p90_l", pl.Float64, "90 % of these burnt less", "l"),
        Column("energy_lap_count", pl.Int32, "Clean laps behind the energy figures", required=True),
        Column(
            "energy_median_kwh",
            pl.Float64,
            "Energy that the battery lost a clean lap: median; null for fewer than three",
            "kWh",
        ),
        Column(
            "energy_deployed_median_kwh",
            pl.Float64,
            "Energy from the battery to the MGU-K a clean lap: median; null for fewer than three",
            "kWh",
        ),
    ),
)

CORNER_CONSISTENCY = Table(
    name="racing.corner_consistency",
    doc="How evenly one corner was taken by the clean laps of one session.",
    key=("session_key", "corner"),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column("corner", pl.Int16, "Number of the corner", required=True),
        Column("track_id", pl.Int32, "TrackID; null when the file does not name the track"),
        Column("map_version", pl.Int16, "Version of the corner map", required=True),
        Column("lap_count", pl.Int32, "Clean laps behind it", required=True),
        Column("best_s", pl.Float64, "Fastest time from its start to its end", "s", required=True),
        Column("median_s", pl.Float64, "Median time", "s", required=True),
        Column(
            "spread_s",
            pl.Float64,
            "Robust standard deviation of the time; null for fewer than five laps",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column(
            "spread_low_s", pl.Float64, "Lower end of its 95 % interval", "s", bounds=bounds.SPREAD
        ),
        Column(
            "spread_high_s", pl.Float64, "Upper end of its 95 % interval", "s", bounds=bounds.SPREAD
        ),
    ),
)

_ESTIMATE = (
    Column("session_count", pl.Int32, "Sessions with a spread behind it", required=True),
    Column(
        "spread_s",
        pl.Float64,
        "Median spread of these sessions",
        "s",
        required=True,
        bounds=bounds.SPREAD,
    ),
    Column(
        "trend_s_per_session",
        pl.Float64,
        "What the spread changes from session to session (Theil-Sen); below zero where the driver"
        " gets more even; null for fewer than five sessions",
        "s/session",
    ),
    Column("trend_low_s_per_session", pl.Float64, "Lower end of its 95 % interval", "s/session"),
    Column("trend_high_s_per_session", pl.Float64, "Upper end of its 95 % interval", "s/session"),
)

CONSISTENCY_TREND = Table(
    name="racing.consistency_trend",
    doc="How the evenness of one driver with one car on one track develops over sessions: of whole"
    " laps, and of each corner.",
    key=("car_id", "track_id", "corner"),
    columns=(
        Column("car_id", pl.Int32, "CarID", required=True),
        Column("track_id", pl.Int32, "TrackID", required=True),
        Column("corner", pl.Int16, "Number of the corner; 0 for whole laps", required=True),
        Column("cust_id", pl.Int64, "The driver of most clean laps there; null when unknown"),
        *_ESTIMATE,
    ),
)
