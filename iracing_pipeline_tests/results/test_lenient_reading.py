"""Payloads with missing, new and retyped fields load, and say what was odd."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from iracing_pipeline.results.issues import Issues, Problem
from iracing_pipeline.results.laps import read_events, read_laps
from iracing_pipeline.results.ratings import chart_points, member_points, read_career
from iracing_pipeline.results.reference import read_season_weeks, read_seasons, read_tracks
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import read_subsessions
from iracing_pipeline.tables.results import LAP, RESULT, SUBSESSION

ENTRY: dict[str, Any] = {
    "cust_id": 5,
    "display_name": "A Driver",
    "finish_position": 0,
    "starting_position": 2,
    "interval": 0,
    "best_lap_time": 934669,
    "incidents": 4,
    "oldi_rating": 1500,
    "newi_rating": 1530,
    "new_license_level": 18,
    "new_sub_level": 330,
    "reason_out_id": 0,
    "livery": {"car_number": "7"},
}
SUBSESSION_PAYLOAD: dict[str, Any] = {
    "subsession_id": 1000,
    "season_id": 5,
    "season_year": 2026,
    "season_quarter": 1,
    "start_time": "2026-01-02T03:04:05Z",
    "end_time": "2026-01-02T04:04:05Z",
    "track": {"track_id": 3, "track_name": "Okayama", "config_name": "N/A"},
    "weather": {"temp_units": 0, "temp_value": 68, "wind_units": 1, "wind_value": 3},
    "session_results": [
        {"simsession_number": -1, "simsession_type": 4, "results": [ENTRY]},
        {"simsession_number": 0, "simsession_type": 6, "results": [ENTRY]},
    ],
}
CHART_ROW: dict[str, Any] = {
    "group_id": 5,
    "cust_id": 5,
    "lap_number": 1,
    "lap_time": 934669,
    "session_time": 1764020,
    "flags": 4,
    "lap_position": 1,
    "interval": -1500,
    "interval_units": "ms",
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(document: object, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    rows = [prefix] if prefix else []
    children = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for name, value in children:
        rows += paths(value, (*prefix, name))
    return rows


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> Any:
    document = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(paths(document) or [()]))
        if not path:
            return draw(json_values)
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        action = draw(st.sampled_from(["remove", "replace", "add"]))
        if action == "remove":
            del holder[path[-1]]
        elif action == "replace":
            holder[path[-1]] = draw(json_values)
        elif isinstance(holder, dict):
            holder[draw(st.text(max_size=6))] = draw(json_values)
    return document


@settings(max_examples=200, deadline=None)
@given(damaged(SUBSESSION_PAYLOAD))
def test_a_damaged_result_loads_or_says_which_key_is_missing(document: Any) -> None:
    issues = Issues()
    frames = read_subsessions([document], Source.API, issues)
    assert frames.subsession.schema == SUBSESSION.schema
    assert frames.result.schema == RESULT.schema
    for table, frame in ((SUBSESSION, frames.subsession), (RESULT, frames.result)):
        assert frame.select(table.key).null_count().sum_horizontal()[0] == 0
        assert not frame.select(table.key).is_duplicated().any()
    if not frames.subsession.height:
        assert issues.of(Problem.UNUSABLE, Problem.CHANGED, Problem.OUT_OF_BOUNDS)


@settings(max_examples=200, deadline=None)
@given(damaged([CHART_ROW, {**CHART_ROW, "lap_number": 2}]))
def test_damaged_laps_load(rows: Any) -> None:
    issues = Issues()
    laps = read_laps([(1, 0, rows)], Source.API, issues)
    assert laps.schema == LAP.schema
    required = [column.name for column in LAP.columns if column.required]
    assert laps.select(required).null_count().sum_horizontal()[0] == 0
    if laps.height < 2:
        assert issues.counts or rows in ([], None) or len(rows) < 2


@settings(max_examples=150, deadline=None)
@given(json_values)
def test_no_parser_breaks_on_any_json(document: Any) -> None:
    issues = Issues()
    read_events([(1, 0, document)], issues)
    read_tracks(document, issues)
    read_seasons(document, issues)
    read_season_weeks(document, issues)
    read_career(document, issues)
    chart_points([document], issues)
    read_search(document if isinstance(document, list) else [document], Source.SEARCH, issues)


def test_what_is_odd_is_named() -> None:
    document = copy.deepcopy(SUBSESSION_PAYLOAD)
    entry = document["session_results"][1]["results"][0]
    entry["incidents"] = "many"
    entry["brand_new"] = 1
    del entry["interval"]
    document["session_results"] = document["session_results"][1:]
    issues = Issues()
    frames = read_subsessions([document], Source.API, issues)
    message = {(issue.field, issue.problem) for issue in issues.counts}
    assert ("incidents", Problem.CHANGED) in message
    assert ("brand_new", Problem.UNKNOWN) in message
    assert ("interval", Problem.MISSING) in message
    assert "many" not in " ".join(map(str, issues.counts))
    assert frames.result["incidents"][0] is None
    assert frames.result["best_lap_s"][0] == 93.4669


def test_text_numbers_and_whole_floats_are_understood() -> None:
    issues = Issues()
    laps = read_laps(
        [(1, 0, [{**CHART_ROW, "lap_time": "934669", "lap_number": 3.0}])], Source.API, issues
    )
    assert laps["lap_time_s"][0] == 93.4669
    assert laps["lap_number"][0] == 3
    assert not issues.of(Problem.CHANGED)


def test_units_and_sentinels() -> None:
    frames = read_subsessions([SUBSESSION_PAYLOAD], Source.API, Issues())
    subsession = frames.subsession.row(0, named=True)
    assert subsession["air_temp_c"] == 20
    assert subsession["wind_speed_mps"] == 3
    assert subsession["track_config"] is None
    assert subsession["season"] == "2026S1"
    race = frames.result.filter(simsession_number=0).row(0, named=True)
    assert (race["finish_position"], race["starting_position"]) == (1, 3)
    assert (race["licence_class_after"], race["safety_rating_after"]) == ("A", 3.3)
    qualifying = frames.result.filter(simsession_number=-1).row(0, named=True)
    assert qualifying["irating_after"] is None


def test_an_ai_driver_and_a_team_have_their_own_rows() -> None:
    document = copy.deepcopy(SUBSESSION_PAYLOAD)
    team = {**ENTRY, "team_id": -77, "driver_results": [{**ENTRY, "team_id": -77}]}
    del team["cust_id"]
    ai = {**ENTRY, "cust_id": -3, "ai": True, "finish_position": 1}
    document["session_results"][1]["results"] = [team, ai]
    frames = read_subsessions([document], Source.API, Issues())
    race = frames.result.filter(simsession_number=0)
    assert race.select("kind", "group_id", "participant_id").rows() == [
        ("team", -77, -77),
        ("team_driver", -77, 5),
        ("driver", -3, -3),
    ]
    assert frames.member.filter(pl.col("ai"))["cust_id"].to_list() == [-3]


def test_lap_flags_are_named() -> None:
    rows = [{**CHART_ROW, "flags": 1 | 2 | 64 | 65536}, {**CHART_ROW, "lap_number": 2, "flags": 0}]
    laps = read_laps([(1, 0, rows)], Source.API, Issues())
    assert laps["events"].to_list() == [
        ["invalid", "pitted", "car contact", "connection meatball"],
        [],
    ]
    assert laps.select("valid", "incident", "pitted").rows() == [
        (False, True, True),
        (True, False, False),
    ]
    assert laps["interval_s"][0] == 1.5


def test_laps_down_are_not_seconds() -> None:
    row = {**CHART_ROW, "interval": -2, "interval_units": "lap"}
    laps = read_laps([(1, 0, [row])], Source.API, Issues())
    assert laps.select("interval_s", "laps_down").row(0) == (None, 2)


def test_member_points_of_nonsense_are_none() -> None:
    assert member_points("nothing", datetime(2026, 1, 1, tzinfo=UTC), Issues()).is_empty()
