"""How the cars of a race drive, estimated from its lap chart up to a lap.

Everything a replay needs: pace, spread, fade, stops, mistakes, retirements, and how hard it is to
pass. A car with few laps borrows from its class: its own laps count as many as there are, the class
counts as `_PRIOR_LAPS`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.race_replay import Field, Passing
from iracing_pipeline.analysis.robust import Z95, regression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis.samples import Floats, Integers

LAP_COLUMNS = {
    "car": pl.Int64,
    "car_class_id": pl.Int64,
    "lap_number": pl.Int64,
    "crossed_s": pl.Float64,
    "lap_s": pl.Float64,
    "tyre_laps": pl.Int64,
    "clean": pl.Boolean,
    "stopped": pl.Boolean,
}
"""Columns of a lap chart.

One row for each car and lap: when the lap ended on the session's clock, its time, laps on the tyres
when it began, whether nothing disturbed it, and whether it holds a stop.
"""
_PRIOR_LAPS = 4.0
_PRIOR_MISTAKE_LAPS = 15.0
_CLOSE_S = 1.0
# Without a single battle: one attempt in five succeeds at equal pace, and a second a lap makes it
# two in three. Each counts as a few battles, so that a race of some length speaks for itself.
_PASSING = np.array([-1.4, 2.1])
_PASSING_ERROR = np.array([1.0, 1.0])


@dataclass(frozen=True, slots=True)
class Estimates:
    """A field as estimated, and what it was estimated from.

    Attributes:
        field: The field; its cars are in the order of ``cars``.
        passing: How hard it is to pass.
        cars: ``car`` of the lap chart for each entry of the field.
        clean_laps: Clean laps behind each car's pace.
        battles: Attempts to pass behind ``passing``.
    """

    field: Field
    passing: Passing
    cars: Integers
    clean_laps: Integers
    battles: int


def estimate(
    chart: pl.DataFrame, *, until_lap: int, stops: Mapping[int, tuple[int, ...]] | None = None
) -> Estimates:
    """Estimate the field from the laps up to ``until_lap``.

    Args:
        chart: Rows with `LAP_COLUMNS`; lap 0 is the start, if the chart has it.
        until_lap: The last lap that is looked at.
        stops: Laps at whose end each car will stop afterwards; None for no stop.

    Raises:
        ValueError: No lap up to ``until_lap``.
    """
    seen = chart.filter(pl.col("lap_number") <= until_lap, pl.col("crossed_s").is_not_null())
    if seen.is_empty():
        raise ValueError(f"The chart has no lap up to lap {until_lap}")
    cars = np.sort(seen["car"].unique().to_numpy())
    last = _last_rows(seen)
    fade, fade_error = _fade(seen)
    pace, pace_error, spread, counts = _pace(seen, cars, last["car_class_id"].to_numpy(), fade)
    chance, loss = _mistakes(seen, cars, pace, fade)
    stop_s, stop_spread = _stops(seen, cars, pace, fade)
    running = _running(seen, last)
    everyone = np.ones(len(cars))
    field = Field(
        car_class_id=last["car_class_id"].to_numpy(),
        elapsed_s=last["crossed_s"].to_numpy(),
        laps_done=last["lap_number"].to_numpy(),
        tyre_laps=_tyre_laps(last),
        pace_s=pace,
        pace_error_s=pace_error,
        spread_s=spread,
        fade_s_per_lap=fade * everyone,
        fade_error_s_per_lap=fade_error * everyone,
        stop_s=stop_s * everyone,
        stop_spread_s=stop_spread * everyone,
        stops=tuple((stops or {}).get(int(car), ()) for car in cars),
        mistake_chance=chance,
        mistake_s=loss * everyone,
        retirement_chance=_retirements(running, seen.height) * everyone,
        running=running,
    )
    passing, battles = _passing(seen, dict(zip(cars.tolist(), pace.tolist(), strict=True)))
    return Estimates(field, passing, cars, counts, battles)


def at_lap(
    estimates: Estimates, chart: pl.DataFrame, lap: int, stops: Mapping[int, tuple[int, ...]]
) -> Field:
    """The same cars as they were at the end of an earlier or later lap.

    Args:
        estimates: How the cars drive.
        chart: As for `estimate`.
        lap: Every car is taken where it last crossed the line by the end of this lap.
        stops: Laps at whose end each car stops afterwards.

    Raises:
        ValueError: A car has not begun the race by then.
    """
    seen = chart.filter(pl.col("lap_number") <= lap, pl.col("crossed_s").is_not_null())
    last = _last_rows(seen)
    if last["car"].to_list() != estimates.cars.tolist():
        raise ValueError(f"A car has no lap up to lap {lap}")
    return replace(
        estimates.field,
        elapsed_s=last["crossed_s"].to_numpy(),
        laps_done=last["lap_number"].to_numpy(),
        tyre_laps=_tyre_laps(last),
        stops=tuple(stops.get(int(car), ()) for car in estimates.cars),
        running=_running(seen, last),
    )


def _last_rows(seen: pl.DataFrame) -> pl.DataFrame:
    """The last lap of each car, in the order of the cars."""
    return seen.sort("lap_number").group_by("car").last().sort("car")


def _tyre_laps(last: pl.DataFrame) -> Floats:
    return np.where(last["stopped"], 0, last["tyre_laps"] + 1).astype(np.float64)


def _running(
    seen: pl.DataFrame, last: pl.DataFrame
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether a car is in the race still: it crossed the line within three usual laps."""
    leader = int(seen["lap_number"].to_numpy().max())
    now = float(np.min(seen.filter(pl.col("lap_number") == leader)["crossed_s"].to_numpy()))
    clean = seen.filter("clean")["lap_s"]
    laps = (seen["lap_s"] if clean.is_empty() else clean).drop_nulls()
    usual = float(np.median(laps)) if len(laps) else np.inf
    return np.asarray(now - last["crossed_s"].to_numpy() <= 3.0 * usual)


def _fade(seen: pl.DataFrame) -> tuple[float, float]:
    """What a lap on the tyres costs, pooled over cars, and its standard error; zero if unknown."""
    clean = seen.filter(pl.col("clean"))
    group = clean["car"].rank("dense").cast(pl.Int64).to_numpy() - 1
    result = regression(
        clean["tyre_laps"].to_numpy().astype(np.float64)[:, None], clean["lap_s"].to_numpy(), group
    )
    if result is None:
        return 0.0, 0.0
    error = (result[0].high - result[0].low) / (2 * Z95)
    return max(result[0].value, 0.0), error


def _pace(
    seen: pl.DataFrame, cars: Integers, classes: Integers, fade: float
) -> tuple[Floats, Floats, Floats, Integers]:
    """Pace, its standard error and the spread of each car, and the clean laps behind them."""
    fresh = seen.filter(pl.col("clean")).with_columns(
        (pl.col("lap_s") - fade * pl.col("tyre_laps")).alias("fresh_s")
    )
    own = {car[0]: rows["fresh_s"].to_numpy() for car, rows in fresh.group_by("car")}
    laps = [own.get(int(car), np.empty(0)) for car in cars]
    counts = np.array([len(each) for each in laps], np.int64)
    median = np.array([np.median(each) if len(each) else np.nan for each in laps])
    pace, error, spread = (np.empty(len(cars)) for _ in range(3))
    for car_class in np.unique(classes):
        members = np.flatnonzero(classes == car_class)
        known = members[counts[members] > 0]
        if not len(known):  # nobody of the class has a clean lap: the field as a whole
            known = np.flatnonzero(counts > 0)
        pooled = _pooled_spread([laps[car] for car in known])
        middle = float(np.median(median[known] if len(known) else seen["lap_s"].drop_nulls()))
        between = max(float(np.std(median[known])) if len(known) > 1 else 0.0, 2.0 * pooled)
        for car in members:
            n = counts[car]
            spread[car] = _shrunk(laps[car], pooled)
            within = (1.2533 * spread[car]) ** 2 / n if n else np.inf
            weight = between**2 / (between**2 + within) if n else 0.0
            pace[car] = weight * median[car] + (1 - weight) * middle if n else middle
            error[car] = np.sqrt(weight * within) if n else between
    return pace, error, spread, counts


def _pooled_spread(laps: list[Floats]) -> float:
    """Standard deviation about each car's own median, by the median absolute deviation."""
    rest = [np.abs(each - np.median(each)) for each in laps if len(each) >= 3]
    if not rest:
        return 0.5
    freedom = sum(len(each) for each in rest)
    shrunk = freedom / max(freedom - 0.8 * len(rest), 1.0)
    return max(1.4826 * float(np.median(np.concatenate(rest))) * shrunk, 0.02)


def _shrunk(laps: Floats, pooled: float) -> float:
    """A car's spread, drawn towards that of its class."""
    if len(laps) < 3:
        return pooled
    deviation = np.minimum(np.abs(laps - np.median(laps)), 4.0 * pooled)
    own = float((deviation**2).sum()) * len(laps) / (len(laps) - 1)
    return float(np.sqrt((own + _PRIOR_LAPS * pooled**2) / (len(laps) + _PRIOR_LAPS)))


def _loss(seen: pl.DataFrame, cars: Integers, pace: Floats, fade: float) -> pl.DataFrame:
    """The chart with ``loss_s``: what each lap took longer than the car's usual one."""
    usual = pl.DataFrame({"car": cars, "pace_s": pace})
    return seen.join(usual, on="car").with_columns(
        (pl.col("lap_s") - pl.col("pace_s") - fade * pl.col("tyre_laps")).alias("loss_s")
    )


def _mistakes(
    seen: pl.DataFrame, cars: Integers, pace: Floats, fade: float
) -> tuple[Floats, float]:
    """Chance of a mistake in a lap for each car, and the mean loss."""
    laps = _loss(seen, cars, pace, fade).filter(
        pl.col("lap_number") > 1, ~pl.col("stopped"), pl.col("lap_s").is_not_null()
    )
    bad = ~laps["clean"] & (laps["loss_s"] > 0.3)
    pooled = (float(bad.sum()) + 0.5) / (laps.height + 20.0)
    counted = laps.group_by("car").agg(
        pl.len().alias("laps"), (~pl.col("clean") & (pl.col("loss_s") > 0.3)).sum().alias("bad")
    )
    own = {row[0]: row[1:] for row in counted.rows()}
    chance = np.array(
        [
            (own.get(int(car), (0, 0))[1] + _PRIOR_MISTAKE_LAPS * pooled)
            / (own.get(int(car), (0, 0))[0] + _PRIOR_MISTAKE_LAPS)
            for car in cars
        ]
    )
    losses = laps.filter(bad)["loss_s"]
    return chance, float(losses.mean() or 0.0)  # type: ignore[arg-type]


def _stops(seen: pl.DataFrame, cars: Integers, pace: Floats, fade: float) -> tuple[float, float]:
    """Median loss of a lap with a stop, and its spread; zero where nobody stopped yet."""
    losses = _loss(seen, cars, pace, fade).filter("stopped", pl.col("lap_number") > 1)["loss_s"]
    if losses.is_empty():
        return 0.0, 0.0
    middle = float(losses.median() or 0.0)  # type: ignore[arg-type]
    spread = 1.4826 * float((losses - middle).abs().median() or 0.0)  # type: ignore[arg-type]
    return middle, spread


def _retirements(running: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], laps: int) -> float:
    """Chance of a car to retire in a lap, with half a car in 60 laps before any is seen."""
    return (float((~running).sum()) + 0.5) / (laps + 60.0)


def _passing(seen: pl.DataFrame, pace: Mapping[int, float]) -> tuple[Passing, int]:
    """How often a car that began a lap close behind another ended it in front.

    A logistic regression on the difference of the two cars' paces, with a prior.
    """
    advantages, passed, gaps = [], [], []
    for lap in range(1, int(seen["lap_number"].to_numpy().max())):
        begun = seen.filter(pl.col("lap_number") == lap).sort("crossed_s")
        ended = seen.filter(pl.col("lap_number") == lap + 1)
        after = dict(ended.select("car", "crossed_s").iter_rows())
        fine = {row[0] for row in ended.filter("clean").select("car").iter_rows()}
        order = begun.select("car", "car_class_id", "crossed_s").rows()
        for (ahead, class_ahead, first), (behind, class_behind, second) in pairwise(order):
            if (
                class_ahead != class_behind
                or second - first > _CLOSE_S
                or not {ahead, behind} <= fine
            ):
                continue
            advantages.append(pace[ahead] - pace[behind])
            passed.append(after[behind] < after[ahead])
            gaps.append(after[behind] - after[ahead])
    base, slope = _logistic(np.array(advantages), np.array(passed, np.float64))
    behind_gaps = [gap for gap in gaps if 0 < gap < _CLOSE_S]
    follow = float(np.quantile(behind_gaps, 0.2)) if len(behind_gaps) >= 10 else 0.3
    return Passing(base, max(slope, 0.1), follow), len(passed)


def _logistic(advantages: Floats, passed: Floats) -> tuple[float, float]:
    """Base and slope by Newton's method on the posterior."""
    at = _PASSING.copy()
    design = np.column_stack([np.ones(len(advantages)), advantages])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(design @ at, -30, 30)))
        gradient = design.T @ (passed - chance) - (at - _PASSING) / _PASSING_ERROR**2
        weight = chance * (1 - chance)
        curvature = (design.T * weight) @ design + np.diag(1 / _PASSING_ERROR**2)
        step = np.linalg.solve(curvature, gradient)
        at = at + step
        if float(np.abs(step).max()) < 1e-9:
            break
    return float(at[0]), float(at[1])
