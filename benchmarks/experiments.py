"""How often an experiment claims a difference that is not there, and how soon it sees one that is.

    python -m benchmarks.experiments [CAMPAIGNS]

Campaigns are driven in simulated laps of 90 s: noise, a driver who learns, steady drift, and a
slow wave (temperature). Each is looked at after every block; a claim at any look counts.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.experiment import games, interval

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats

LAP_S = 90.0
SEED = 2026


@dataclass(frozen=True, slots=True)
class Campaign:
    """Behaviour of the driver.

    Attributes:
        difference: B minus A, as a share of the lap time.
        spread: Standard deviation of a lap, as a share of the lap time.
        blocks: Blocks until the driver gives up.
        laps: Laps of a run.
    """

    difference: float
    spread: float
    blocks: int
    laps: int


def drive(
    campaign: Campaign, count: int, random: np.random.Generator
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.bool_]], Floats]:
    """Campaigns with learning, drift and a wave of random size.

    Returns:
        Whether each run is of B, of shape (count, runs), and lap times, of shape
        (count, runs, laps of a run).
    """
    tosses = random.integers(0, 2, (count, campaign.blocks)) == 1
    second = np.stack([tosses, ~tosses, ~tosses, tosses], axis=2).reshape(count, -1)
    laps = np.arange(second.shape[1] * campaign.laps)
    sigma, each = campaign.spread * LAP_S, (count, 1)
    times = LAP_S + sigma * random.standard_normal((count, len(laps)))
    times += sigma * random.normal(0, 0.02, each) * laps
    times += sigma * random.exponential(3.0, each) * np.exp(-laps / random.uniform(5, 30, each))
    times += sigma * random.normal(0, 1, each) * np.sin(laps / random.uniform(3, 20, each))
    times = times.reshape(count, -1, campaign.laps)
    return second, times + campaign.difference * LAP_S * second[:, :, None]


def block_differences(
    second: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], times: Floats
) -> Floats:
    """B minus A of each block, of shape (campaigns, blocks)."""
    signed = np.where(second, 0.5, -0.5) * times.mean(axis=2)
    return np.asarray(signed.reshape(len(signed), -1, 4).sum(axis=2))


def first_claims(differences: Floats) -> list[int | None]:
    """Blocks after which a look at each campaign first claims a difference; None for never.

    A claim takes that the game against no difference has reached 20: only those looks are made
    with the interval itself.
    """
    reached = np.maximum.accumulate(games(differences) >= np.log(20.0), axis=1)
    claims: list[int | None] = []
    for own, candidates in zip(differences, reached, strict=True):
        first = next(
            (block for block in (np.flatnonzero(candidates) + 1).tolist() if _claims(own[:block])),
            None,
        )
        claims.append(first)
    return claims


def _claims(differences: Floats) -> bool:
    low, high = interval(differences)
    return (low is not None and low > 0) or (high is not None and high < 0)


def session_claims(campaigns: int, random: np.random.Generator) -> float:
    """Share of pairs of sessions without a difference in which the setup comparison claims one.

    Two sessions of 20 clean laps. Each day has a level of its own, with a standard deviation of a
    quarter of the spread of a lap.
    """
    false = 0
    for _ in range(campaigns):
        days = 0.25 * random.standard_normal(2)
        first, second = (day + random.standard_normal(20) for day in days)
        shown = robust.difference(first, second)
        false += shown is not None and not shown.low <= 0 <= shown.high
    return false / campaigns


def row(campaign: Campaign, campaigns: int) -> str:
    """One line of the table."""
    random = np.random.default_rng(SEED)
    differences = block_differences(*drive(campaign, campaigns, random))
    claims = [each for each in first_claims(differences) if each is not None]
    laps = sorted(4 * campaign.laps * each for each in claims)
    half = int(np.ceil(0.5 * campaigns)) - 1
    most = int(np.ceil(0.8 * campaigns)) - 1
    return (
        f"| {100 * campaign.difference:.2f} % | {100 * campaign.spread:.2f} % | {campaign.laps}"
        f" | {campaign.blocks * 4 * campaign.laps} | {100 * len(laps) / campaigns:.1f} %"
        f" | {laps[half] if len(laps) > half else 'never'}"
        f" | {laps[most] if len(laps) > most else 'never'} |"
    )


def main(campaigns: int) -> None:
    """Print the table."""
    print(f"{campaigns} campaigns without a difference, {campaigns // 10} with one")
    print("| difference | spread | laps a run | laps | claimed | half claim by | 80 % claim by |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for blocks, laps in ((20, 1), (10, 2)):
        print(row(Campaign(0.0, 0.0015, blocks, laps), campaigns))
    for spread, blocks, laps in (
        (0.0015, 20, 1),
        (0.0015, 20, 2),
        (0.003, 75, 1),
        (0.003, 40, 2),
    ):
        print(row(Campaign(0.0015, spread, blocks, laps), campaigns // 10), flush=True)
    share = session_claims(campaigns // 10, np.random.default_rng(SEED))
    print(f"two sessions of 20 laps without a difference, called different: {100 * share:.1f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
