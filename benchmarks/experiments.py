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

from iracing_pipeline.analysis.experiment import compare, plan

if TYPE_CHECKING:
    from iracing_pipeline.analysis.experiment import Variant
    from iracing_pipeline.analysis.samples import Floats

LAP_S = 90.0
SEED = 2026


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the driver does.

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


def drive(campaign: Campaign, random: np.random.Generator) -> tuple[list[Variant], list[Floats]]:
    """A campaign with learning, drift and a wave of random size."""
    order = plan(campaign.blocks, int(random.integers(1 << 31)))
    laps = np.arange(len(order) * campaign.laps)
    sigma = campaign.spread * LAP_S
    times = LAP_S + sigma * random.standard_normal(len(laps))
    times += sigma * random.normal(0, 0.02) * laps
    times += sigma * random.exponential(3.0) * np.exp(-laps / random.uniform(5, 30))
    times += sigma * random.normal() * np.sin(laps / random.uniform(3, 20))
    times += campaign.difference * LAP_S * np.repeat([each == "B" for each in order], campaign.laps)
    return order, list(times.reshape(len(order), campaign.laps))


def claimed_after(campaign: Campaign, random: np.random.Generator) -> int | None:
    """Laps after which a look first claimed a difference; None for never."""
    order, runs = drive(campaign, random)
    for runs_driven in range(28, len(runs) + 1, 4):
        if compare(order, runs[:runs_driven]).faster is not None:
            return runs_driven * campaign.laps
    return None


def row(campaign: Campaign, campaigns: int) -> str:
    """One line of the table."""
    random = np.random.default_rng(SEED)
    claims = [claimed_after(campaign, random) for _ in range(campaigns)]
    laps = sorted(each for each in claims if each is not None)
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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
