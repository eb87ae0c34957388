"""The tables of how a member develops: ratings over time, totals, personal bests."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

RATING_HISTORY = Table(
    name="racing.rating_history",
    doc="What a member's ratings were at one moment. Before the split of 2024, Sports Car (5) and"
    " Formula Car (6) carry the points of Road (2), so that each category is one line.",
    key=("cust_id", "category_id", "observed_at", "source"),
    columns=(
        Column("cust_id", pl.Int64, "Member", required=True),
        Column("category_id", pl.Int32, "Category that the point belongs to", required=True),
        Column(
            "observed_at", UTC, "When the rating was so, UTC", required=True, bounds=bounds.TIME
        ),
        Column(
            "source",
            pl.String,
            "chart, member, result or ibt",
            required=True,
        ),
        Column(
            "recorded_category_id",
            pl.Int32,
            "Category that iRacing recorded it under: 2 for the Road years of 5 and 6",
            required=True,
        ),
        Column("irating", pl.Int32, "iRating", bounds=bounds.IRATING),
        Column("licence_class", pl.String, "R, D, C, B, A, P or W"),
        Column(
            "safety_rating",
            pl.Float64,
            "Safety Rating within the class",
            bounds=bounds.SAFETY_RATING,
        ),
        Column("cpi", pl.Float64, "Corners per incident", bounds=bounds.RATIO_OF_CORNERS),
        Column("tt_rating", pl.Int32, "Time trial rating"),
        Column("subsession_id", pl.Int64, "Race that led to it; null when not of one race"),
        Column("irating_change", pl.Int32, "What that race changed"),
        Column(
            "safety_rating_change",
            pl.Float64,
            "What that race changed; null when the licence class changed",
        ),
    ),
)

_TOTALS = (
    Column("starts", pl.Int32, "Starts", bounds=bounds.COUNT),
    Column("wins", pl.Int32, "Wins", bounds=bounds.COUNT),
    Column("top5", pl.Int32, "Finishes in the first five", bounds=bounds.COUNT),
    Column("poles", pl.Int32, "Poles", bounds=bounds.COUNT),
    Column("laps", pl.Int32, "Laps", bounds=bounds.COUNT),
    Column("laps_led", pl.Int32, "Laps led", bounds=bounds.LAPS),
    Column(
        "average_start",
        pl.Float64,
        "Average grid position; null without starts",
        bounds=bounds.AVERAGE,
    ),
    Column(
        "average_finish",
        pl.Float64,
        "Average finishing position; null without starts",
        bounds=bounds.AVERAGE,
    ),
    Column(
        "average_incidents",
        pl.Float64,
        "Average incident points; null without starts",
        bounds=bounds.AVERAGE,
    ),
    Column(
        "average_points",
        pl.Float64,
        "Average championship points; null without starts",
        bounds=bounds.RATING,
    ),
)
_CUST_ID = Column("cust_id", pl.Int64, "Member", required=True)
_CATEGORY_ID = Column("category_id", pl.Int32, "Licence category", required=True)

CAREER = Table(
    name="racing.career",
    doc="A member's totals in one category, from stats/member_career.",
    key=("cust_id", "category_id"),
    columns=(_CUST_ID, _CATEGORY_ID, *_TOTALS),
)

YEARLY = Table(
    name="racing.yearly",
    doc="A member's totals in one category and year, from stats/member_yearly.",
    key=("cust_id", "category_id", "year"),
    columns=(_CUST_ID, _CATEGORY_ID, Column("year", pl.Int32, "Year", required=True), *_TOTALS),
)

PERSONAL_BEST = Table(
    name="racing.personal_best",
    doc="A member's best lap with a car on a track, from stats/member_bests.",
    key=("cust_id", "car_id", "track_id", "event_type"),
    columns=(
        _CUST_ID,
        Column("car_id", pl.Int32, "Car", required=True),
        Column("track_id", pl.Int32, "Track configuration", required=True),
        Column("event_type", pl.String, "Practice, Qualify, Time Trial or Race", required=True),
        Column("track_name", pl.String, "Name of the track"),
        Column("best_lap_s", pl.Float64, "Best lap", "s", bounds=bounds.LAP_TIME),
        Column("subsession_id", pl.Int64, "Where it was driven"),
        Column("driven_at", UTC, "When that subsession ended, UTC", bounds=bounds.TIME),
        Column("season", pl.String, "Season it was driven in, such as 2026S1"),
    ),
)

RATING_FORECAST = Table(
    name="racing.rating_forecast",
    doc="Where a rating leads if the next races go as the last ones did.",
    key=("cust_id", "category_id", "rating", "races"),
    columns=(
        _CUST_ID,
        _CATEGORY_ID,
        Column("rating", pl.String, "irating or safety_rating", required=True),
        Column("races", pl.Int32, "Races from now", required=True, bounds=bounds.FROM_ONE),
        Column("value", pl.Float64, "What to expect", required=True, bounds=bounds.RATING),
        Column(
            "low", pl.Float64, "Lower end of its 95 % interval", required=True, bounds=bounds.RATING
        ),
        Column(
            "high",
            pl.Float64,
            "Upper end of its 95 % interval",
            required=True,
            bounds=bounds.RATING,
        ),
        Column("present", pl.Float64, "The rating now", required=True, bounds=bounds.RATING),
        Column("present_at", UTC, "Since when it is so", required=True, bounds=bounds.TIME),
        Column("licence_class", pl.String, "The class that the Safety Rating is in"),
        Column(
            "change_per_race",
            pl.Float64,
            "Mean change of a race",
            required=True,
            bounds=bounds.RATING,
        ),
        Column(
            "change_low",
            pl.Float64,
            "Lower end of its 95 % interval",
            required=True,
            bounds=bounds.RATING,
        ),
        Column(
            "change_high",
            pl.Float64,
            "Upper end of its 95 % interval",
            required=True,
            bounds=bounds.RATING,
        ),
        Column("race_count", pl.Int32, "Changes behind it", required=True),
        Column(
            "basis",
            pl.String,
            "fields (places against the fields of the last races, by the arithmetic of iRating),"
            " results (the change of each race) or observations (of the rating, where races are"
            " not known one by one)",
            required=True,
        ),
    ),
)

RATING_TARGET = Table(
    name="racing.rating_target",
    doc="How clean the next races have to be for the Safety Rating at which the next licence is"
    " given at once.",
    key=("cust_id", "category_id", "races"),
    columns=(
        _CUST_ID,
        _CATEGORY_ID,
        Column("races", pl.Int32, "Races to get there in", required=True, bounds=bounds.FROM_ONE),
        Column("licence_class", pl.String, "Class now", required=True),
        Column(
            "safety_rating",
            pl.Float64,
            "Safety Rating now",
            required=True,
            bounds=bounds.SAFETY_RATING,
        ),
        Column(
            "target_safety_rating",
            pl.Float64,
            "The one that is wanted",
            required=True,
            bounds=bounds.SAFETY_RATING,
        ),
        Column(
            "corners_per_incident",
            pl.Float64,
            "Corners driven for each incident point that this takes; null where unknown",
            "1/incident",
        ),
        Column(
            "usual_corners_per_incident",
            pl.Float64,
            "Median of the races behind it",
            "1/incident",
        ),
        Column(
            "break_even_corners_per_incident",
            pl.Float64,
            "At which a race changes nothing",
            "1/incident",
        ),
        Column(
            "cleanest_corners_per_incident",
            pl.Float64,
            "The most among these races: beyond it nothing is known",
            "1/incident",
        ),
        Column("change_per_doubling", pl.Float64, "What twice the corners per incident adds"),
        Column("change_per_doubling_low", pl.Float64, "Lower end of its 95 % interval"),
        Column("change_per_doubling_high", pl.Float64, "Upper end of its 95 % interval"),
        Column("race_count", pl.Int32, "Races that it was measured on", required=True),
        Column("note", pl.String, "Why it cannot be determined; null where it can"),
    ),
)
