from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from iracing_pipeline.results import reference
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.ratings import (
    chart_points,
    member_points,
    read_career,
    read_member,
    read_yearly,
    result_points,
    stitch_road,
    telemetry_points,
)
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import read_subsessions
from iracing_pipeline.tables.ratings import RATING_HISTORY
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline_tests.payloads import needs_payloads, payload

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
READERS: list[tuple[str, Callable[[object, Issues], pl.DataFrame], str | None]] = [
    ("track_get", reference.read_tracks, None),
    ("car_get", reference.read_cars, None),
    ("carclass_get", reference.read_car_classes, None),
    ("series_get", reference.read_series, None),
    ("season_list", reference.read_seasons, "seasons"),
    ("series_seasons", reference.read_seasons, None),
    ("series_past_seasons", reference.read_series, None),
    ("constants_categories", reference.read_categories, None),
    ("constants_event_types", reference.read_event_types, None),
    ("stats_member_career", read_career, "stats"),
    ("stats_member_yearly", read_yearly, "stats"),
    ("member_info", read_member, None),
    ("member_get_with_licenses", read_member, "members"),
]


@needs_payloads
@pytest.mark.parametrize(("name", "read", "rows"), READERS)
def test_a_real_payload_loads_whole(
    name: str, read: Callable[[object, Issues], pl.DataFrame], rows: str | None
) -> None:
    document = payload(name)
    issues = Issues()
    frame = read(document, issues)
    assert not issues.counts
    listed = document[rows] if rows else document
    single = isinstance(listed, dict)
    assert frame.height == (1 if single else len(listed))


@needs_payloads
def test_units_of_tracks_and_cars() -> None:
    tracks = reference.read_tracks(payload("track_get"), Issues())
    lime_rock = tracks.filter(track_id=1).row(0, named=True)
    assert lime_rock["length_m"] == pytest.approx(1.53 * 1609.344)
    assert lime_rock["pit_speed_limit_mps"] == pytest.approx(45 * 0.44704)
    cars = reference.read_cars(payload("car_get"), Issues())
    skip_barber = cars.filter(car_id=1).row(0, named=True)
    assert skip_barber["mass_kg"] == pytest.approx(567, abs=0.1)
    assert skip_barber["power_w"] == pytest.approx(98_432, abs=1)
    assert "openwheel" in skip_barber["car_types"]


@needs_payloads
def test_schedules_and_past_weeks_load() -> None:
    issues = Issues()
    for name in ("series_season_schedule", "series_seasons", "series_past_seasons"):
        weeks = reference.read_season_weeks(payload(name), issues)
        assert weeks.height > 0
        assert weeks["track_id"].null_count() == 0
    assert not issues.counts
    schedule = reference.read_season_weeks(payload("series_season_schedule"), issues)
    assert schedule["race_time_limit_s"][0] == 45 * 60


@needs_payloads
def test_licences_and_divisions() -> None:
    levels = reference.read_licence_levels(payload("lookup_licenses"), Issues())
    assert levels.height == 28
    assert levels["licence_class"].unique(maintain_order=True).to_list() == list("RDCBAPW")
    divisions = reference.read_divisions(payload("constants_divisions"), Issues())
    assert divisions["division"].to_list() == list(range(11))


@needs_payloads
def test_charts_of_irating_and_licence_make_one_history() -> None:
    irating, licence = payload("member_chart_data__irating"), payload("member_chart_data__sr")
    issues = Issues()
    points = chart_points([irating, licence], issues)
    assert not issues.counts
    dates = {
        (chart["cust_id"], each["when"]) for chart in (irating, licence) for each in chart["data"]
    }
    assert points.height == len(dates)
    decoded = points.filter(pl.col("observed_at") == datetime(2015, 10, 20, tzinfo=UTC))
    assert decoded.select("licence_class", "safety_rating").row(0) == ("D", 2.66)
    assert points["irating"].drop_nulls().len() == len({each["when"] for each in irating["data"]})


@needs_payloads
@pytest.mark.parametrize("name", ["member_info", "member_get_with_licenses"])
def test_present_ratings(name: str) -> None:
    issues = Issues()
    points = member_points(payload(name), NOON, issues)
    assert not issues.counts
    assert points["category_id"].to_list() == [1, 5, 6, 3, 4]
    assert set(points["observed_at"]) == {NOON}
    assert points["cpi"].null_count() == 0


@needs_payloads
def test_races_give_points_with_their_change() -> None:
    document = payload("results_get__82263872")
    frames = read_subsessions([document], Source.API, Issues())
    entry = document["session_results"][-1]["results"][3]
    points = result_points(frames.result, frames.subsession, entry["cust_id"])
    row = points.row(0, named=True)
    assert points.height == 1
    assert row["irating"] == entry["newi_rating"]
    assert row["irating_change"] == entry["newi_rating"] - entry["oldi_rating"]
    assert row["subsession_id"] == 82263872
    assert row["cpi"] == entry["new_cpi"]


@needs_payloads
@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("results_search_series__rows_no_cust", 0),
        ("results_search_series__rows_with_cust.SYNTHETIC", 1),
        ("results_search_hosted__rows", 0),
    ],
)
def test_search_rows_load(name: str, own: int) -> None:
    rows = payload(name)
    issues = Issues()
    frames = read_search(rows, Source.SEARCH, issues)
    assert not issues.counts
    assert frames.subsession.height == len(rows)
    assert frames.result.height == own


@needs_payloads
def test_season_results_load_as_search_rows() -> None:
    document = payload("results_season_results")
    issues = Issues()
    frames = read_search(document["results_list"], Source.SEARCH, issues)
    assert frames.subsession.height == len(document["results_list"])
    assert not issues.counts


@needs_payloads
def test_a_search_row_agrees_with_the_result_it_announces() -> None:
    result = read_search(
        payload("results_search_series__rows_with_cust.SYNTHETIC"), Source.SEARCH, Issues()
    )
    full = read_subsessions([payload("results_get__82263872")], Source.API, Issues())
    own = result.result.row(0, named=True)
    assert own["finish_position"] == 1
    for name in ("strength_of_field", "start_time", "season", "driver_count", "best_lap_s"):
        assert result.subsession[name][0] == full.subsession[name][0]


def point(category: int, day: int, irating: int) -> dict[str, object]:
    return {
        "cust_id": 1,
        "category_id": category,
        "recorded_category_id": category,
        "observed_at": datetime(2024, 3, day, tzinfo=UTC),
        "source": "chart",
        "irating": irating,
    }


def test_road_history_leads_into_both_of_its_successors() -> None:
    points = RATING_HISTORY.frame(
        [
            point(2, 1, 1500),
            point(2, 8, 1600),
            point(2, 20, 1650),
            point(5, 15, 1610),
            point(1, 1, 900),
        ]
    )
    stitched = stitch_road(points)
    sports = stitched.filter(category_id=5).sort("observed_at")
    assert sports["irating"].to_list() == [1500, 1600, 1610]
    assert sports["recorded_category_id"].to_list() == [2, 2, 5]
    # Never rated in formula cars: no line of its own to lead into.
    assert stitched.filter(category_id=6).is_empty()
    assert stitched.filter(category_id=2).height == 3


def test_offline_sessions_give_no_points() -> None:
    session = {
        "session_key": "a",
        "file_name": "a.ibt",
        "start_time": NOON,
        "cust_id": 1,
        "category": "SportsCar",
        "irating": 1800,
        "licence_class": "B",
        "safety_rating": 3.2,
    }
    frame = pl.concat(
        [
            TELEMETRY_SESSION.frame([session]),
            TELEMETRY_SESSION.frame([{**session, "session_key": "b", "subsession_id": 5}]),
        ]
    )
    points = telemetry_points(frame)
    assert points.select("category_id", "irating", "source").rows() == [(5, 1800, "ibt")]
