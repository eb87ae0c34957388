"""Fuel per lap of this race and fuel to the flag, in litres, each with its 95 % interval.

Before the race, earlier sessions say what a lap burns and how much that differs from session to
session and from lap to lap. Each clean lap of the race then counts by its own scatter, so the
interval narrows as the race goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.fuel import CLEAN, FEWEST_LAPS
from iracing_pipeline.analysis.robust import t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from iracing_pipeline.analysis.samples import Floats

FEWEST_SESSIONS = 3
"""Sessions below which nobody knows how much sessions differ."""
_MOST_FREEDOM = 30.0
_LEAST_SPREAD = 0.002  # of what a lap burns
_OUTLIER = 4.0  # robust standard deviations
_LEAST_SCATTER = 0.01  # of what a lap burns: less is no reason to leave a lap out
_MAD_TO_SIGMA = 1.482602
_FEWEST_TO_JUDGE = 5
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class FuelPrior:
    """Fuel per lap in earlier sessions of a car on a track.

    Attributes:
        per_lap_l: Mean of the sessions' means.
        between_l: Standard deviation from session to session.
        lap_spread_l: Standard deviation from lap to lap within a session.
        sessions: Sessions behind these.
        laps: Laps behind these.
    """

    per_lap_l: float
    between_l: float
    lap_spread_l: float
    sessions: int
    laps: int


@dataclass(frozen=True, slots=True)
class PerLap:
    """Fuel per lap of this race.

    Attributes:
        mean_l: The estimate.
        error_l: Its standard error.
        lap_spread_l: Standard deviation of a lap.
        freedom: Degrees of freedom of the errors.
        laps: Clean laps of this race behind it.
        sessions: Earlier sessions behind it.
    """

    mean_l: float
    error_l: float
    lap_spread_l: float
    freedom: float
    laps: int
    sessions: int

    def quantile(self, share: float) -> float:
        """Litres below which this share of the next laps stays."""
        return self.mean_l + NormalDist().inv_cdf(share) * float(
            np.hypot(self.error_l, self.lap_spread_l)
        )


@dataclass(frozen=True, slots=True)
class Litres:
    """A number of litres with its 95 % interval."""

    value: float
    low: float
    high: float


def fuel_prior(fuel: pl.DataFrame) -> FuelPrior | None:
    """Fuel per clean dry lap; None for fewer than three sessions with three such laps.

    Args:
        fuel: ``session_key``, ``condition`` and ``fuel_used_l`` of rows of ``racing.fuel_lap`` of
            one car on one track.
    """
    clean = fuel.filter(condition=CLEAN).drop_nulls("fuel_used_l")
    means, squares, counts = [], 0.0, []
    for _, part in clean.group_by("session_key"):
        used = _inliers(part.get_column("fuel_used_l").to_numpy().astype(np.float64))
        if len(used) < FEWEST_LAPS:
            continue
        means.append(float(used.mean()))
        counts.append(len(used))
        squares += float(((used - used.mean()) ** 2).sum())
    if len(means) < FEWEST_SESSIONS:
        return None
    laps, middle = sum(counts), float(np.mean(means))
    within = squares / (laps - len(means))
    between = float(np.var(means, ddof=1)) - within * float(np.mean(1.0 / np.array(counts)))
    least = _LEAST_SPREAD * middle
    return FuelPrior(
        middle,
        max(float(np.sqrt(max(between, 0.0))), least),
        max(float(np.sqrt(within)), least),
        len(means),
        laps,
    )


def per_lap(prior: FuelPrior | None, used: Sequence[float]) -> PerLap | None:
    """Fuel per lap of this race.

    None without a prior before the third clean lap.

    Args:
        prior: Of earlier sessions.
        used: Litres of each clean lap of this race.
    """
    laps = _inliers(np.array(used, np.float64))
    count = len(laps)
    own = float(((laps - laps.mean()) ** 2).sum()) if count else 0.0
    if prior is None:
        if count < FEWEST_LAPS:
            return None
        mean = float(laps.mean())
        spread = max(float(np.sqrt(own / (count - 1))), _LEAST_SPREAD * mean)
        return PerLap(mean, spread / count**0.5, spread, count - 1.0, count, 0)
    before = min(float(prior.laps - prior.sessions), _MOST_FREEDOM)
    freedom = before + max(count - 1, 0)
    square = (before * prior.lap_spread_l**2 + own) / freedom
    # The mean of the earlier sessions is itself known from so many.
    between = prior.between_l**2 * (1.0 + 1.0 / prior.sessions)
    weight = between / (between + square / count) if count else 0.0
    mean = prior.per_lap_l + weight * (float(laps.mean()) - prior.per_lap_l if count else 0.0)
    error = float(np.sqrt((1.0 - weight) * between)) if weight < 1 else float(np.sqrt(square))
    known = 1.0 / ((1.0 - weight) ** 2 / (prior.sessions - 1.0) + weight**2 / freedom)
    return PerLap(mean, error, float(np.sqrt(square)), known, count, prior.sessions)


def to_flag(use: PerLap, laps: Floats) -> Litres:
    """Fuel that the rest of the race burns.

    Args:
        use: What a lap burns.
        laps: Laps to the flag, parts of a lap included, in each of some equally likely races.
    """
    left = np.maximum(np.asarray(laps, np.float64), 0.0)
    rate, scatter = _luck(len(left))
    wide = t_quantile(use.freedom) / t_quantile(1e9)
    needs = left * (use.mean_l + wide * use.error_l * rate)
    needs += np.sqrt(left) * use.lap_spread_l * scatter
    low, high = np.quantile(needs, [0.025, 0.975])
    return Litres(float(left.mean()) * use.mean_l, max(float(low), 0.0), max(float(high), 0.0))


@lru_cache(maxsize=16)
def _luck(races: int) -> tuple[Floats, Floats]:
    """Normal deviates that are the same at each call, so that the interval does not flicker."""
    normal = NormalDist()
    # A lattice fills the square evenly: the two are uncorrelated however few the races are.
    first = [normal.inv_cdf((race + 0.5) / races) for race in range(races)]
    second = [normal.inv_cdf((race * _GOLDEN + 0.5 / races) % 1.0) for race in range(races)]
    order = np.random.default_rng(20261129).permutation(races)
    return np.array(first)[order], np.array(second)[order]


def _inliers(used: Floats) -> Floats:
    """Laps within four robust standard deviations, or 4 %, of the median; all of fewer than five.

    The median deviation of a few laps is often far too small, so it alone leaves nothing out.
    """
    if len(used) < _FEWEST_TO_JUDGE:
        return used
    middle = float(np.median(used))
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(used - middle)))
    return used[np.abs(used - middle) <= _OUTLIER * max(spread, _LEAST_SCATTER * middle)]
