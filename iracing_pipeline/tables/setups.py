"""Changes of the setup from one session to the next, and their effect on the pace."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

SETUP_COMPARISON = Table(
    name="racing.setup_comparison",
    doc="One session beside the one before it of the same driver, car and track: whether the setup"
    " was another, and what the pace did where that can be told.",
    key=("session_key",),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column(
            "setup_digest",
            pl.String,
            "Identity of the setup by its settings, whatever it is called",
            required=True,
        ),
        Column("setting_count", pl.Int32, "Settings in it", required=True),
        Column("previous_session_key", pl.String, "The session before; null for the first"),
        Column("changed_count", pl.Int32, "Settings that differ; null for the first session"),
        Column("clean_lap_count", pl.Int32, "Clean laps of the session", required=True),
        Column("previous_clean_lap_count", pl.Int32, "Clean laps of the session before"),
        Column(
            "spread_s",
            pl.Float64,
            "Robust standard deviation of its laps",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column(
            "previous_spread_s",
            pl.Float64,
            "The same of the session before",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column(
            "effect_s",
            pl.Float64,
            "Median clean lap minus that of the session before; null where they cannot be"
            " compared. With no setting changed it is what sessions differ by anyhow",
            "s",
            bounds=bounds.DIFFERENCE,
        ),
        Column(
            "effect_low_s",
            pl.Float64,
            "Lower end of its 95 % interval",
            "s",
            bounds=bounds.DIFFERENCE,
        ),
        Column(
            "effect_high_s",
            pl.Float64,
            "Upper end of its 95 % interval",
            "s",
            bounds=bounds.DIFFERENCE,
        ),
        Column("told", pl.Boolean, "Whether the interval leaves out zero", required=True),
        Column(
            "against",
            pl.List(pl.String),
            "What speaks against comparing them, in words; empty where nothing does",
            required=True,
        ),
    ),
)

SETUP_CHANGE = Table(
    name="racing.setup_change",
    doc="One setting that differs from the session before of the same driver, car and track.",
    key=("session_key", "setting"),
    columns=(
        Column("session_key", pl.String, "The session", required=True),
        Column("setting", pl.String, "Path of the setting in the CarSetup tree", required=True),
        Column("previous_session_key", pl.String, "The session before", required=True),
        Column("before", pl.String, "What it was; null where it was not there"),
        Column("after", pl.String, "What it is; null where it is not there"),
        Column(
            "change",
            pl.Float64,
            "After minus before, of numbers in the unit that they are written in; % as ratios",
        ),
    ),
)
