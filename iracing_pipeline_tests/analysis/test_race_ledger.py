"""The ledger of a race: it closes, finds what was put in, and says nothing without evidence."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.race_truth import KINDS, NONE, measure, world
from iracing_pipeline.analysis import race_ledger
from iracing_pipeline.analysis.debrief import Scored, debrief
from iracing_pipeline.analysis.race_crossings import Note
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.race import RACE_LEDGER, RACE_PACE, TRAFFIC_EFFECT
from iracing_pipeline.tables.results import LAP, RESULT, SESSION_EVENT
from iracing_pipeline.tables.stints import STINT
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP

PITTED, OFF_TRACK = 2, 4
RNG = np.random.default_rng(16)
NOISE = RNG.normal(0, 0.1, (8, 40)).round(4)


def chart(times: dict[int, list[float]], flags: dict[tuple[int, int], int] | None = None) -> Any:
    """Lap chart of cars that start together: lap times, and flags by car and lap."""
    marks = flags or {}
    rows = []
    for group_id, laps in times.items():
        clock = np.concatenate(([60.0], 60.0 + np.cumsum(laps)))
        rows += [
            {
                "subsession_id": 1,
                "simsession_number": 0,
                "group_id": group_id,
                "lap_number": lap,
                "source": "api",
                "source_rank": 1,
                "session_time_s": round(float(at), 4),
                "flags": marks.get((group_id, lap), 0),
                "events": [],
                "valid": True,
                "pitted": False,
            }
            for lap, at in enumerate(clock)
        ]
    return LAP.frame(rows)


def result(places: dict[int, int], **fields: dict[int, object]) -> pl.DataFrame:
    return RESULT.frame(
        {
            "subsession_id": 1,
            "simsession_number": 0,
            "group_id": group_id,
            "participant_id": group_id,
            "source": "api",
            "source_rank": 1,
            "kind": "driver",
            "car_class_id": 1,
            "finish_position_in_class": place,
            **{name: values[group_id] for name, values in fields.items()},
        }
        for group_id, place in places.items()
    )


def steady(pace: dict[int, float], laps: int = 12) -> dict[int, list[float]]:
    return {
        car: [round(base + 5.0 * (lap == 0) + float(NOISE[car % 8, lap]), 4) for lap in range(laps)]
        for car, base in pace.items()
    }


def ledger(laps: pl.DataFrame, results: pl.DataFrame, **more: Any) -> pl.DataFrame:
    rows = race_ledger.ledger(race_ledger.read_race(laps, results, **more), 1, 0)
    sums = rows.group_by("group_id").agg(pl.sum("seconds"), pl.first("gap_s"))
    for seconds, gap_s in sums.select("seconds", "gap_s").rows():
        assert seconds == pytest.approx(gap_s, abs=1e-6)
    return rows


def cause(rows: pl.DataFrame, group_id: int, name: str) -> dict[str, Any] | None:
    found = rows.filter(group_id=group_id, cause=name)
    return found.row(0, named=True) if found.height else None


THREE = {1: 80.0, 2: 80.5, 3: 81.0}
PLACES = {1: 1, 2: 2, 3: 3}


def test_the_causes_add_up_to_the_gap_on_the_clock() -> None:
    times = steady(THREE)
    times[3][5] += 9.0
    rows = ledger(chart(times, {(3, 6): OFF_TRACK}), result(PLACES))

    assert rows.schema == RACE_LEDGER.schema
    assert rows["against_group_id"].unique().to_list() == [1]
    mistakes = cause(rows, 3, "mistakes")
    assert mistakes is not None
    assert mistakes["low_s"] < 9.0 < mistakes["high_s"]
    assert mistakes["supported"]
    (item,) = json.loads(mistakes["evidence"])["items"]
    assert item["laps"] == [6]
    assert item["why"] == "off track"
    assert cause(rows, 3, "stops") is None  # nobody stopped
    assert cause(rows, 2, "mistakes") is None
    pace = cause(rows, 2, "pace")
    assert pace is not None
    assert pace["low_s"] < 0.5 * 11 < pace["high_s"]


def test_a_slow_lap_without_evidence_is_unexplained() -> None:
    times = steady(THREE)
    times[3][5] += 9.0
    rows = ledger(chart(times), result(PLACES))

    assert cause(rows, 3, "mistakes") is None
    left = cause(rows, 3, "unexplained")
    assert left is not None
    assert left["seconds"] == pytest.approx(9.0, abs=0.5)
    assert left["share"] == pytest.approx(left["seconds"] / left["gap_s"])


def test_telemetry_names_the_mistake_and_its_corner() -> None:
    times = steady(THREE)
    times[3][5] += 9.0
    notes = {3: {6: Note(("stopped",), corner=7, corner_loss_s=8.7, corner_error_s=0.1)}}
    rows = ledger(chart(times), result(PLACES), notes=notes)

    mistakes = cause(rows, 3, "mistakes")
    assert mistakes is not None
    (item,) = json.loads(mistakes["evidence"])["items"]
    assert (item["why"], item["corner"]) == ("stopped", 7)


def test_a_mistake_on_the_lap_into_the_pits_is_no_part_of_the_stop() -> None:
    times = steady(THREE)
    times[3][5] += 15.0
    times[3][6] += 20.0
    flags = {(3, 6): PITTED, (3, 7): PITTED}
    notes = {3: {6: Note(("off track",), corner=4, corner_loss_s=10.0, corner_error_s=0.2)}}
    rows = ledger(chart(times, flags), result(PLACES), notes=notes)

    stops, mistakes = cause(rows, 3, "stops"), cause(rows, 3, "mistakes")
    assert stops is not None
    assert mistakes is not None
    assert stops["seconds"] == pytest.approx(25.0, abs=0.8)
    assert mistakes["seconds"] == pytest.approx(10.0)


def test_each_stop_is_an_item() -> None:
    times = steady({1: 80.0, 2: 80.2}, laps=20)
    for lap in (6, 13):
        times[2][lap] += 12.0
        times[2][lap + 1] += 18.0
    flags = {(2, lap + 1): PITTED for lap in (6, 13)}  # the chart marks the lap in alone
    rows = ledger(chart(times, flags), result({1: 1, 2: 2}))

    stops = cause(rows, 2, "stops")
    assert stops is not None
    items = json.loads(stops["evidence"])["items"]
    assert [item["laps"] for item in items] == [[7, 8], [14, 15]]
    for item in items:
        assert item["low_s"] < 30.0 < item["high_s"]


def test_a_stint_that_fades() -> None:
    times = steady({1: 80.0, 2: 80.0}, laps=30)
    times[2] = [lap_s + 0.08 * lap for lap, lap_s in enumerate(times[2])]
    rows = ledger(chart(times), result({1: 1, 2: 2}))

    fade = cause(rows, 2, "fade")
    assert fade is not None
    assert fade["low_s"] < 0.08 * sum(range(1, 30)) < fade["high_s"]
    assert fade["supported"]


def test_missing_laps_are_named_and_the_ledger_still_closes() -> None:
    laps = chart(steady(THREE)).filter(
        ~((pl.col("group_id") == 2) & pl.col("lap_number").is_in([5, 6]))
    )
    rows = ledger(laps, result(PLACES))

    left = cause(rows, 2, "unexplained")
    assert left is not None
    assert "2 laps missing from the chart" in left["evidence"]


def test_a_car_without_its_first_lap_has_no_start() -> None:
    laps = chart(steady(THREE)).filter(~((pl.col("group_id") == 2) & (pl.col("lap_number") < 2)))
    rows = ledger(laps, result(PLACES))

    assert cause(rows, 2, "start") is None
    assert cause(rows, 3, "start") is not None


def test_a_car_without_a_lap_has_no_ledger() -> None:
    laps = chart({**steady({1: 80.0, 2: 80.5}), 3: []})
    rows = ledger(laps, result(PLACES))

    assert sorted(rows["group_id"].unique().to_list()) == [1, 2]


def test_two_cars_at_one_place_are_ordered_by_the_clock() -> None:
    rows = ledger(chart(steady({7: 80.4, 4: 80.0, 5: 81.0})), result({7: 1, 4: 1, 5: 3}))

    assert rows["against_group_id"].unique().to_list() == [4]


def test_classes_are_compared_with_their_own_winners_also_when_lapped() -> None:
    times = steady({1: 80.0, 2: 80.5}) | steady({3: 96.0, 4: 97.0}, laps=10)
    classes: dict[int, object] = {1: 1, 2: 1, 3: 2, 4: 2}
    results = result({1: 1, 2: 2, 3: 1, 4: 2}).with_columns(
        car_class_id=pl.col("group_id").replace_strict(classes, return_dtype=pl.Int32)
    )
    rows = ledger(chart(times), results)

    against = dict(rows.select("group_id", "against_group_id").unique().rows())
    assert against == {1: 1, 2: 1, 3: 3, 4: 3}


def test_a_lapped_car_is_compared_at_the_last_common_lap() -> None:
    times = steady(THREE)
    times[3] = times[3][:9]
    complete: dict[int, object] = {1: 12, 2: 12, 3: 9}
    rows = ledger(chart(times), result(PLACES, laps_complete=complete))

    start = cause(rows, 3, "start")
    assert start is not None
    assert (start["lap_number"], start["laps_down"]) == (9, 3)


def test_the_heats_of_one_evening_are_races_of_their_own() -> None:
    rows = race_ledger.ledger(race_ledger.read_race(chart(steady(THREE)), result(PLACES)), 1, -2)

    assert rows["simsession_number"].unique().to_list() == [-2]


def test_a_caution_of_the_log_is_a_cause() -> None:
    times = steady({car: 80.0 + 0.3 * car for car in range(1, 6)})
    for laps in times.values():
        laps[5] += 30.0
        laps[6] += 40.0
    log = SESSION_EVENT.frame(
        [
            {
                "subsession_id": 1,
                "simsession_number": 0,
                "event_seq": 1,
                "session_time_s": 60.0 + sum(times[1][:5]) + 3.0,
                "event_code": 6,
            }
        ]
    )
    places = {car: car for car in times}
    rows = ledger(chart(times), result(places), events=log)
    cautions = cause(rows, 4, "cautions")
    assert cautions is not None
    assert cautions["own_s"] == pytest.approx(70.0, abs=1.5)
    assert not cautions["supported"]  # all lost the same


def test_a_red_flag_that_no_log_names_is_not_called_anything() -> None:
    times = steady({car: 80.0 + 0.3 * car for car in range(1, 6)})
    for laps in times.values():
        laps[5] += 900.0
    rows = ledger(chart(times), result({car: car for car in times}))

    assert cause(rows, 4, "cautions") is None
    assert cause(rows, 4, "mistakes") is None
    left = cause(rows, 4, "unexplained")
    assert left is not None
    assert "the whole field was slow" in left["evidence"]


def test_a_race_of_one_lap_is_its_start() -> None:
    rows = ledger(chart(steady(THREE, laps=1)), result(PLACES))

    of_car = rows.filter(group_id=3)
    assert of_car.filter(cause="start")["seconds"][0] == of_car["gap_s"][0]
    assert set(of_car["cause"]) == {"start", "unexplained"}
    assert of_car.filter(cause="unexplained")["seconds"][0] == 0


def test_a_result_that_contradicts_the_laps_is_named() -> None:
    gaps: dict[int, object] = {1: 0.0, 2: 99.0, 3: 12.0}
    rows = ledger(chart(steady(THREE)), result(PLACES, class_interval_s=gaps))

    left = cause(rows, 2, "unexplained")
    assert left is not None
    assert "the result says 99.000 s" in left["evidence"]


def test_a_clock_that_runs_backwards_is_left_out() -> None:
    laps = chart(steady(THREE)).with_columns(
        session_time_s=pl.when((pl.col("group_id") == 2) & (pl.col("lap_number") == 4))
        .then(9_999.0)
        .otherwise("session_time_s")
    )
    rows = ledger(laps, result(PLACES))

    left = cause(rows, 2, "unexplained")
    assert left is not None
    assert "1 laps missing" in left["evidence"]


def test_nothing_is_no_ledger() -> None:
    race = race_ledger.read_race(LAP.frame(), RESULT.frame(), SESSION_EVENT.frame())

    assert race_ledger.ledger(race, 1, 0).is_empty()
    assert race_ledger.race_paces(race, 1, 0).schema == RACE_PACE.schema
    assert race_ledger.traffic_effects(race, 1, 0).schema == TRAFFIC_EFFECT.schema


def test_a_finding_is_priced_in_places_and_irating() -> None:
    times = steady({1: 80.0, 2: 80.1, 3: 80.2, 4: 80.3})
    times[1][5] += 12.0
    race = race_ledger.read_race(
        chart(times, {(1, 6): OFF_TRACK}), result({2: 1, 3: 2, 4: 3, 1: 4})
    )
    findings = debrief(
        TELEMETRY_LAP.frame(), LAP_CORNER.frame(), STINT.frame(), scored=Scored(race, 1, 49.5)
    )

    (finding,) = findings.findings
    assert finding.kind == "mistake"
    assert finding.places == 3
    assert finding.irating == pytest.approx(148.5)
    assert finding.low_s is not None
    assert finding.low_s < 12.0


def test_a_race_in_which_nothing_went_wrong_still_has_a_finding() -> None:
    race = race_ledger.read_race(chart(steady(THREE)), result(PLACES))
    findings = debrief(
        TELEMETRY_LAP.frame(), LAP_CORNER.frame(), STINT.frame(), scored=Scored(race, 3)
    )

    (finding,) = findings.findings
    assert finding.cause == "pace"
    assert "on the winner" in finding.text


def test_simulated_races_close_and_intervals_hold() -> None:
    found = measure(12)

    assert found["worst"] < 1e-6
    assert np.median(found["shares"]) < 0.1
    for kind in KINDS:
        count = found["effects"][kind]
        if kind == NONE:
            assert count["given"] / count["cars"] < 0.1
        else:
            assert count["inside"] / count["effects"] > 0.8


def test_what_was_put_in_is_what_the_world_says() -> None:
    made = world("mistakes", 3)

    assert any(truth.get("mistakes") == 12.0 for truth in made.truth.values())
