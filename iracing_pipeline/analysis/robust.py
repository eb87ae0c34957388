"""Estimates that are robust against one bad lap, with confidence intervals.

All intervals are at 95 %. With too few values there is no estimate: ``None``, not a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats, Integers

Z95 = 1.959964
_MAD_TO_SIGMA = 1.482602
# Standard errors for normal data, relative to sigma / sqrt(n).
_SE_OF_MEDIAN = 1.253314
_SE_OF_SPREAD = 1.166
FEWEST_FOR_TREND = 5
FEWEST_FOR_SPREAD = 5
_HUBER = 1.345
_MOST_CONDITION = 50.0
_NOTHING = 1e-12  # of a column's size: rounding


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its 95 % interval, and the number of values behind it."""

    value: float
    low: float
    high: float
    count: int


def spread(values: Floats) -> Estimate | None:
    """Standard deviation by the median absolute deviation; None for fewer than five values."""
    count = len(values)
    if count < FEWEST_FOR_SPREAD:
        return None
    sigma = _MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values))))
    # The median absolute deviation of few values is too small on average (Croux & Rousseeuw).
    sigma *= count / (count - 0.8)
    # The logarithm of a spread is more evenly spread than the spread itself.
    reach = float(np.exp(t_quantile(count - 1) * _SE_OF_SPREAD / np.sqrt(count)))
    return Estimate(sigma, sigma / reach, sigma * reach, count)


def middle(values: Floats) -> Estimate | None:
    """Median with the interval that order statistics give; None for fewer than six values.

    The interval needs no assumption on how the values are spread.
    """
    count = len(values)
    if count < 6:
        return None
    ordered = np.sort(values)
    rank = int(np.floor((count - Z95 * np.sqrt(count)) / 2))
    low = max(rank, 0)
    return Estimate(
        float(np.median(ordered)), float(ordered[low]), float(ordered[count - 1 - low]), count
    )


def trend(at: Floats, values: Floats) -> Estimate | None:
    """Slope by Theil and Sen, with Sen's interval; None for fewer than five values.

    The median of the slopes of all pairs: up to 29 % of the values may be wild.

    Args:
        at: Where the values lie; equal places are no pair.
        values: The values.
    """
    count = len(values)
    if count < FEWEST_FOR_TREND:
        return None
    first, second = np.triu_indices(count, 1)
    run = at[second] - at[first]
    apart = run != 0
    if not apart.any():
        return None
    slopes = np.sort((values[second] - values[first])[apart] / run[apart])
    ties = _ties(at)
    variance = count * (count - 1) * (2 * count + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)
    reach = Z95 * np.sqrt(max(variance, 0) / 18.0)
    low = int(np.floor((len(slopes) - reach) / 2))
    high = int(np.ceil((len(slopes) + reach) / 2))
    return Estimate(
        float(np.median(slopes)),
        float(slopes[max(low, 0)]),
        float(slopes[min(high, len(slopes) - 1)]),
        count,
    )


def difference(first: Floats, second: Floats) -> Estimate | None:
    """Median of ``second`` minus that of ``first``; None where either has fewer than five."""
    spreads = spread(first), spread(second)
    if spreads[0] is None or spreads[1] is None:
        return None
    value = float(np.median(second) - np.median(first))
    variance = sum(
        (_SE_OF_MEDIAN * each.value) ** 2 / each.count for each in spreads if each is not None
    )
    freedom = min(len(first), len(second)) - 1
    half = t_quantile(freedom) * np.sqrt(variance)
    return Estimate(value, value - half, value + half, len(first) + len(second))


def regression(
    columns: Floats, values: Floats, groups: Integers | None = None
) -> list[Estimate] | None:
    """Coefficients of a linear model by Huber's estimator, with an intercept for each group.

    None where the columns do not tell the coefficients apart, or with fewer than three values
    more than coefficients.

    Args:
        columns: What the values depend on; shape (values, columns).
        values: The values.
        groups: Group of each value, from 0 and without gaps: values of different groups may
            differ by anything. None for a single group.

    Returns:
        The coefficients of the columns; intercepts are left out.
    """
    count = len(values)
    group = np.zeros(count, np.int64) if groups is None else groups
    width = columns.shape[1] + (int(group.max()) + 1 if count else 1)
    if count < width + 3:
        return None
    scale = _within(columns, np.ones(count), group).std(axis=0)
    if (scale <= _NOTHING * np.abs(columns).max(axis=0)).any():
        return None
    scaled = columns / scale
    if np.linalg.cond(_within(scaled, np.ones(count), group)) > _MOST_CONDITION:
        return None
    solution, residual, sigma = _huber(scaled, values, group, width)
    freedom = count - width
    # Huber's asymptotic variance, from residuals cut at his bound.
    bound = _HUBER * sigma if sigma > 0 else 0.0
    cut = np.clip(residual, -bound, bound)
    inside = max(float(np.mean(np.abs(residual) <= bound)), 0.5)
    correction = 1 + width / count * (1 - inside) / inside  # Huber's, for few values
    variance = (correction / inside) ** 2 * float((cut**2).sum()) / freedom
    design = _within(scaled, np.ones(count), group)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * variance)
    half = t_quantile(freedom) * errors
    return [
        Estimate(float(value / by), float((value - reach) / by), float((value + reach) / by), count)
        for value, reach, by in zip(solution, half, scale, strict=True)
    ]


def _huber(
    columns: Floats, values: Floats, group: Integers, width: int
) -> tuple[Floats, Floats, float]:
    """Solution, residuals and their scale, by weights that are fitted again and again.

    An intercept for each group is the same as taking each group's weighted means away.
    """
    count = len(values)
    weights, sigma = np.ones(count), 0.0
    for _ in range(30):
        design = _within(columns, weights, group)
        target = _within(values[:, None], weights, group)[:, 0]
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0]
        residual = target - design @ solution
        # The fit draws the line towards the values, so what is left looks too small.
        shrunk = np.sqrt(count / (count - width))
        sigma = _MAD_TO_SIGMA * float(np.median(np.abs(residual))) * shrunk
        if sigma <= 0:
            break
        weights = np.minimum(1.0, _HUBER * sigma / np.maximum(np.abs(residual), 1e-12))
    return np.asarray(solution, np.float64), residual, sigma


def _within(columns: Floats, weights: Floats, group: Integers) -> Floats:
    """Columns minus their weighted mean in each group."""
    total = np.bincount(group, weights)
    means = [np.bincount(group, weights * column) / total for column in columns.T]
    return np.asarray(columns - np.column_stack(means)[group])


def t_quantile(freedom: float, z: float = Z95) -> float:
    """Quantile of Student's t (Cornish-Fisher; within 6 % from three degrees of freedom on).

    Args:
        freedom: Degrees of freedom.
        z: Quantile of the normal distribution at the same level; 97.5 % where none is given,
            which is within 1 % from three degrees on.
    """
    n = max(freedom, 1.0)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def _ties(at: Floats) -> list[int]:
    counts = np.unique(at, return_counts=True)[1]
    return [int(n) for n in counts if n > 1]
