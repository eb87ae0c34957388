import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import consistency
from iracing_pipeline.demo.plan import Contact
from iracing_pipeline_tests.analysis.simulated import practice

RNG = np.random.default_rng(7)


def laps_of(times: list[float], stint: int = 1, first: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "session_key": "s",
            "stint": stint,
            "lap_number": range(first, first + len(times)),
            "lap_time_s": times,
            "clean": [True] * len(times),
            "track_wetness": [1] * len(times),
        },
        schema_overrides={"lap_time_s": pl.Float64, "clean": pl.Boolean},
    )


def test_pace_that_fades_is_not_unevenness() -> None:
    noise = 0.2 * RNG.standard_normal(20)
    even = consistency.lap_spread(laps_of(list(90 + noise)))
    fading = consistency.lap_spread(laps_of(list(90 + noise + 0.3 * np.arange(20))))

    assert even is not None
    assert fading is not None
    assert even.value == pytest.approx(0.2, rel=0.5)
    assert fading.value == pytest.approx(even.value, rel=0.3)


def test_an_incident_does_not_move_it() -> None:
    calm = practice("formula", laps=8, seed=11)
    hit = practice("formula", laps=8, seed=11, mishaps=(Contact(4, 2),))
    before, after = consistency.lap_spread(calm.laps), consistency.lap_spread(hit.laps)

    assert before is not None
    assert after is not None
    assert after.count == before.count - 1
    assert after.value < 2 * before.value + 0.2
    corners = consistency.corner_spread(hit.corners, hit.laps)
    assert corners.get_column("lap_count").to_list() == [after.count] * 7
    assert corners.get_column("spread_s").max() < 0.3  # type: ignore[operator]


def test_stints_are_compared_with_themselves() -> None:
    fast, slow = 90 + 0.1 * RNG.standard_normal(10), 93 + 0.1 * RNG.standard_normal(10)
    found_laps = consistency.lap_spread(
        pl.concat([laps_of(list(fast)), laps_of(list(slow), 2, 11)])
    )

    assert found_laps is not None
    assert found_laps.count == 20
    assert found_laps.value < 0.3


def test_a_wet_part_is_compared_with_itself() -> None:
    noise = 0.2 * RNG.standard_normal(20)
    laps = laps_of(list(90 + noise + np.repeat([0.0, 8.0], 10))).with_columns(
        track_wetness=pl.Series(np.repeat([1, 5], 10))
    )
    result = consistency.lap_spread(laps)

    assert result is not None
    assert result.value < 0.6


def test_few_laps_say_nothing() -> None:
    assert consistency.lap_spread(laps_of([90.0, 91.0, 90.5])) is None
    assert consistency.lap_spread(laps_of([])) is None
    short = practice("formula")
    spreads = consistency.corner_spread(short.corners, short.laps)
    assert spreads.get_column("spread_s").null_count() == spreads.height == 7
