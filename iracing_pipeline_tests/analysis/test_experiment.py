from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.experiments import Campaign, block_differences, drive, first_claims, session_claims
from iracing_pipeline.analysis.experiment import (
    FEWEST_BLOCKS,
    compare,
    interval,
    laps_needed,
    plan,
)

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats


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


def campaigns(campaign: Campaign, count: int, seed: int) -> Floats:
    return block_differences(*drive(campaign, count, np.random.default_rng(seed)))


def test_the_true_difference_lies_within_the_interval_at_every_look() -> None:
    missed = 0
    for differences in campaigns(Campaign(0.001, 0.002, 16, 1), 150, 3):
        low, high = interval(differences)  # what an earlier look excluded stays excluded
        missed += (low is not None and low > 0.09) or (high is not None and high < 0.09)

    assert missed <= 12  # 5 % of 150, and what chance adds


def test_few_null_campaigns_claim_a_difference_and_most_real_ones_do() -> None:
    nothing = first_claims(campaigns(Campaign(0.0, 0.0015, 20, 1), 400, 4))
    something = first_claims(campaigns(Campaign(0.0015, 0.0015, 20, 1), 100, 4))

    assert sum(claim is not None for claim in nothing) <= 29  # 5 % of 400, and what chance adds
    assert sum(claim is not None for claim in something) >= 75
    soon = first_claims(campaigns(Campaign(0.0015, 0.0005, 10, 1), 1, 4))
    assert soon[0] in {7, 8, 9, 10}


def test_two_sessions_tell_apart_what_is_the_same_more_often_than_an_experiment() -> None:
    assert session_claims(400, np.random.default_rng(5)) > 0.05


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
