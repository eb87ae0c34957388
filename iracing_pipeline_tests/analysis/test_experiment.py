import numpy as np
import pytest

from benchmarks.experiments import Campaign, claimed_after, drive
from iracing_pipeline.analysis.experiment import (
    FEWEST_BLOCKS,
    compare,
    interval,
    laps_needed,
    plan,
)


def test_a_longer_plan_begins_like_a_shorter_one_and_has_both_kinds_of_block() -> None:
    order = plan(12, 7)

    assert order[:16] == plan(4, 7)
    blocks = {tuple(order[at : at + 4]) for at in range(0, 48, 4)}
    assert blocks == {("A", "B", "B", "A"), ("B", "A", "A", "B")}


def test_a_steady_drift_leaves_no_difference() -> None:
    order = plan(8, 1)
    runs = [np.array([90.0 - 0.2 * run]) for run in range(32)]

    result = compare(order, runs)

    assert result.difference_s == pytest.approx(0.0, abs=1e-9)
    assert (result.blocks, result.laps) == (8, 32)


def test_the_true_difference_lies_within_the_interval_at_every_look() -> None:
    random, missed = np.random.default_rng(3), 0
    campaign = Campaign(0.001, 0.002, 16, 1)
    for _ in range(150):
        order, runs = drive(campaign, random)
        look = compare(order, runs)  # what an earlier look excluded stays excluded
        missed += (look.low_s is not None and look.low_s > 0.09) or (
            look.high_s is not None and look.high_s < 0.09
        )

    assert missed <= 12  # 5 % of 150, and what chance adds


def test_few_null_campaigns_claim_a_difference_and_most_real_ones_do() -> None:
    random = np.random.default_rng(4)
    nothing = Campaign(0.0, 0.0015, 20, 1)
    something = Campaign(0.0015, 0.0015, 20, 1)

    assert sum(compare(*drive(nothing, random)).faster is not None for _ in range(150)) <= 12
    assert sum(compare(*drive(something, random)).faster == "A" for _ in range(60)) >= 45
    assert claimed_after(Campaign(0.0015, 0.0005, 10, 1), random) in {28, 32, 36, 40}


def test_nothing_is_claimed_before_enough_blocks() -> None:
    differences = np.full(FEWEST_BLOCKS, 5.0) + np.arange(FEWEST_BLOCKS) * 0.01

    assert interval(differences[:-1]) == (None, None)
    low, high = interval(differences)
    assert low is None or low > 0
    assert high is None or high > 5


def test_a_run_without_a_clean_lap_leaves_its_block_out() -> None:
    order = plan(2, 1)
    runs = [np.array([90.0])] * 8
    runs[5] = np.array([])

    assert compare(order, runs).blocks == 1


def test_more_runs_than_planned_are_refused() -> None:
    with pytest.raises(ValueError, match="9 runs were driven, the plan has 8"):
        compare(plan(2, 1), [np.array([90.0])] * 9)


def test_smaller_differences_take_more_laps() -> None:
    large, small = (laps_needed(0.135, d, 4) for d in (0.135, 0.1))

    assert large is not None
    assert small is not None
    assert large < small
    assert laps_needed(1.0, 0.01, 4) is None
