"""Which length and which corners of a track are believed."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.track_evidence import (
    Lengths,
    Measurement,
    agreement,
    corners_are_believed,
    is_believed,
    lengths,
)
from iracing_pipeline.demo.plan import Plan, Session
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline_tests.analysis.simulated import PAIRS

FOUR = (0.1, 0.35, 0.6, 0.85)
MANY = tuple(np.linspace(0.02, 0.98, 30))


def of(key: str, length: float = 1_600.0, witnesses: int = 3, **more: object) -> Measurement:
    return Measurement(key, length, witnesses, **more)  # type: ignore[arg-type]


def test_four_sources_of_a_recording_agree() -> None:
    car, circuit = PAIRS["formula"]
    plan = Plan(Session.PRACTICE, laps=2, fuel_l=6.0, experience_laps=80)
    records, _ = simulate_session(car, circuit, plan, 4)
    measured_lengths = lengths(records, Samples.of(records), None)

    assert measured_lengths.believed is not None
    length, witnesses = measured_lengths.believed
    assert length == measured_lengths.lap_dist_m
    assert witnesses == 2
    assert measured_lengths.driven_m == pytest.approx(length, rel=0.03)
    assert measured_lengths.path_m == pytest.approx(length, rel=0.03)


@pytest.mark.parametrize(
    ("found", "believed"),
    [
        (Lengths(1_600.0, 1_640.0, 1_630.0, 90_000.0), (1_600.0, 2)),
        (Lengths(90_000.0, 1_640.0, 1_630.0, 1_600.0), (1_600.0, 2)),
        (Lengths(90_000.0, 1_640.0, 1_630.0, 90_000.0), (1_630.0, 1)),
        (Lengths(90_000.0, 1_640.0, None, 90_000.0), (90_000.0, 0)),
        (Lengths(None, 1_640.0, None, 90_000.0), (1_640.0, 0)),
        (Lengths(1_600.0, None, None, None), (1_600.0, 0)),
        (Lengths(), None),
    ],
)
def test_the_length_is_what_most_sources_agree_on(
    found: Lengths, believed: tuple[float, int] | None
) -> None:
    assert found.believed == believed


def test_a_grid_is_replaced_when_more_sessions_contradict_it() -> None:
    false = of("false", 90_000.0)
    assert not is_believed(of("a"), false, [false])
    assert is_believed(of("b"), false, [false, of("a")])
    assert not is_believed(of("b"), false, [false, of("other false", 90_000.0), of("a")])


def test_one_recording_with_more_sources_is_believed_rather_than_one_with_fewer() -> None:
    assert is_believed(of("a", witnesses=3), of("false", 90_000.0, 1), [])
    assert not is_believed(of("a", witnesses=1), of("kept", 1_700.0, 3), [])
    assert not is_believed(of("a", witnesses=0), of("kept", 1_700.0, 1), [])


def test_a_track_elsewhere_is_another_track() -> None:
    here, there = of("a", place=(52.0, -1.0)), of("b", place=(40.0, -86.0))

    assert not here.same_lap(there)
    assert here.same_lap(of("c", place=(52.001, -1.001)))


def test_corners_are_replaced_when_more_sessions_agree_on_others() -> None:
    kept = of("kept", apexes=MANY)
    genuine = [of(key, apexes=FOUR) for key in "abc"]

    assert not corners_are_believed(genuine[0], kept, [kept])
    assert corners_are_believed(genuine[2], kept, [kept, *genuine[:2]])


def test_whatever_the_order_the_majority_is_kept_in_the_end() -> None:
    sessions = [of("false", 90_000.0), *(of(key) for key in "abc")]
    for order in permutations(sessions):
        kept, seen = order[0], [order[0]]
        for each in order[1:]:
            if is_believed(each, kept, seen):
                kept = each
            seen.append(each)
        assert kept.length_m == 1_600.0


def test_maps_agree_by_the_places_of_their_corners() -> None:
    assert agreement(FOUR, FOUR) == 1.0
    assert agreement(FOUR, tuple(each + 0.01 for each in FOUR)) == 1.0
    assert agreement(FOUR, MANY) < 0.3
    assert agreement((0.999,), (0.001,)) == 1.0
    assert agreement((), ()) == 1.0
    assert agreement((), FOUR) == 0.0
