"""The field of a replay: how the cars of a race drive, from the models that its ledger fits.

Pace, scatter, fade, traffic and stops are those of `race_pace.CarPace` and of nothing else. This
module adds what only a replay needs: mistakes, retirements, how hard it is to pass, and what a car
with few laps borrows from its class (its own laps count as many as there are, the class counts as
`_PRIOR_LAPS`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import race_pace
from iracing_pipeline.analysis.race_pace import Role
from iracing_pipeline.analysis.race_replay import Field, Passing
from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis.race_ledger import Race
    from iracing_pipeline.analysis.race_pace import CarPace
    from iracing_pipeline.analysis.samples import Flags, Floats, Integers

_PRIOR_LAPS = 4.0
_PRIOR_MISTAKE_LAPS = 15.0
_PRIOR_STOPS = 2.0
_PRIOR_STOP_SPREAD_S = 1.5
_FEWEST_STOPS = 3
_LEAST_MISTAKE_S = 0.3
_LEAST_SPREAD_S = 0.02
_NO_SPREAD_S = 0.5
_CLOSE_S = 1.0
_SPIN_S = 2.0  # an unflagged lap slower by so much is no battle
# Without a single battle: one attempt in five succeeds at equal pace, and a second a lap makes it
# two in three. Each counts as a few battles, so that a race of some length speaks for itself.
_PASSING = np.array([-1.4, 2.1])
_PASSING_ERROR = np.array([1.0, 1.0])


class NoLapError(PipelineError, ValueError):
    """No car of the race completed a lap."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """A field as estimated, and what it was estimated from.

    Attributes:
        field: The field after the last lap that is known.
        passing: How hard it is to pass.
        cars: ``group_id`` of each entry of the field.
        clean_laps: Laps behind each car's pace.
        battles: Attempts to pass behind ``passing``.
        stops_seen: Stops behind ``stop_s``.
    """

    field: Field
    passing: Passing
    cars: Integers
    clean_laps: Integers
    battles: int
    stops_seen: int


def estimate(race: Race, stops: Mapping[int, tuple[int, ...]] | None = None) -> Estimates:
    """Estimate the field from all known laps of a race.

    Args:
        race: Its cars, fitted. To look at a part of a race, fit that part.
        stops: Laps at whose end each car will stop afterwards; None for no stop.

    Raises:
        NoLapError: No car completed a lap.
    """
    paces = list(race.paces.values())
    if not paces:
        raise NoLapError("No car of the race completed a lap")
    classes = np.array([pace.car.class_id or 0 for pace in paces], np.int64)
    counts = np.array([pace.lap_count for pace in paces], np.int64)
    fade, fade_error = _fade(paces, classes)
    pace_s, pace_error, spread = _pace(paces, classes, fade)
    chance, loss = _mistakes(paces)
    stop_s, stop_spread, seen = _stops(paces)
    everyone = np.ones(len(paces))
    nobody = np.zeros(len(paces), np.int64)
    field = Field(
        car_class_id=classes,
        elapsed_s=0.0 * everyone,
        laps_done=nobody,
        tyre_laps=0.0 * everyone,
        pace_s=pace_s,
        pace_error_s=pace_error,
        spread_s=spread,
        fade_s_per_lap=fade,
        fade_error_s_per_lap=fade_error,
        stop_s=stop_s * everyone,
        stop_spread_s=stop_spread * everyone,
        stops=((),) * len(paces),
        mistake_chance=chance,
        mistake_s=loss * everyone,
        retirement_chance=0.0 * everyone,
        running=everyone.astype(np.bool_),
    )
    passing, battles = _passing(paces, classes, pace_s)
    cars = np.array(list(race.paces), np.int64)
    estimates = Estimates(field, passing, cars, counts, battles, seen)
    last = max(int(pace.car.lap[-1]) for pace in paces)
    now = at_lap(race, estimates, last, stops or {})
    driven = sum(len(pace.car.lap) for pace in paces)
    retire = _retirements(now.running, driven) * everyone
    return replace(estimates, field=replace(now, retirement_chance=retire))


def at_lap(
    race: Race, estimates: Estimates, lap: int, stops: Mapping[int, tuple[int, ...]]
) -> Field:
    """The same cars as they were at the end of an earlier lap.

    A car whose first laps are missing is taken to have driven them at its pace.

    Args:
        race: As for `estimate`.
        estimates: How the cars drive.
        lap: Every car is taken where it last crossed the line by the end of this lap; 0 for the
            grid.
        stops: Laps at whose end each car stops afterwards.
    """
    cars = len(estimates.cars)
    elapsed, done, tyres = np.zeros(cars), np.zeros(cars, np.int64), np.zeros(cars)
    usual = estimates.field.pace_s
    for index, pace in enumerate(race.paces.values()):
        at = int(np.searchsorted(pace.car.lap, lap, side="right")) - 1
        if at >= 0:
            elapsed[index], done[index] = pace.car.at_s[at], pace.car.lap[at]
            tyres[index] = 0.0 if pace.stop[at] else pace.columns[at, race_pace.FADE] + 1.0
        elif np.isfinite(pace.car.start_s):
            elapsed[index] = pace.car.start_s
        else:
            elapsed[index] = pace.car.at_s[0] - pace.car.lap[0] * usual[index]
    leaders = elapsed[done == done.max()]
    return replace(
        estimates.field,
        elapsed_s=elapsed,
        laps_done=done,
        tyre_laps=tyres,
        stops=tuple(stops.get(int(car), ()) for car in estimates.cars),
        # In the race still: it crossed the line within three usual laps.
        running=np.asarray(float(leaders.min()) - elapsed <= 3.0 * float(np.median(usual))),
    )


def stop_laps(race: Race) -> dict[int, tuple[int, ...]]:
    """The first lap of each stop of each car."""
    return {
        group_id: tuple(
            int(pace.car.lap[pace.stop == number][0])
            for number in range(1, int(pace.stop.max(initial=0)) + 1)
            if (pace.stop == number).any()
        )
        for group_id, pace in race.paces.items()
    }


def _fade(paces: list[CarPace], classes: Integers) -> tuple[Floats, Floats]:
    """Return the fade of each car, pooled over the cars of its class, and its standard error.

    Zero where no car of the class shows it.
    """
    fade, error = np.zeros(len(paces)), np.zeros(len(paces))
    own = np.array([pace.fade for pace in paces], np.float64)
    for car_class in np.unique(classes):
        members = classes == car_class
        fitted = members & np.isfinite(own).all(axis=1) & (own[:, 1] > 0)
        if not fitted.any():
            continue
        weight = 1.0 / own[fitted, 1] ** 2
        fade[members] = max(float(weight @ own[fitted, 0] / weight.sum()), 0.0)
        error[members] = float(1.0 / np.sqrt(weight.sum()))
    return fade, error


def _pace(paces: list[CarPace], classes: Integers, fade: Floats) -> tuple[Floats, Floats, Floats]:
    """Pace on fresh tyres in clean air, its standard error, and the spread of each car."""
    counts = np.array([pace.lap_count for pace in paces], np.float64)
    fresh = np.array([_fresh(pace, own) for pace, own in zip(paces, fade, strict=True)])
    own_spread = np.array([pace.spread_s for pace in paces])
    memory = _memory(paces)
    pace_s, error, spread = (np.empty(len(paces)) for _ in range(3))
    for car_class in np.unique(classes):
        members = np.flatnonzero(classes == car_class)
        paced = members[np.isfinite(fresh[members])]
        if not len(paced):  # nobody of the class has a clean lap: the field as a whole
            paced = np.flatnonzero(np.isfinite(fresh))
        spreads = own_spread[paced][np.isfinite(own_spread[paced])]
        pooled = max(float(np.median(spreads)), _LEAST_SPREAD_S) if len(spreads) else _NO_SPREAD_S
        middle = float(np.median(fresh[paced])) if len(paced) else _any_lap(paces)
        between = max(float(np.std(fresh[paced])) if len(paced) > 1 else 0.0, 2.0 * pooled)
        shown = np.nan_to_num(own_spread[members], nan=pooled)
        laps = counts[members]
        spread[members] = np.sqrt(
            (laps * shown**2 + _PRIOR_LAPS * pooled**2) / (laps + _PRIOR_LAPS)
        )
        within = memory * spread[members] ** 2 / np.maximum(laps, 1.0)
        there = (laps > 0) & np.isfinite(fresh[members])
        weight = np.where(there, between**2 / (between**2 + within), 0.0)
        pace_s[members] = middle + weight * (np.nan_to_num(fresh[members], nan=middle) - middle)
        error[members] = np.where(there, np.sqrt(weight * within), between)
    return pace_s, error, spread


def _fresh(pace: CarPace, fade: float) -> float:
    """Pace of a car at the start of a stint, with the fade of its class instead of its own."""
    if not pace.lap_count:
        return np.nan
    age = float(pace.columns[pace.raced, race_pace.FADE].mean())
    return pace.clean_pace_s + (pace.fade_s_per_lap - fade) * age


def _memory(paces: list[CarPace]) -> float:
    """By what the variance of a mean grows because each lap resembles the one before it."""
    product, square = 0.0, 0.0
    for pace in paces:
        if pace.lap_count < race_pace.FEWEST_LAPS:
            continue
        left = pace.excess_s - pace.excess_s[pace.raced].mean()
        both = pace.raced[1:] & pace.raced[:-1]
        product += float(left[1:][both] @ left[:-1][both]) / pace.spread_s**2
        square += float(both.sum())
    lag = min(max(product / square, 0.0), 0.8) if square else 0.0
    return (1 + lag) / (1 - lag)


def _any_lap(paces: list[CarPace]) -> float:
    return float(np.median(np.concatenate([pace.car.time_s[pace.car.span == 1] for pace in paces])))


def _on_road(pace: CarPace) -> Flags:
    """Laps that could hold a mistake, and are comparable with the car's pace."""
    alone = (pace.car.span == 1) & ~pace.car.field_slow & np.isfinite(pace.excess_s)
    return np.asarray(alone & np.isin(pace.role, (Role.RACED, Role.MISTAKE, Role.UNEXPLAINED)))


def _mistakes(paces: list[CarPace]) -> tuple[Floats, float]:
    """Chance of a mistake in a lap for each car, and the mean loss in seconds."""
    laps, bad, losses = np.zeros(len(paces)), np.zeros(len(paces)), []
    for index, pace in enumerate(paces):
        road = _on_road(pace)
        # An unexplained lap behind another car was held up: following costs that already.
        alone = (pace.role == Role.UNEXPLAINED) & ~pace.car.behind.any(axis=1)
        lost = road & ((pace.role == Role.MISTAKE) | alone) & (pace.excess_s > _LEAST_MISTAKE_S)
        laps[index], bad[index] = road.sum(), lost.sum()
        losses.append(pace.excess_s[lost])
    pooled = (bad.sum() + 0.5) / (laps.sum() + 20.0)
    chance = (bad + _PRIOR_MISTAKE_LAPS * pooled) / (laps + _PRIOR_MISTAKE_LAPS)
    every = np.concatenate(losses)
    return chance, float(every.mean()) if len(every) else 0.0


def _stops(paces: list[CarPace]) -> tuple[float, float, int]:
    """Middle of the losses of stops, their spread, and their number; zero without any.

    The middle is Hodges and Lehmann's: the median of the means of all pairs. It is as robust as it
    must be against a stop with a mistake in it, and scatters less than the median of few stops.

    A stop whose out lap is not known yet counts only where there are too few others.
    """
    whole: list[float] = []
    begun: list[float] = []
    for pace in paces:
        excess = pace.excess_s
        for number in range(1, int(pace.stop.max(initial=0)) + 1):
            rows = pace.stop == number
            if rows.any() and np.isfinite(excess[rows]).all():
                (begun if rows[-1] and rows.sum() < 2 else whole).append(float(excess[rows].sum()))
    losses = np.array(whole if len(whole) >= _FEWEST_STOPS else whole + begun)
    if not len(losses):
        return 0.0, 0.0, 0
    count = len(losses)
    one, other = np.triu_indices(count)
    middle = float(np.median((losses[one] + losses[other]) / 2))
    square = (1.4826 * float(np.median(np.abs(losses - middle)))) ** 2 * count
    square += _PRIOR_STOP_SPREAD_S**2 * _PRIOR_STOPS
    # The next stop scatters about a middle that is itself known from so many stops.
    spread = np.sqrt(square / (count + _PRIOR_STOPS) * (1 + np.pi / 3 / count))
    return max(middle, 0.0), float(spread), count


def _retirements(running: Flags, laps: int) -> float:
    """Chance of a car to retire in a lap, with half a car in 60 laps before any is seen."""
    return (float((~running).sum()) + 0.5) / (laps + 60.0)


def _passing(paces: list[CarPace], classes: Integers, pace_s: Floats) -> tuple[Passing, int]:
    """How often a car that began a lap close behind another ended it in front.

    A logistic regression on the difference of the two cars' paces, with a prior.
    """
    last = max(int(pace.car.lap[-1]) for pace in paces)
    crossed = np.full((len(paces), last + 1), np.nan)
    fine = np.zeros((len(paces), last + 1), np.bool_)
    for index, pace in enumerate(paces):
        crossed[index, pace.car.lap] = pace.car.at_s
        battles = _on_road(pace) & (pace.role != Role.MISTAKE) & (pace.excess_s < _SPIN_S)
        fine[index, pace.car.lap] = battles
    advantages, passed, gaps = [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for lap in range(1, last):
        order = np.argsort(crossed[:, lap], kind="stable")
        order = order[: int(np.isfinite(crossed[:, lap]).sum())]
        ahead, behind = order[:-1], order[1:]
        close = (
            (classes[ahead] == classes[behind])
            & (crossed[behind, lap] - crossed[ahead, lap] <= _CLOSE_S)
            & fine[ahead, lap + 1]
            & fine[behind, lap + 1]
        )
        ahead, behind = ahead[close], behind[close]
        after = crossed[behind, lap + 1] - crossed[ahead, lap + 1]
        advantages.append(pace_s[ahead] - pace_s[behind])
        passed.append((after < 0).astype(np.float64))
        gaps.append(after)
    base, slope = _logistic(np.concatenate(advantages), np.concatenate(passed))
    left = np.concatenate(gaps)
    left = left[(left > 0) & (left < _CLOSE_S)]
    follow = float(np.quantile(left, 0.2)) if len(left) >= 10 else 0.3
    return Passing(base, max(slope, 0.1), follow), sum(map(len, passed))


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
