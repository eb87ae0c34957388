"""The tables of what races come down to: iRating by place, seconds by cause, pace in traffic."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables.column import Column, Table

_SIMSESSION = (
    Column("subsession_id", pl.Int64, "SubSessionID", required=True),
    Column(
        "simsession_number",
        pl.Int32,
        "0 for the main event, -1, -2, ... before it",
        required=True,
    ),
)
_GROUP_ID = Column(
    "group_id", pl.Int64, "The car: the driver's cust_id, or the (negative) team id", required=True
)

IRATING_OUTCOME = Table(
    name="racing.irating_outcome",
    doc="What one finishing place in class changes in the iRating of one driver: a row for each"
    " place of the class, or one without a change and with a note where the rule does not apply.",
    key=("subsession_id", "simsession_number", "group_id", "cust_id", "place_in_class"),
    columns=(
        *_SIMSESSION,
        _GROUP_ID,
        Column("cust_id", pl.Int64, "The driver", required=True),
        Column("car_class_id", pl.Int32, "Car class"),
        Column("place_in_class", pl.Int32, "Finishing place in class, from 1", required=True),
        Column(
            "finished_here",
            pl.Boolean,
            "Whether the car finished in this place; null where the finish is not known",
        ),
        Column(
            "irating_change",
            pl.Float64,
            "Change by the arithmetic of the class, not rounded; null where it does not apply",
        ),
        Column(
            "official_change",
            pl.Int32,
            "Change that iRacing made; only where the car finished, and where both ratings are"
            " known",
        ),
        Column("place_value", pl.Float64, "What one place more or less changes"),
        Column("irating_before", pl.Int32, "iRating of the driver before the race"),
        Column("car_rating", pl.Float64, "Rating of the car: of the team in a team event"),
        Column("expected_score", pl.Float64, "Entries that the car is expected to beat, plus 0.5"),
        Column("entry_count", pl.Int32, "Entries of the class that count"),
        Column("lap_share", pl.Float64, "Share of the car's laps that the driver drove", "ratio"),
        Column("completed", pl.Boolean, "Whether the car completed a lap"),
        Column("note", pl.String, "Why there is no change; null where there is"),
    ),
)
