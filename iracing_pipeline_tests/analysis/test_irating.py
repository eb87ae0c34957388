"""iRating by the arithmetic, against what iRacing itself changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import irating
from iracing_pipeline.analysis.irating_outcomes import (
    INCOMPLETE,
    NO_ORDER,
    NO_RATING,
    outcomes,
)
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import read_subsessions
from iracing_pipeline.tables.race import IRATING_OUTCOME
from iracing_pipeline.tables.results import RESULT
from iracing_pipeline_tests.payloads import names, needs_payloads, payload

# Ratings are whole numbers on both sides of a change, which itself is not: one point of rounding.
_ROUNDING = 1.0
_WORST = 1.4

SUBSESSION: dict[str, Any] = {
    "subsession_id": 7,
    "source": "api",
    "official": True,
    "event_type": 5,
    "league_id": None,
    "car_count": 4,
}


def _result(place: int, rating: int | None, **fields: object) -> dict[str, object]:
    return {
        "subsession_id": 7,
        "simsession_number": 0,
        "group_id": 100 + place,
        "participant_id": 100 + place,
        "cust_id": 100 + place,
        "source": "api",
        "source_rank": 9,
        "kind": "driver",
        "car_class_id": 1,
        "finish_position_in_class": place,
        "laps_complete": 10,
        "irating_before": rating,
        **fields,
    }


def _race(*rows: dict[str, object]) -> pl.DataFrame:
    return RESULT.frame(rows)


def _of_payload(name: str) -> pl.DataFrame:
    frames = read_subsessions([payload(name)], Source.API, Issues())
    subsession = frames.subsession.row(0, named=True)
    return outcomes(subsession, frames.result, frames.subsession_class)


@needs_payloads
@pytest.mark.parametrize("name", names("results_get__"))
def test_every_official_change_is_reproduced(name: str) -> None:
    rows = _of_payload(name)
    if not payload(name)["official_session"]:
        assert rows.is_empty()
        return
    if rows["note"].is_not_null().all():
        assert "cut" in name
        return
    here = rows.filter("finished_here").drop_nulls("official_change")
    off = (here["irating_change"] - here["official_change"]).abs().to_numpy()
    assert here.height > 0
    assert off.max() <= _WORST
    assert (off <= _ROUNDING).mean() >= 0.85


@needs_payloads
def test_each_place_of_a_class_has_a_row_for_each_driver() -> None:
    rows = _of_payload("results_get__82263872")
    assert rows.height == 30 * 30
    one = rows.filter(cust_id=rows["cust_id"][0]).sort("place_in_class")
    steps = one["irating_change"].diff().drop_nulls()
    assert steps.to_numpy() == pytest.approx(-one["place_value"][0])


def test_entries_without_a_lap_take_what_the_others_leave() -> None:
    ratings = np.array([3100.0, 1200.0, 2400.0, 900.0, 5000.0, 60.0])
    completed = np.array([True, True, True, True, False, False])
    result = irating.changes(ratings, completed)
    assert result.sum() == pytest.approx(0, abs=1e-9)
    expected = irating.expected_scores(ratings)
    assert result[4] / result[5] == pytest.approx(expected[4] / expected[5])


def test_a_class_in_which_all_completed_a_lap_gains_one_point() -> None:
    ratings = np.array([3100.0, 1200.0, 2400.0, 900.0, 5000.0])
    assert irating.changes(ratings, np.ones(5, np.bool_)).sum() == pytest.approx(1.0)


def test_a_place_is_worth_the_same_everywhere_in_the_class() -> None:
    expected = irating.expected_scores(np.array([1500.0, 2500.0, 800.0]))
    first, second = irating.change_at(np.array([1, 2]), expected[0], 3)
    assert first - second == pytest.approx(irating.place_value(3))
    assert irating.place_value(3) == pytest.approx(66.0)


def test_equal_ratings_expect_to_beat_half_the_class() -> None:
    assert irating.expected_scores(np.full(5, 1700.0)) == pytest.approx(np.full(5, 2.0))


def test_a_class_without_a_lap_shares_nothing_beyond_its_places() -> None:
    ratings = np.array([1500.0, 1600.0])
    assert np.isfinite(irating.changes(ratings, np.array([False, False]))).all()
    assert irating.changes(np.empty(0), np.empty(0, np.bool_)).shape == (0,)


def test_a_team_counts_by_the_laps_of_its_drivers() -> None:
    ratings = np.array([3770.0, 2563.0])
    assert irating.team_rating(ratings, np.array([0.0, 10.0])) == pytest.approx(2563.0)
    # Weak drivers weigh more than in a mean of the ratings.
    assert irating.team_rating(ratings, np.array([5.0, 5.0])) < ratings.mean()
    assert irating.driver_shares(np.array([30.0, 10.0])) == pytest.approx([0.75, 0.25])
    assert irating.driver_shares(np.zeros(2)) == pytest.approx([0.5, 0.5])


def test_each_driver_of_a_team_gets_the_share_of_his_laps() -> None:
    rows = []
    for place in (1, 2):
        team = -place
        rows.append(_result(place, None, kind="team", group_id=team, cust_id=None))
        rows += [
            _result(
                place,
                1500 + 100 * each,
                kind="team_driver",
                group_id=team,
                cust_id=10 * place + each,
                participant_id=10 * place + each,
                laps_complete=laps,
            )
            for each, laps in enumerate((8, 2))
        ]
    here = outcomes(SUBSESSION, _race(*rows)).filter("finished_here").sort("cust_id")
    assert here["lap_share"].to_list() == [0.8, 0.2, 0.8, 0.2]
    assert here["irating_change"].sum() == pytest.approx(1.0)
    assert here["entry_count"].to_list() == [2, 2, 2, 2]


def test_a_team_that_never_sent_a_driver_is_not_counted() -> None:
    rows = []
    for place in (1, 2):
        rows.append(_result(place, None, kind="team", group_id=-place, cust_id=None))
        rows.append(_result(place, 1500, kind="team_driver", group_id=-place))
    rows.append(_result(3, None, kind="team", group_id=-3, cust_id=None, laps_complete=0))
    assert outcomes(SUBSESSION, _race(*rows))["entry_count"].unique().to_list() == [2]


@pytest.mark.parametrize(
    "changed",
    [{"official": False}, {"official": None}, {"event_type": 2}, {"league_id": 5}],
)
def test_what_is_not_an_official_race_changes_nothing(changed: dict[str, Any]) -> None:
    rows = _race(_result(1, 1500), _result(2, 1600))
    assert outcomes({**SUBSESSION, **changed}, rows).is_empty()


@pytest.mark.parametrize(
    ("subsession", "second", "note"),
    [
        ({}, {"irating_before": None}, NO_RATING),
        ({}, {"finish_position_in_class": 1}, NO_ORDER),
        ({"source": "search"}, {}, INCOMPLETE),
        ({"source": "ibt", "car_count": 3}, {}, INCOMPLETE),
    ],
)
def test_what_the_result_does_not_support_is_not_said(
    subsession: dict[str, Any], second: dict[str, object], note: str
) -> None:
    race = _race(_result(1, 1500), {**_result(2, 1600), **second})
    rows = outcomes({**SUBSESSION, **subsession}, race)
    assert rows["note"].to_list() == [note, note]
    assert rows["irating_change"].null_count() == rows.height


def test_an_entry_list_gives_what_each_place_would_be_worth() -> None:
    rows = _race(_result(1, 1500), _result(2, 1600))
    before = outcomes({**SUBSESSION, "source": "ibt", "car_count": 2}, rows)
    after = outcomes(SUBSESSION, rows)
    assert before["finished_here"].null_count() == before.height == 4
    assert before["irating_change"].to_list() == after["irating_change"].to_list()


def test_classes_count_by_themselves() -> None:
    race = _race(
        _result(1, 1500),
        _result(2, 1600),
        _result(3, 4000, car_class_id=2, finish_position_in_class=1),
        _result(4, 4100, car_class_id=2, finish_position_in_class=2),
    )
    rows = outcomes(SUBSESSION, race)
    assert rows.schema == IRATING_OUTCOME.schema
    assert rows["entry_count"].unique().to_list() == [2]
    by_class = rows.filter("finished_here").group_by("car_class_id").agg(pl.sum("irating_change"))
    assert by_class["irating_change"].to_numpy() == pytest.approx([1.0, 1.0])
