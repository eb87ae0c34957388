"""The views of ratings: their history, where they lead, and a member's totals."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.ratings import (
    CAREER,
    RATING_FORECAST,
    RATING_HISTORY,
    RATING_TARGET,
    YEARLY,
)
from iracing_pipeline.tables.reference import CATEGORY
from iracing_pipeline.tables.results import SUBSESSION
from iracing_pipeline.warehouse.view import View, ViewColumn, taken


def _category(alias: str) -> str:
    return f" LEFT JOIN racing.category AS category ON category.category_id = {alias}.category_id"


# iRacing's own ids, for who has no account to pull the names with.
_NAMES = {1: "Oval", 2: "Road", 3: "Dirt Oval", 4: "Dirt Road", 5: "Sports Car", 6: "Formula Car"}
_CASES = " ".join(f"WHEN {number} THEN '{name}'" for number, name in _NAMES.items())


def _named(alias: str) -> ViewColumn:
    column = CATEGORY.columns[1]
    return ViewColumn(
        f"coalesce(category.name, CASE {alias}.category_id {_CASES} END)",
        Column("category", column.dtype, "Name of the category"),
    )


_SPAN = (
    "min(observed_at) FILTER (WHERE source = 'result') OVER one AS first_result,"
    " max(observed_at) FILTER (WHERE source = 'result') OVER one AS last_result,"
    " max(observed_at) FILTER (WHERE source = 'chart') OVER one AS last_chart"
)

RATINGS = View(
    name="grafana.rating_history",
    doc=RATING_HISTORY.doc,
    source=f"(SELECT *, {_SPAN} FROM racing.rating_history"
    " WINDOW one AS (PARTITION BY cust_id, category_id)) AS rating"
    + _category("rating")
    + " LEFT JOIN racing.subsession AS subsession ON subsession.subsession_id"
    " = rating.subsession_id",
    columns=(
        *taken("rating", RATING_HISTORY),
        _named("rating"),
        ViewColumn(
            "CASE WHEN rating.first_result IS NOT NULL THEN rating.source = 'result'"
            " OR (rating.observed_at < rating.first_result AND (rating.source = 'chart'"
            " OR rating.last_chart IS NULL))"
            " OR (rating.observed_at > rating.last_result AND rating.source IN ('member', 'ibt'))"
            " WHEN rating.last_chart IS NOT NULL THEN rating.source = 'chart'"
            " OR rating.observed_at > rating.last_chart ELSE true END",
            Column(
                "in_line",
                pl.Boolean,
                "Whether it is a point of the category's one line: results; before the first of"
                " these charts, after the last what was seen last",
            ),
        ),
        *taken("subsession", SUBSESSION, "series_name", "track_name"),
    ),
)

RATING_FORECASTS = View(
    name="grafana.rating_forecasts",
    doc=RATING_FORECAST.doc,
    source="racing.rating_forecast AS forecast" + _category("forecast"),
    columns=(*taken("forecast", RATING_FORECAST), _named("forecast")),
)

RATING_TARGETS = View(
    name="grafana.rating_targets",
    doc=RATING_TARGET.doc,
    source="racing.rating_target AS target" + _category("target"),
    columns=(*taken("target", RATING_TARGET), _named("target")),
)

CAREERS = View(
    name="grafana.career",
    doc=CAREER.doc,
    source="racing.career AS career" + _category("career"),
    columns=(*taken("career", CAREER), _named("career")),
)

YEARS = View(
    name="grafana.yearly",
    doc=YEARLY.doc,
    source="racing.yearly AS yearly" + _category("yearly"),
    columns=(*taken("yearly", YEARLY), _named("yearly")),
)

RATING_VIEWS: tuple[View, ...] = (RATINGS, RATING_FORECASTS, RATING_TARGETS, CAREERS, YEARS)
