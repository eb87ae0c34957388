import numpy as np
import pytest

from iracing_pipeline.analysis.rating_forecast import (
    change_per_race,
    cleanness,
    corners_per_incident,
    forecast,
)

RNG = np.random.default_rng(8)


def test_a_rating_that_rises() -> None:
    ratings = 1500 + np.cumsum(20 + 5 * RNG.standard_normal(40))
    step = change_per_race(ratings)
    ahead = forecast(ratings, races=(1, 10))

    assert step is not None
    assert step.count == 30
    assert step.low < 20 < step.high
    assert ahead[1].value == pytest.approx(ratings[-1] + 200, abs=40)
    assert ahead[1].high - ahead[1].low > ahead[0].high - ahead[0].low


def test_forecasts_hold_what_comes_as_often_as_they_say() -> None:
    hits = []
    for _ in range(400):
        walk = 1500 + np.cumsum(3 + 60 * RNG.standard_normal(45))
        estimates = forecast(walk[:35], races=(10,))[0]
        hits.append(estimates.low <= walk[44] <= estimates.high)

    assert 0.92 <= np.mean(hits) <= 0.985


def test_a_few_races_say_nothing() -> None:
    assert change_per_race(np.array([1500.0, 1520, 1490])) is None
    assert forecast(np.array([1500.0] * 8)) == []
    assert cleanness(np.full(5, 50.0), np.full(5, 0.1)) is None


def test_corners_per_incident() -> None:
    corners = np.array([200.0, 200.0])

    assert corners_per_incident(corners, np.array([4.0, 0.0])).tolist() == [50.0, 400.0]


def test_how_clean_the_next_races_have_to_be() -> None:
    per_incident = 2 ** RNG.uniform(3, 8, 60)
    changes = 0.08 * (np.log2(per_incident) - 5) + 0.01 * RNG.standard_normal(60)
    changes[7] = np.nan  # promoted: the rating of another class
    changes[9] = -1.9  # disqualified
    result = cleanness(per_incident, changes)

    assert result is not None
    assert result.races == 59
    assert result.break_even == pytest.approx(32, rel=0.05)
    assert result.change_per_doubling.low < 0.08 < result.change_per_doubling.high
    # 0.32 in four races is 0.08 a race: one doubling.
    assert result.needed(0.32, 4) == pytest.approx(64, rel=0.08)
    assert result.needed(0.0, 4) == pytest.approx(result.break_even)
    assert result.needed(3.0, 1) is None


def test_no_relation_no_advice() -> None:
    per_incident = 2 ** RNG.uniform(3, 8, 40)

    assert cleanness(per_incident, 0.1 * RNG.standard_normal(40)) is None
