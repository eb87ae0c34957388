"""Ratings of drivers, now and ahead."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter, Question
from iracing_pipeline.ask.questions.shared import ONE, names

RATINGS = Question(
    "ratings",
    "iRating and Safety Rating over time, race by race.",
    "grafana.rating_history",
    names(
        "cust_id category observed_at source irating licence_class safety_rating irating_change"
        " safety_rating_change subsession_id series_name track_name"
    ),
    dict.fromkeys(names("irating_change safety_rating_change"), ONE),
    (
        Parameter(
            "category",
            "text",
            "Part of the category, such as Formula",
            "category ILIKE %(category)s",
        ),
        Parameter(
            "since",
            "date",
            "First day, such as 2026-03-01",
            "observed_at >= %(since)s::timestamptz",
        ),
    ),
    "observed_at DESC",
    "No rating is known",
    "Load results, or an .ibt file of an official session",
)
RATING_FORECAST = Question(
    "rating_forecast",
    "Where a rating leads if the next races go as the last ones did.",
    "grafana.rating_forecasts",
    names("cust_id category rating present races value change_per_race basis"),
    {
        "value": Behind("race_count", "low", "high"),
        "change_per_race": Behind("race_count", "change_low", "change_high"),
    },
    (
        Parameter(
            "category",
            "text",
            "Part of the category, such as Formula",
            "category ILIKE %(category)s",
        ),
    ),
    "category, rating, races",
    "Fewer than eight rated races are known",
    "Load more results",
)
