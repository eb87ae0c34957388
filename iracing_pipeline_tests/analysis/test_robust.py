import numpy as np
import pytest

from iracing_pipeline.analysis import robust

RNG = np.random.default_rng(20260307)


def test_one_wild_lap_moves_nothing() -> None:
    laps = 90 + 0.3 * RNG.standard_normal(30)
    wild = laps.copy()
    wild[7] = 140.0
    calm, moved = robust.spread(laps), robust.spread(wild)

    assert calm is not None
    assert moved is not None
    assert moved.value == pytest.approx(calm.value, rel=0.15)
    ages = np.arange(30.0)
    slopes = robust.trend(ages, laps + 0.1 * ages), robust.trend(ages, wild + 0.1 * ages)
    assert slopes[0] is not None
    assert slopes[1] is not None
    assert slopes[1].value == pytest.approx(slopes[0].value, abs=0.01)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_values_give_no_estimate(count: int) -> None:
    values = np.arange(float(count))

    assert robust.spread(values) is None
    assert robust.trend(values, values) is None
    assert robust.middle(values) is None
    assert robust.difference(values, values) is None
    assert robust.regression(values[:, None], values) is None


def test_a_trend_needs_different_places() -> None:
    assert robust.trend(np.ones(9), np.arange(9.0)) is None


def covered(count: int, draws: int = 400) -> dict[str, float]:
    """Return how often the interval of each estimator contains the truth."""
    hits = dict.fromkeys(("spread", "middle", "trend", "difference", "regression"), 0)
    ages = np.arange(float(count))
    half = np.repeat([0.0, 1.0], [count // 2, count - count // 2])
    for _ in range(draws):
        noise = RNG.standard_normal(count)
        estimates = {
            "spread": (robust.spread(noise), 1.0),
            "middle": (robust.middle(noise), 0.0),
            "trend": (robust.trend(ages, noise + 0.2 * ages), 0.2),
            "difference": (robust.difference(noise, 0.5 + RNG.standard_normal(count)), 0.5),
        }
        columns = np.column_stack([ages % (count // 2), half])
        result = robust.regression(columns, noise + columns @ np.array([0.2, -1.0]))
        assert result is not None
        estimates["regression"] = (result[0], 0.2)
        for name, (estimate, true) in estimates.items():
            assert estimate is not None
            hits[name] += estimate.low <= true <= estimate.high
    return {name: hit / draws for name, hit in hits.items()}


@pytest.mark.parametrize("count", [10, 25])
def test_intervals_hold_the_truth_as_often_as_they_say(count: int) -> None:
    shares = covered(count)

    # 95 %, less what 400 draws and small samples allow.
    assert min(shares.values()) > 0.90, shares


def test_a_regression_that_cannot_tell_is_none() -> None:
    ages = np.arange(20.0)

    # Fuel falls as tyres age, lap by lap.
    assert robust.regression(np.column_stack([ages, 40 - 2.5 * ages]), ages) is None
    assert robust.regression(np.column_stack([ages, np.ones(20)]), ages) is None


def test_t_quantiles() -> None:
    for freedom, expected in ((3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042)):
        assert robust.t_quantile(freedom) == pytest.approx(expected, rel=0.01)
