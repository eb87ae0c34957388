"""Experiments: A compared with B by a plan that was drawn beforehand."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")
_NAME = Column("name", pl.String, "Name of the experiment", required=True)

EXPERIMENT = Table(
    name="racing.experiment",
    doc="One experiment: two ways to set up or to drive a car, and the order in which they are"
    " driven.",
    key=("name",),
    columns=(
        _NAME,
        Column("a", pl.String, "What A is", required=True),
        Column("b", pl.String, "What B is", required=True),
        Column("plan", pl.List(pl.String), "A or B for each run, drawn by chance", required=True),
        Column(
            "laps_per_run",
            pl.Int32,
            "Clean laps that a run should have",
            required=True,
            bounds=bounds.RACE_LAPS,
        ),
        Column("cust_id", pl.Int64, "Who drives", required=True),
        Column("car_id", pl.Int32, "The car", required=True),
        Column("track_id", pl.Int32, "The track", required=True),
        Column("driver_name", pl.String, "Name of the driver"),
        Column("car_name", pl.String, "Name of the car"),
        Column("track_name", pl.String, "Name of the track"),
        Column(
            "lap_spread_s",
            pl.Float64,
            "Spread of the clean laps of the session that it was started from",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column("started_at", UTC, "From when stints count", required=True, bounds=bounds.TIME),
        Column("ended_at", UTC, "Until when; null while it runs", bounds=bounds.TIME),
    ),
)

EXPERIMENT_RUN = Table(
    name="racing.experiment_run",
    doc="One run of an experiment: a stint with clean laps of its driver, car and track, in the"
    " order driven.",
    key=("name", "run"),
    columns=(
        _NAME,
        Column("run", pl.Int32, "From 1", required=True, bounds=bounds.FROM_ONE),
        Column("variant", pl.String, "A or B, by the plan", required=True),
        Column("session_key", pl.String, "The session it was driven in", required=True),
        Column("stint", pl.Int32, "The stint", required=True, bounds=bounds.FROM_ONE),
        Column("start_time", UTC, "When the stint began", required=True, bounds=bounds.TIME),
        Column("clean_lap_count", pl.Int32, "Clean laps", required=True),
        Column(
            "mean_lap_time_s",
            pl.Float64,
            "Mean of them",
            "s",
            required=True,
            bounds=bounds.LAP_TIME,
        ),
    ),
)

EXPERIMENT_LOOK = Table(
    name="racing.experiment_look",
    doc="Result of an experiment after each block of four runs. The interval holds at every look.",
    key=("name", "block"),
    columns=(
        _NAME,
        Column("block", pl.Int32, "Blocks driven", required=True, bounds=bounds.FROM_ONE),
        Column(
            "difference_s",
            pl.Float64,
            "B minus A a lap, median over blocks",
            "s",
            required=True,
            bounds=bounds.DIFFERENCE,
        ),
        Column(
            "low_s",
            pl.Float64,
            "Lower end of the 95 % interval that holds at every look; null before seven blocks",
            "s",
        ),
        Column("high_s", pl.Float64, "Upper end of it", "s"),
        Column("faster", pl.String, "A or B where the interval leaves out zero"),
        Column("lap_count", pl.Int32, "Clean laps so far", required=True),
        Column("lap_s", pl.Float64, "Mean lap of A", "s", required=True, bounds=bounds.LAP_TIME),
        Column(
            "block_spread_s",
            pl.Float64,
            "Standard deviation of a block's difference; null for one block",
            "s",
            bounds=bounds.SPREAD,
        ),
        Column(
            "laps_needed",
            pl.Int32,
            "Laps of the whole experiment that show 0.1 s a lap in four of five cases, by the"
            " spread of the blocks so far; null for earlier looks, and where 100 blocks are too"
            " few",
            bounds=bounds.COUNT,
        ),
    ),
)
