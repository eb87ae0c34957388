from __future__ import annotations

from itertools import pairwise
from statistics import median

import polars as pl
import pytest

from iracing_pipeline.demo.career import CUST_ID, RACES
from iracing_pipeline.demo.fake_data_api import Career
from iracing_pipeline.demo.fake_data_api.member_documents import search_row
from iracing_pipeline.demo.fake_data_api.race_documents import event_log, lap_chart, result
from iracing_pipeline.demo.plan import Session
from iracing_pipeline.demo.season import race_truths, season
from iracing_pipeline.results.issues import Issues, Problem
from iracing_pipeline.results.laps import read_events, read_laps
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import read_subsessions

CAREER = Career(season_count=3, races_per_season=5)


def test_the_career_is_the_same_every_time() -> None:
    again = Career(season_count=3, races_per_season=5)
    assert again.races == CAREER.races
    assert result(again, again.races[3]) == result(CAREER, CAREER.races[3])


def test_ten_seasons_of_races_with_numbers_of_their_own() -> None:
    career = Career()
    assert len(career.seasons) == 10
    assert len(career.by_id) == len(career.races) == 10 * 13
    assert [race.start for race in career.races] == sorted(race.start for race in career.races)


def test_ratings_carry_on_from_race_to_race() -> None:
    for series in ("Ridge GT3 Sprint", "Late Model Saturday"):
        races = [race for race in Career().races if race.machine.series.name == series]
        assert len(races) > 5
        for before, after in pairwise(races):
            assert after.irating[0] == before.irating[1]
            if after.pinned is None:
                assert after.safety[0] == before.safety[1]
    for race in Career().races:
        if not race.official:
            assert race.irating[0] == race.irating[1]


def test_the_races_of_the_demo_season_are_in_it() -> None:
    for demo in RACES:
        race = Career().by_id[demo.subsession_id]
        assert race.start == demo.start
        assert race.irating == (demo.irating_before, demo.irating_after)
        entry = next(
            each
            for each in result(Career(), race)["session_results"][1]["results"]
            if each["cust_id"] == CUST_ID
        )
        assert entry["finish_position"] == demo.finish_position - 1
        assert entry["starting_position"] == demo.start_position - 1
        assert entry["new_sub_level"] == demo.licence_after.sub_level


def test_sports_cars_were_rated_as_road_before_the_split() -> None:
    categories = {race.category_id for race in Career().races if race.season.year == 2023}
    assert 2 in categories
    assert 5 not in categories


@pytest.mark.parametrize("subsession_id", list(CAREER.by_id))
def test_the_documents_of_a_race_agree(subsession_id: int) -> None:
    race = CAREER.by_id[subsession_id]
    issues = Issues()
    frames = read_subsessions([result(CAREER, race)], Source.API, issues)
    charts = [(race.subsession_id, number, lap_chart(CAREER, race, number)) for number in (0, -1)]
    laps = read_laps(charts, Source.API, issues)
    read_events([(race.subsession_id, 0, event_log(CAREER, race))], issues)
    assert not issues.of(Problem.UNKNOWN, Problem.CHANGED, Problem.UNUSABLE, Problem.REPEATED)
    for number in (0, -1):
        entries = frames.result.filter(simsession_number=number)
        driven = laps.filter(pl.col("lap_number") > 0, simsession_number=number)
        totals = driven.group_by("group_id").agg(
            complete=pl.len(),
            best=pl.col("lap_time_s")
            .filter(~pl.col("incident") & (pl.col("flags") & 8192 == 0))
            .min(),
        )
        both = entries.join(totals, on="group_id")
        assert both.height == race.field
        assert (both["complete"] == both["laps_complete"]).all()
        assert both["best"].to_list() == both["best_lap_s"].to_list()
        assert entries["finish_position"].to_list() == list(range(1, race.field + 1))
    race_rows = frames.result.filter(simsession_number=0)
    assert race_rows["interval_s"].drop_nulls().is_sorted()
    own = race_rows.filter(cust_id=CAREER.cust_id).row(0, named=True)
    assert (own["irating_before"], own["irating_after"]) == race.irating
    assert own["finish_position"] == race.finish
    assert own["starting_position"] == race.grid
    assert own["incidents"] == race.incidents
    found = read_search([search_row(CAREER, race)], Source.SEARCH, issues)
    assert found.result["finish_position"][0] == race.finish
    assert found.subsession["track_name"][0] == frames.subsession["track_name"][0]


@pytest.mark.parametrize("subsession_id", list(race_truths()))
def test_the_member_has_the_laps_that_the_telemetry_shows(subsession_id: int) -> None:
    race, truth = CAREER.by_id[subsession_id], race_truths()[subsession_id]
    driven = {lap.number: lap.lap_time_s for lap in truth.laps if lap.lap_time_s is not None}

    output = {
        row["lap_number"]: row["lap_time"] / 10_000
        for row in lap_chart(CAREER, race, 0)
        if row["cust_id"] == CAREER.cust_id and row["lap_number"] > 0
    }

    assert list(output) == list(range(1, race.laps + 1))
    assert output == pytest.approx({number: driven[number] for number in output}, abs=1e-4)


@pytest.mark.parametrize("subsession_id", list(race_truths()))
def test_the_field_of_a_recorded_race_fits_the_telemetry(subsession_id: int) -> None:
    race, truth = CAREER.by_id[subsession_id], race_truths()[subsession_id]
    plan = next(
        outing.plan
        for outing in season()
        if outing.event.race is race.pinned and outing.plan.session is Session.RACE
    )
    rows = lap_chart(CAREER, race, 0)

    own = [row["lap_position"] for row in rows if row["cust_id"] == CAREER.cust_id]
    assert own == list(plan.positions)

    # In the pits as often as the member, and otherwise of about the same pace.
    pitted = [row for row in rows if "pitted" in row["lap_events"]]
    assert len(pitted) == 2 * len(truth.stops) * race.field
    pace = median(lap.lap_time_s or 0 for lap in truth.laps[2:] if lap.clean)
    laps = [
        row["lap_time"] / 10_000
        for row in rows
        if row["lap_number"] > 1 and not row["incident"] and row not in pitted
    ]
    assert 0.995 < median(laps) / pace < 1.02
    assert min(laps) > 0.9 * pace
