"""Compare A with B in blocks of four runs, with an interval that holds at every look.

A block is driven as ABBA or as BAAB, drawn by chance beforehand. Within a block the mean of the
two B runs minus the mean of the two A runs is free of any steady drift (fuel, rubber, a driver who
learns). A drift that bends adds the same to an ABBA block as it takes from a BAAB block. So if A
and B were equal, each block's difference would be as likely positive as negative, whatever the
drift and however laps are distributed. The interval rests on that alone.

**The interval.** Under the hypothesis that B is slower by ``d``, the signs of ``difference - d``
are coin tosses, given their sizes. For a stake ``k`` that depends on sizes alone, the product over
blocks of ``exp(k (difference - d)) / cosh(k (difference - d))`` is then a fair game that starts at
1, and so is the mean of such products over several stakes of both signs. A fair game reaches 20 at
any time with a chance of at most 1 in 20 (Ville's inequality). The interval spans all ``d`` whose
game never reached 20: it is valid at every look. A block can at most double the game, so it takes
seven blocks before anything can be claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.analysis.samples import Floats

Variant = Literal["A", "B"]
FEWEST_BLOCKS = 7
"""Before so many blocks no difference can be claimed, however large."""
_LEVEL = 0.05
_ABBA: tuple[Variant, ...] = ("A", "B", "B", "A")
_BAAB: tuple[Variant, ...] = ("B", "A", "A", "B")
_RUNS = len(_ABBA)
# In units of one over the root mean square of the differences so far.
_STAKES = (0.5, 1.0, 3.0)
_CAMPAIGNS = 2000
_RUNGS = 161


@dataclass(frozen=True, slots=True)
class Comparison:
    """Result of the blocks driven so far.

    Attributes:
        difference_s: Median over blocks of B minus A, in seconds a lap; None without a block.
        low_s: Lower end of the 95 % interval that holds at every look; None for no end yet.
        high_s: Upper end of it; None for no end yet.
        blocks: Complete blocks.
        laps: Laps in them.
        lap_s: Mean lap time of A.
        block_spread_s: Standard deviation of a block's difference; None for fewer than two.
    """

    difference_s: float | None
    low_s: float | None
    high_s: float | None
    blocks: int
    laps: int
    lap_s: float | None
    block_spread_s: float | None

    @property
    def faster(self) -> Variant | None:
        """Which of them is faster; None where the interval holds zero or has no end yet."""
        if self.low_s is not None and self.low_s > 0:
            return "A"
        return "B" if self.high_s is not None and self.high_s < 0 else None


def plan(blocks: int, seed: int) -> list[Variant]:
    """The order of runs: blocks of ABBA or BAAB, drawn with equal chance.

    The same seed gives the same plan, and a longer plan begins like a shorter one.
    """
    tosses = np.random.default_rng(seed).integers(0, 2, blocks)
    return [variant for toss in tosses for variant in (_BAAB if toss else _ABBA)]


def compare(order: Sequence[Variant], runs: Sequence[Floats]) -> Comparison:
    """Compare the variants by the runs driven so far.

    Args:
        order: The plan, by `plan`.
        runs: Clean lap times of each run driven so far, in its order, in seconds. A run without a
            clean lap makes its block incomplete, and the block is left out.

    Raises:
        ValueError: More runs than the plan has.
    """
    if len(runs) > len(order):
        raise ValueError(f"{len(runs)} runs were driven, the plan has {len(order)}")
    complete = [
        (order[start : start + _RUNS], runs[start : start + _RUNS])
        for start in range(0, len(runs) - _RUNS + 1, _RUNS)
        if all(len(run) for run in runs[start : start + _RUNS])
    ]
    differences = np.array([_difference(each, laps) for each, laps in complete])
    times = [
        run for each, laps in complete for name, run in zip(each, laps, strict=True) if name == "A"
    ]
    lap_s = float(np.mean([run.mean() for run in times])) if times else None
    low, high = interval(differences)
    return Comparison(
        float(np.median(differences)) if len(differences) else None,
        low,
        high,
        len(differences),
        sum(len(run) for _, laps in complete for run in laps),
        lap_s,
        float(differences.std(ddof=1)) if len(differences) > 1 else None,
    )


def interval(differences: Floats) -> tuple[float | None, float | None]:
    """Interval at 95 % that holds at every look; None for an end that does not exist yet.

    Args:
        differences: B minus A of each block, in the order driven, in seconds.
    """
    if len(differences) < FEWEST_BLOCKS:
        return None, None
    middle = float(np.median(differences))
    reach = 4.0 * float(np.abs(differences - middle).max()) + 1e-9
    ladder = middle + reach * np.linspace(-1.0, 1.0, _RUNGS)
    inside = np.flatnonzero(~_excluded(differences, ladder))
    if not len(inside):  # blocks that all agree to the last digit
        return middle, middle
    first, last = int(inside[0]), int(inside[-1])
    return (
        _edge(differences, ladder[first - 1], ladder[first]) if first else None,
        _edge(differences, ladder[last + 1], ladder[last]) if last + 1 < len(ladder) else None,
    )


def laps_needed(
    spread_s: float, difference_s: float, laps_a_block: float, *, seed: int = 0
) -> int | None:
    """Laps of a whole experiment that shows ``difference_s`` in four of five cases.

    None where 100 blocks are not enough.

    Args:
        spread_s: Standard deviation of a block's difference, in seconds.
        difference_s: The difference to be seen, in seconds a lap.
        laps_a_block: Laps that a block takes.
        seed: Of the experiments that are simulated.
    """
    drawn = np.random.default_rng(seed).normal(difference_s, spread_s, (_CAMPAIGNS, 100))
    claimed = np.maximum.accumulate(games(drawn) >= np.log(1 / _LEVEL), axis=1)
    enough = np.flatnonzero(claimed.mean(axis=0) >= 0.8)
    return int(np.ceil((enough[0] + 1) * laps_a_block)) if len(enough) else None


def _difference(order: Sequence[Variant], runs: Sequence[Floats]) -> float:
    means = {"A": 0.0, "B": 0.0}
    for variant, run in zip(order, runs, strict=True):
        means[variant] += float(run.mean()) / 2
    return means["B"] - means["A"]


def _excluded(
    differences: Floats, ladder: Floats
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether the game of each ``d`` of the ladder ever reached 20."""
    against = games(differences[None, :] - ladder[:, None])
    return np.asarray(against.max(axis=1) >= np.log(1 / _LEVEL))


def _edge(differences: Floats, outside: float, inside: float) -> float:
    """The end of the interval between two neighbours, on its outer side."""
    for _ in range(3):
        rungs = np.linspace(outside, inside, _RUNGS)
        first = int(np.flatnonzero(~_excluded(differences, rungs))[0])
        outside, inside = float(rungs[max(first - 1, 0)]), float(rungs[first])
    return outside


def games(differences: Floats) -> Floats:
    """Logarithm of the game against ``d = 0`` after each block.

    Args:
        differences: B minus A of each block, of shape (experiments, blocks), as is the result.
    """
    blocks = np.arange(1, differences.shape[1] + 1)
    size = np.sqrt(np.cumsum(differences**2, axis=1) / blocks)
    scaled = differences / np.maximum(size, np.finfo(np.float64).tiny)
    stakes = np.concatenate([_STAKES, np.negative(_STAKES)])
    bets = stakes[:, None, None] * scaled
    # log cosh, without the overflow of cosh
    gains = bets - (np.logaddexp(bets, -bets) - np.log(2.0))
    return np.asarray(np.logaddexp.reduce(np.cumsum(gains, axis=2), axis=0) - np.log(len(stakes)))
