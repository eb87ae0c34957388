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
