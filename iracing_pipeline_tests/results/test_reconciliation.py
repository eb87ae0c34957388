"""Frames, compared with other parts of the payload."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest

from iracing_pipeline.results.issues import Issues, Problem
from iracing_pipeline.results.laps import read_events, read_laps
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import SubsessionFrames, read_subsessions
from iracing_pipeline_tests.payloads import names, needs_payloads, payload

pytestmark = needs_payloads

RESULTS = names("results_get__")
CHARTS = [
    ("results_lap_chart_data__82263872_0__rows", 0),
    ("results_lap_chart_data__82263872_-1__rows", -1),
]
RACE = "results_get__82263872"


def read(name: str) -> tuple[dict[str, Any], SubsessionFrames]:
    document = payload(name)
    return document, read_subsessions([document], Source.API, Issues())


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_in_a_real_payload_is_unexpected(name: str) -> None:
    issues = Issues()
    read_subsessions([payload(name)], Source.API, issues)
    assert not issues.counts


@pytest.mark.parametrize("name", RESULTS)
def test_every_entry_and_driver_has_its_row(name: str) -> None:
    document, frames = read(name)
    expected = sum(
        1 + len(entry.get("driver_results", []))
        for simsession in document["session_results"]
        for entry in simsession["results"]
    )
    assert frames.result.height == expected
    assert frames.simsession.height == len(document["session_results"])


@pytest.mark.parametrize("name", RESULTS)
def test_cars_stand_in_finishing_order_without_gaps(name: str) -> None:
    _, frames = read(name)
    cars = frames.result.filter(pl.col("kind") != "team_driver")
    for (_,), simsession in cars.group_by("simsession_number"):
        # The 24-hour payload is cut to its first entries, so its order has gaps but no ties.
        order = simsession["finish_position"].drop_nulls().to_list()
        assert order == sorted(set(order))
        assert order[0] == 1 or frames.subsession["max_team_drivers"][0] > 1
        if frames.subsession["max_team_drivers"][0] == 1:
            assert order == list(range(1, len(order) + 1))


@pytest.mark.parametrize("name", RESULTS)
def test_positions_in_class_follow_positions(name: str) -> None:
    _, frames = read(name)
    race = frames.result.filter(
        pl.col("simsession_number") == 0, pl.col("kind") != "team_driver"
    ).sort("finish_position")
    for (_,), car_class in race.group_by("car_class_id", maintain_order=True):
        assert car_class["finish_position_in_class"].is_sorted()


@pytest.mark.parametrize("name", RESULTS)
def test_intervals_grow_with_the_position(name: str) -> None:
    _, frames = read(name)
    race = frames.result.filter(
        pl.col("simsession_number") == 0, pl.col("kind") != "team_driver"
    ).sort("finish_position")
    same_lap = race.filter(pl.col("interval_s").is_not_null())
    assert same_lap["interval_s"].is_sorted()
    assert same_lap["interval_s"][0] == 0 or frames.subsession["max_team_drivers"][0] > 1


@pytest.mark.parametrize("name", RESULTS)
def test_no_sentinel_survives(name: str) -> None:
    _, frames = read(name)
    for frame in (frames.subsession, frames.simsession, frames.result):
        times = frame.select(pl.col("^.*_s$"))
        assert all(column.drop_nulls().ge(0).all() for column in times)
    assert (frames.result["finish_position"].drop_nulls() >= 1).all()
    assert (frames.result["irating_after"].drop_nulls() > 1).all()
    assert frames.result["qualifying_lap_at"].drop_nulls().dt.year().gt(2000).all()


@pytest.mark.parametrize("name", RESULTS)
def test_ratings_change_on_the_main_event_only(name: str) -> None:
    document, frames = read(name)
    elsewhere = frames.result.filter(pl.col("simsession_number") != 0)
    assert elsewhere["irating_after"].null_count() == elsewhere.height
    if not document["official_session"]:
        unchanged = frames.result.drop_nulls("irating_after")
        assert (unchanged["irating_after"] == unchanged["irating_before"]).all()


def test_laps_and_incidents_of_a_team_are_the_sum_of_its_drivers() -> None:
    _, frames = read("results_get__82799850_2026_team_multiclass_cut")
    race = frames.result.filter(pl.col("simsession_number") == 0)
    drivers = (
        race.filter(kind="team_driver")
        .group_by("group_id")
        .agg(pl.col("laps_complete", "incidents").sum())
        .sort("group_id")
    )
    teams = race.filter(kind="team").select(drivers.columns).sort("group_id")
    assert drivers.height > 0
    assert teams.equals(drivers)


def test_a_heat_event_is_keyed_by_type() -> None:
    _, frames = read("results_get__52220090_2022_heat_hosted")
    kinds = dict(frames.simsession.select("simsession_number", "simsession_type").iter_rows())
    assert kinds == {0: 6, -1: 3, -2: 6, -3: 4, -4: 3}
    assert frames.subsession["heat_race"][0]
    assert frames.subsession["season"][0] is None


def test_strength_of_field_and_split_of_the_event() -> None:
    document, frames = read(RACE)
    row = frames.subsession.row(0, named=True)
    assert row["strength_of_field"] == document["event_strength_of_field"]
    strengths = [split["event_strength_of_field"] for split in document["session_splits"]]
    assert row["split"] == 1 + sum(each > row["strength_of_field"] for each in strengths)
    assert row["split_count"] == len(strengths)


@pytest.mark.parametrize(("name", "number"), CHARTS)
def test_laps_reconcile_with_the_result(name: str, number: int) -> None:
    rows = payload(name)
    issues = Issues()
    laps = read_laps([(82263872, number, rows)], Source.API, issues)
    assert not issues.counts
    assert laps.height == len(rows)
    _, frames = read(RACE)
    result = frames.result.filter(simsession_number=number).sort("group_id")
    totals = (
        laps.filter(pl.col("lap_number") > 0)
        .group_by("group_id")
        .agg(
            complete=pl.len(),
            # iRacing's best lap leaves out the first lap and those with an incident.
            best=pl.col("lap_time_s")
            .filter(pl.col("valid") & ~pl.col("incident") & (pl.col("flags") & 8192 == 0))
            .min(),
        )
    )
    both = result.join(totals, on="group_id", how="inner")
    assert both.height > 0
    assert (both["complete"] == both["laps_complete"]).all()
    assert both["best"].drop_nulls().to_list() == both["best_lap_s"].drop_nulls().to_list()


def test_the_average_lap_is_the_mean_of_the_laps() -> None:
    laps = read_laps([(1, 0, payload(CHARTS[0][0]))], Source.API, Issues())
    _, frames = read(RACE)
    means = (
        laps.filter(pl.col("lap_number") > 0)
        .group_by("group_id")
        .agg(mean=pl.col("lap_time_s").mean(), timed=pl.col("lap_time_s").is_not_null().all())
        .filter("timed")
    )
    both = frames.result.filter(simsession_number=0).join(means, on="group_id")
    assert both.height >= 10
    assert ((both["mean"] - both["average_lap_s"]).abs() < 1e-3).all()


def test_intervals_are_differences_of_the_session_clock() -> None:
    laps = read_laps([(1, 0, payload(CHARTS[0][0]))], Source.API, Issues())
    _, frames = read(RACE)
    finish = laps.group_by("group_id").agg(
        pl.col("session_time_s").max(), pl.col("lap_number").max()
    )
    race = frames.result.filter(simsession_number=0).join(finish, on="group_id")
    leader = race.filter(finish_position=1)["session_time_s"][0]
    lead_lap = race.filter(pl.col("interval_s").is_not_null(), pl.col("finished"))
    assert lead_lap.height >= 10
    assert ((lead_lap["session_time_s"] - leader - lead_lap["interval_s"]).abs() < 2e-4).all()


@pytest.mark.parametrize(
    "name",
    [
        *names("results_lap_chart_data__82263872"),
        *names("results_lap_data__4"),
        *names("results_lap_data__8"),
    ],
)
def test_flags_agree_with_the_names_that_iracing_gives(name: str) -> None:
    if name.endswith("header"):
        pytest.skip("a header has no laps")
    rows = payload(name)
    laps = read_laps([(1, 0, rows)], Source.API, Issues())
    by_key = {(row["group_id"], row["lap_number"]): row for row in laps.iter_rows(named=True)}
    for row in rows:
        lap = by_key[row["group_id"], row["lap_number"]]
        assert lap["incident"] == row["incident"]
        assert lap["valid"] == ("invalid" not in row["lap_events"])
        assert lap["pitted"] == ("pitted" in row["lap_events"])
        assert set(row["lap_events"]) <= set(lap["events"])


@pytest.mark.parametrize(
    "name", names("results_event_log__8") + names("results_event_log__43625377_0__rows")
)
def test_every_event_is_read(name: str) -> None:
    rows = payload(name)
    issues = Issues()
    events = read_events([(1, 0, rows)], issues)
    assert not issues.of(Problem.UNKNOWN, Problem.CHANGED, Problem.UNUSABLE)
    assert Counter(events["event_code"]) == Counter(row["event_code"] for row in rows)
    assert events["cust_id"].null_count() == sum(row["cust_id"] == 0 for row in rows)
