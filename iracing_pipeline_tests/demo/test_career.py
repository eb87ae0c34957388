from __future__ import annotations

from itertools import pairwise

import pytest

from iracing_pipeline.demo.career import CUST_ID, DRIVER_NAME, RACES, Licence
from iracing_pipeline.demo.entrants import entrants, strength_of_field


def test_ratings_run_on_from_race_to_race() -> None:
    for series in {race.series for race in RACES}:
        races = [race for race in RACES if race.series is series]
        assert len(races) == 4
        for race, following in pairwise(races):
            assert race.start < following.start
            assert race.irating_after == following.irating_before
            assert race.licence_after == following.licence_before


def test_races_are_told_apart() -> None:
    assert len({race.subsession_id for race in RACES}) == len(RACES)
    assert list(RACES) == sorted(RACES, key=lambda race: race.start)


@pytest.mark.parametrize("race", RACES, ids=lambda race: str(race.subsession_id))
def test_the_field_of_a_race(race) -> None:  # type: ignore[no-untyped-def]
    field = entrants(race)
    assert len(field) == race.drivers
    assert [e.car_index for e in field] == list(range(1, race.drivers + 1))
    assert len({e.cust_id for e in field}) == len({e.car_number for e in field}) == race.drivers
    (me,) = (e for e in field if e.cust_id == CUST_ID)
    assert (me.name, me.car_index, me.irating) == (
        DRIVER_NAME,
        race.car_index,
        race.irating_before,
    )
    strength = strength_of_field([e.irating for e in field])
    assert strength == pytest.approx(race.strength_of_field, abs=2)


def test_licences_are_written_as_iracing_writes_them() -> None:
    assert Licence(3, 321).text == "C 3.21"
    assert Licence(3, 321).level == 11
    assert Licence(1, 1).text == "R 0.01"
    assert Licence(1, 1).level == 1
    assert Licence(5, 499).level == 20
