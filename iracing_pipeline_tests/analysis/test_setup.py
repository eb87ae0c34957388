from typing import Any

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import setup

RNG = np.random.default_rng(3)
BEFORE = {
    "UpdateCount": 4,
    "Chassis": {"LeftFront": {"SpringRate": "120 N/mm", "LastHotPressure": "180 kPa"}, "Fuel": 20},
    "Tires": {"Compound": "soft"},
}
AFTER = {
    "UpdateCount": 9,
    "Chassis": {"LeftFront": {"SpringRate": "130 N/mm", "LastHotPressure": "184 kPa"}, "Fuel": 20},
    "Tires": {"Compound": "hard"},
    "Wing": "3 deg",
}


def driven(pace: float, laps: int = 12, **session: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    row = {"track_id": 1, "car_id": 2, "cust_id": 3, "track_temp_c": 30.0} | session
    times = pace + 0.2 * RNG.standard_normal(laps)
    return row, pl.DataFrame(
        {
            "lap_time_s": times,
            "clean": [True] * laps,
            "track_wetness": [session.get("wetness", 1)] * laps,
            "fuel_start_l": [session.get("fuel", 20.0)] * laps,
        }
    )


def test_what_was_changed_and_by_how_much() -> None:
    changes = setup.difference(BEFORE, AFTER)

    assert changes.rows() == [
        ("Chassis.LeftFront.SpringRate", "120 N/mm", "130 N/mm", 10.0),
        ("Tires.Compound", "soft", "hard", None),
        ("Wing", None, "3 deg", None),
    ]
    assert setup.difference(BEFORE, BEFORE).is_empty()


def test_a_change_that_made_the_car_faster() -> None:
    effect = setup.pace_effect(driven(90.0), driven(89.2))

    assert effect.seconds is not None
    assert effect.seconds.low < -0.8 < effect.seconds.high
    assert effect.told
    assert effect.laps == (12, 12)
    assert effect.spreads_s[0] == pytest.approx(0.2, rel=0.6)


def test_no_difference_is_not_told() -> None:
    assert not setup.pace_effect(driven(90.0), driven(90.02)).told


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"track_id": 9}, "another track"),
        ({"car_id": 9}, "another car"),
        ({"cust_id": 9}, "another driver"),
        ({"track_temp_c": 41.0}, "track +11 °C"),
        ({"track_temp_c": None}, "track temperature unknown"),
        ({"wetness": 4}, "another wetness of the track"),
        ({"fuel": 60.0}, "+40 l of fuel"),
    ],
)
def test_unlike_conditions_are_not_compared(other: dict[str, Any], words: str) -> None:
    effect = setup.pace_effect(driven(90.0), driven(85.0, **other))

    assert effect.seconds is None
    assert not effect.told
    assert effect.against == (words,)
    assert effect.laps == (12, 12)


def test_few_laps_are_not_compared() -> None:
    assert setup.pace_effect(driven(90.0), driven(85.0, laps=3)).seconds is None


def test_a_lap_without_a_time_is_in_no_figure() -> None:
    session, laps = driven(90.0)
    untimed = laps.with_columns(lap_time_s=pl.Series([None, *laps["lap_time_s"][1:]]))
    effect = setup.pace_effect((session, untimed), driven(89.2))

    assert effect.laps == (11, 12)
    assert effect.seconds is not None
    assert -2 < effect.seconds.value < 0


def stay(
    number: int, tree: dict[str, Any], pace: float, laps: int = 12, **values: Any
) -> setup.Stay:
    row, driven_laps = driven(pace, laps, **values)
    return setup.Stay(row | {"session_key": f"s{number}"}, tree, driven_laps)


def test_a_setup_is_its_settings_whatever_is_filled_in() -> None:
    filled = {**BEFORE, "Chassis": {**BEFORE["Chassis"], "Rear": {"FuelLevel": "60 L"}}}  # type: ignore[dict-item]
    less = {**BEFORE, "Chassis": {**BEFORE["Chassis"], "Rear": {"FuelLevel": "20 L"}}}  # type: ignore[dict-item]

    assert setup.digest(filled) == setup.digest(less) == setup.digest({**BEFORE, "UpdateCount": 7})
    assert setup.digest(BEFORE) != setup.digest(AFTER)


def test_each_session_is_compared_with_the_one_before_it_there() -> None:
    table, changes = setup.comparisons(
        [
            stay(1, BEFORE, 90.0),
            stay(2, AFTER, 80.0, track_id=9),
            stay(3, AFTER, 89.2),
            stay(4, AFTER, 89.2, track_temp_c=45.0),
            stay(5, AFTER, 89.2, laps=3, track_temp_c=45.0),
        ]
    )
    rows = {row["session_key"]: row for row in table.rows(named=True)}

    assert [row["previous_session_key"] for row in rows.values()] == [None, None, "s1", "s3", "s4"]
    assert [row["changed_count"] for row in rows.values()] == [None, None, 3, 0, 0]
    assert rows["s1"]["against"] == rows["s2"]["against"] == ["no session before it"]
    assert rows["s3"]["told"]
    assert rows["s3"]["effect_s"] == pytest.approx(-0.8, abs=0.3)
    assert (rows["s3"]["clean_lap_count"], rows["s3"]["previous_clean_lap_count"]) == (12, 12)
    assert rows["s4"]["effect_s"] is None
    assert rows["s4"]["against"] == ["track +15 °C"]
    assert rows["s5"]["against"] == ["12 and 3 clean laps: it takes five of either"]
    assert changes.select("session_key", "setting").rows() == [
        ("s3", "Chassis.LeftFront.SpringRate"),
        ("s3", "Tires.Compound"),
        ("s3", "Wing"),
    ]


def test_a_session_without_car_or_track_is_compared_with_none() -> None:
    table, changes = setup.comparisons(
        [stay(1, BEFORE, 90.0, track_id=None), stay(2, AFTER, 90.0, track_id=None)]
    )

    assert table["previous_session_key"].null_count() == 2
    assert changes.is_empty()
    assert setup.comparisons([])[0].is_empty()
