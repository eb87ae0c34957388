"""Forecast of ratings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.rating_outlook import forecasts, targets
from iracing_pipeline.tables.ratings import RATING_HISTORY

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
RNG = np.random.default_rng(8)
RACE_SCHEMA = {
    "cust_id": pl.Int64(),
    "category_id": pl.Int32(),
    "end_time": pl.Datetime("us", "UTC"),
    "corners": pl.Int64(),
    "incidents": pl.Int32(),
    "change": pl.Float64(),
}


def history(
    iratings: list[int], ratings: list[float], *, source: str = "result", licence: str = "C"
) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    before: tuple[int, float] | None = None
    for number, (irating, rating) in enumerate(zip(iratings, ratings, strict=True)):
        change = {} if before is None or source != "result" else {
            "irating_change": irating - before[0],
            "safety_rating_change": rating - before[1],
        }  # fmt: skip
        rows.append(
            {
                "cust_id": 1,
                "category_id": 5,
                "observed_at": BEGUN + timedelta(days=number),
                "source": source,
                "recorded_category_id": 5,
                "irating": irating,
                "licence_class": licence,
                "safety_rating": rating,
                **change,
            }
        )
        before = irating, rating
    return RATING_HISTORY.frame(rows)


def walk(races: int) -> tuple[list[int], list[float]]:
    return [1500 + 10 * n + (n % 3) * 6 for n in range(races)], [
        2.0 + 0.05 * n for n in range(races)
    ]


def races(count: int, doubling: float) -> pl.DataFrame:
    per_incident = 2.0 ** RNG.uniform(3, 7, count)
    corners = np.full(count, 400)
    incidents = np.maximum(np.round(corners / per_incident), 1)
    change = doubling * (np.log2(corners / incidents) - 5) + RNG.normal(0, 0.01, count)
    return pl.DataFrame(
        {
            "cust_id": 1,
            "category_id": 5,
            "end_time": [BEGUN + timedelta(days=n) for n in range(count)],
            "corners": corners,
            "incidents": incidents,
            "change": change,
        },
        schema_overrides=RACE_SCHEMA,
    )


def test_both_ratings_are_carried_on() -> None:
    table = forecasts(history(*walk(20)))
    irating, safety = (table.filter(rating=name) for name in ("irating", "safety_rating"))

    assert irating["races"].to_list() == safety["races"].to_list() == [5, 10, 20]
    assert (irating["basis"] == "results").all()
    assert irating["race_count"][0] == 19
    assert irating["value"][0] == pytest.approx(irating["present"][0] + 50, abs=8)
    assert ((irating["high"] - irating["low"]).diff().drop_nulls() > 0).all()
    assert (safety["value"] <= 4.99).all()
    assert safety["licence_class"].to_list() == ["C"] * 3


def test_without_results_what_was_seen_is_taken() -> None:
    levels = [level for level in walk(12)[0] for _ in range(2)]  # seen twice each
    table = forecasts(history(levels, [2.5] * 24, source="ibt"))

    assert table["rating"].unique().to_list() == ["irating"]
    assert (table["basis"] == "observations").all()
    assert table["race_count"][0] == 11


def test_a_class_begins_anew() -> None:
    iratings, ratings = walk(20)
    before = history(iratings[:15], ratings[:15], source="chart", licence="D")
    after = history(iratings[:5], [1.0 + 0.1 * n for n in range(5)], source="chart").with_columns(
        observed_at=pl.col("observed_at") + pl.duration(days=30)
    )
    table = forecasts(pl.concat([before, after]))

    assert "safety_rating" not in table["rating"].to_list()  # four changes in the class


def test_few_races_give_no_forecast() -> None:
    assert forecasts(history(*walk(8))).is_empty()
    assert forecasts(RATING_HISTORY.frame()).is_empty()


def test_what_the_next_licence_takes() -> None:
    table = targets(history(*walk(20)), races(30, 0.06))

    assert table["races"].to_list() == [5, 10, 20]
    assert table["target_safety_rating"].to_list() == [4.0] * 3
    assert table["change_per_doubling"][0] == pytest.approx(0.06, abs=0.01)
    assert table["break_even_corners_per_incident"][0] == pytest.approx(32, rel=0.2)
    needed = table["corners_per_incident"].to_list()
    assert needed[1] > needed[2] > 32  # more races, less of a hurry
    output = table["corners_per_incident"].is_not_null()
    assert (output == table["note"].is_null()).all()


def test_what_cannot_be_told_says_why() -> None:
    few = targets(history(*walk(5)), races(4, 0.06))
    odd = targets(history(*walk(20)), races(30, -0.06))

    assert few["corners_per_incident"].null_count() == odd["corners_per_incident"].null_count() == 3
    assert "4 races" in few["note"][0]
    assert "not known" in odd["note"][0]
    none = targets(history(*walk(5)), races(0, 0.06))
    assert none["usual_corners_per_incident"].null_count() == 3


def test_a_rookie_needs_less_and_an_a_licence_has_nothing_to_gain() -> None:
    assert targets(history(*walk(9), licence="R"), races(0, 0.1))["target_safety_rating"][0] == 3.0
    assert targets(history(*walk(9), licence="A"), races(0, 0.1)).is_empty()


def fields(count: int, place: int, rating: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "cust_id": [1] * count,
            "category_id": [5] * count,
            "end_time": [BEGUN + timedelta(days=number) for number in range(count)],
            "place": [place + number % 3 - 1 for number in range(count)],
            "others": [[rating] * 19] * count,
        }
    )


def test_irating_is_forecast_by_places_in_the_fields_of_the_last_races() -> None:
    expected = history(*walk(12))
    estimates = forecasts(expected, fields(12, 5, 1600)).filter(rating="irating").sort("races")

    assert estimates["basis"].unique().to_list() == ["fields"]
    assert estimates["race_count"].unique().to_list() == [12]
    assert estimates["change_per_race"][0] > 0
    # A higher rating expects more: later races add less.
    first, *_, last = estimates.rows(named=True)
    rise = [(row["value"] - row["present"]) / row["races"] for row in (first, last)]
    assert 0 < rise[1] < rise[0] <= first["change_per_race"]
    assert (estimates["low"] < estimates["value"]).all()
    assert (estimates["value"] < estimates["high"]).all()


def test_fields_of_fewer_than_eight_races_forecast_nothing_by_themselves() -> None:
    estimates = forecasts(history(*walk(12)), fields(7, 5, 1600)).filter(rating="irating")

    assert estimates["basis"].unique().to_list() == ["results"]
