"""Model of each car of a race: its pace in clean air, its spread, its fade, its pace in traffic.

Estimated from the laps that nothing speaks against. Pace and fade are those of each car. What
traffic adds is the same for all cars of a class in a race: a car leaves traffic when its laps turn
out well or badly, so its own few laps in traffic are chosen by their own scatter, and only those of
many cars together are not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import robust
from iracing_pipeline.analysis.race_crossings import GAP_BANDS_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iracing_pipeline.analysis.race_crossings import Car
    from iracing_pipeline.analysis.samples import Flags, Floats, Integers

FEWEST_LAPS = 4
"""Least number of raced laps for a fit of a car by itself."""
Z_CAUSE = 2.575829
"""Of 1 % of both sides: what one of five causes may take of 5 % over all of them.

The five are fade, traffic, stops, mistakes and cautions.
"""
Z_CAR = 2.807034
"""Of 0.5 % of both sides: the same for one of the two cars of a comparison."""
BANDS = len(GAP_BANDS_S) - 1
PACE, FADE, TRAFFIC = 0, 1, slice(2, 2 + BANDS)
"""Terms of the model."""
TERMS = 2 + BANDS
_CHI_SQUARED = (6.635, 9.210, 11.345)  # 99 % quantiles for one to three degrees of freedom
_FEWEST_IN_BAND = 8
_OUTLIER = 4.5  # robust standard deviations
_SMALLEST_SPREAD_S = 1e-3
_MAD_TO_SIGMA = 1.482602


class Role(IntEnum):
    """Role of a lap in the model."""

    START = 0
    """The first lap."""
    RACED = 1
    """Raced: no reason against it."""
    STOP = 2
    """In, through or out of the pits."""
    MISTAKE = 3
    """A flag or telemetry shows a mistake."""
    CAUTION = 4
    """Driven under a caution."""
    UNEXPLAINED = 5
    """Slow or fast beyond the scatter, invalid, missing, or slow with the whole field."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Seconds added by a lap behind another car, by the gap at its start; of one class in a race.

    Attributes:
        value: Seconds a lap in each band; above zero wake, below tow; NaN where too few laps show
            it; shape (bands,).
        covariance: Of the known ones, zero elsewhere; shape (bands, bands).
        laps: Laps in each band; shape (bands,).
        cars: Cars that show it.
        established: Whether it differs from zero, over all bands together.
    """

    value: Floats
    covariance: Floats
    laps: Integers
    cars: int
    established: bool

    @property
    def known(self) -> Flags:
        """Bands with a value."""
        return np.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class CarPace:
    """The model of one car: a lap is pace + fade x age + traffic, and what else befell it.

    Attributes:
        car: Its laps.
        role: :class:`Role` of each lap; shape (laps,).
        stop: Number of the stop that a lap belongs to, 0 for none; shape (laps,).
        columns: What the model multiplies: laps, laps since the stint began, the bands of gaps to
            the car ahead; shape (laps, TERMS).
        theta: Clean pace (s), fade (s/lap), traffic (s/lap); zero where not established; shape
            (TERMS,).
        covariance: Of ``theta``; shape (TERMS, TERMS).
        fade: Fade and its standard error, whether established or not; NaN where not known.
        wake: Effect of traffic in its class.
        spread_s: Standard deviation of a lap about the model; NaN where it is not known.
        freedom: Degrees of freedom of ``spread_s``.
        lap_count: Laps behind the fit.
    """

    car: Car
    role: Integers
    stop: Integers
    columns: Floats
    theta: Floats
    covariance: Floats
    fade: tuple[float, float]
    wake: Wake
    spread_s: float
    freedom: float
    lap_count: int

    @property
    def clean_pace_s(self) -> float:
        """Lap in clean air at the start of a stint; NaN where no lap shows it."""
        return float(self.theta[PACE])

    @property
    def fade_s_per_lap(self) -> float:
        """Seconds that each lap of a stint adds; zero if it is not established."""
        return float(self.theta[FADE])

    @property
    def raced(self) -> Flags:
        """Laps behind the fit."""
        return np.asarray(self.role == Role.RACED)

    @property
    def excess_s(self) -> Floats:
        """Seconds of each lap beyond the model, missing laps included; shape (laps,)."""
        return np.asarray(self.car.time_s - self.columns @ self.theta)


def car_paces(cars: Iterable[Car]) -> list[CarPace]:
    """Fit the cars of a race, in their order.

    A car with fewer than four laps that nothing speaks against takes the median spread of its
    class, and has no fade.
    """
    listed = list(cars)
    paces: dict[int, CarPace] = {}
    for class_id in dict.fromkeys(car.class_id for car in listed):
        alone = [_fit(car) for car in listed if car.class_id == class_id]
        wake = _wake(alone)
        spreads = [pace.spread_s for pace in alone if np.isfinite(pace.spread_s)]
        for pace in alone:
            fitted = _with_spread(_in_traffic(pace, wake), spreads)
            paces[fitted.car.group_id] = fitted
    return [paces[car.group_id] for car in listed]


def _with_spread(pace: CarPace, spreads: list[float]) -> CarPace:
    if np.isfinite(pace.spread_s) or not spreads or not pace.lap_count:
        return pace
    spread = float(np.median(spreads))
    covariance = np.zeros((TERMS, TERMS))
    covariance[PACE, PACE] = spread**2 * np.pi / 2 / pace.lap_count  # of a median
    return replace(pace, spread_s=spread, covariance=covariance, freedom=float(FEWEST_LAPS))


_NO_WAKE = Wake(
    value=np.full(BANDS, np.nan),
    covariance=np.zeros((BANDS, BANDS)),
    laps=np.zeros(BANDS, np.int64),
    cars=0,
    established=False,
)


def _fit(car: Car) -> CarPace:
    """The model of a car by its own laps, traffic taken as one effect of its own."""
    role, stop, age = _roles(car)
    on_road = (role == Role.RACED) | (role == Role.MISTAKE) | (role == Role.UNEXPLAINED)
    behind = car.behind & on_road[:, None]
    columns = np.column_stack([car.span.astype(np.float64), age, behind.astype(np.float64)])
    raced = role == Role.RACED
    count = int(raced.sum())
    theta = np.zeros(TERMS)
    nothing = np.full((TERMS, TERMS), np.nan)
    if count < FEWEST_LAPS:
        theta[PACE] = np.median(car.time_s[raced]) if count else np.nan
        unknown = (np.nan, np.nan)
        return CarPace(
            car, role, stop, columns, theta, nothing, unknown, _NO_WAKE, np.nan, 0.0, count
        )
    design = np.column_stack([columns[:, PACE], columns[:, FADE], behind.any(axis=1)])
    inside = _inliers(design[:, _separable(design, raced)], car.time_s, raced)
    terms = _separable(design, inside)
    solution, spread, root = _least_squares(design[inside][:, terms], car.time_s[inside])
    fade, chosen = (np.nan, np.nan), [PACE]
    if FADE in terms:
        at = terms.index(FADE)
        fade = float(solution[at]), float(spread * np.sqrt(root[at, at]))
        reach = robust.t_quantile(int(inside.sum()) - len(terms), Z_CAR)
        chosen += [FADE] if abs(fade[0]) > reach * fade[1] else []
    theta[chosen] = solution[[terms.index(term) for term in chosen]]
    role[raced & ~inside] = Role.UNEXPLAINED
    return CarPace(
        car=car,
        role=role,
        stop=stop,
        columns=columns,
        theta=theta,
        covariance=nothing,
        fade=fade,
        wake=_NO_WAKE,
        spread_s=spread,
        freedom=float(inside.sum() - len(chosen)),
        lap_count=int(inside.sum()),
    )


def _wake(paces: list[CarPace]) -> Wake:
    """Estimate the effect of traffic in a class.

    Whether a lap begins in traffic depends on the laps before it. So each lap is compared with the
    car's later laps alone, and chosen by what was known when it began: its own scatter and that of
    the later laps are then independent of the choice.
    """
    squares, right = np.zeros((BANDS, BANDS)), np.zeros(BANDS)
    scatter = np.zeros((BANDS, BANDS))
    laps, cars = np.zeros(BANDS, np.int64), 0
    for pace in paces:
        rows = pace.raced
        behind = pace.columns[rows][:, TRAFFIC]
        if not np.isfinite(pace.spread_s) or not behind.any():
            continue
        times = pace.car.time_s[rows] - pace.columns[rows][:, FADE] * pace.theta[FADE]
        ahead = _against_later(np.column_stack([behind, times]))
        chosen = (behind - _so_far(behind))[:-1]
        squares += chosen.T @ ahead[:, :-1] / pace.spread_s**2
        right += chosen.T @ ahead[:, -1] / pace.spread_s**2
        scatter += chosen.T @ chosen / pace.spread_s**2
        laps += behind.sum(axis=0).astype(np.int64)
        cars += 1
    value, covariance = np.full(BANDS, np.nan), np.zeros((BANDS, BANDS))
    shown = np.flatnonzero(laps >= _FEWEST_IN_BAND)
    among = np.ix_(shown, shown)
    if not len(shown) or np.linalg.cond(squares[among]) > 1e6:
        return replace(_NO_WAKE, laps=laps, cars=cars)
    inverse = np.linalg.inv(squares[among])
    value[shown] = inverse @ right[shown]
    covariance[among] = inverse @ scatter[among] @ inverse.T
    against_nothing = float(value[shown] @ np.linalg.solve(covariance[among], value[shown]))
    established = against_nothing > _CHI_SQUARED[len(shown) - 1]
    return Wake(value, covariance, laps, cars, established)


def _against_later(values: Floats) -> Floats:
    """Each row but the last minus the mean of those after it, scaled to keep its variance."""
    count = len(values)
    later = np.arange(count - 1, 0, -1.0)[:, None]
    after = values[::-1].cumsum(axis=0)[::-1][1:] / later
    return np.asarray((values[:-1] - after) * np.sqrt(later / (later + 1)))


def _so_far(values: Floats) -> Floats:
    """Mean of each row and those before it."""
    return np.asarray(values.cumsum(axis=0) / np.arange(1.0, len(values) + 1)[:, None])


def _in_traffic(pace: CarPace, wake: Wake) -> CarPace:
    """The model of a car with what traffic adds in its class."""
    theta = np.zeros(TERMS)
    covariance = np.zeros((TERMS, TERMS))
    if wake.established:
        theta[TRAFFIC] = np.nan_to_num(wake.value)
        covariance[TRAFFIC, TRAFFIC] = wake.covariance
    own = [PACE, FADE] if pace.theta[FADE] else [PACE]
    rows = pace.raced
    times = pace.car.time_s[rows] - pace.columns[rows][:, TRAFFIC] @ theta[TRAFFIC]
    if not np.isfinite(pace.spread_s):
        theta[PACE] = np.median(times) if len(times) else np.nan
        return replace(pace, theta=theta, wake=wake)
    base = pace.columns[rows][:, own]
    solution, spread, root = _least_squares(base, times)
    theta[own] = solution
    # What is not known of the wake is not known of the pace either.
    lever = root @ base.T @ pace.columns[rows][:, TRAFFIC]
    shared = covariance[TRAFFIC, TRAFFIC]
    covariance[np.ix_(own, own)] = spread**2 * root + lever @ shared @ lever.T
    covariance[own, TRAFFIC] = -lever @ shared
    covariance[TRAFFIC, own] = covariance[own, TRAFFIC].T
    return replace(pace, theta=theta, covariance=covariance, wake=wake, spread_s=spread)


def _roles(car: Car) -> tuple[Integers, Integers, Floats]:
    """Role of each lap, the stop it belongs to, and laps since its stint began."""
    count = len(car.lap)
    role = np.full(count, int(Role.RACED), np.int64)
    stop = np.zeros(count, np.int64)
    age = np.zeros(count)
    stops, since, left = 0, 0, 0
    for at in range(count):
        if car.pitted[at] and car.lap[at] > 1:
            if at == 0 or not car.pitted[at - 1] or stop[at - 1] == 0:
                stops += 1
                left = 0
            stop[at] = stops
            left += 1
        elif (
            left == 1 and stops
        ):  # the chart marks one lap of the stop alone: the next is its out lap
            stop[at], left = stops, 0
        else:
            left = 0
        since += int(car.span[at])
        age[at] = since - 1
        if stop[at]:
            since = 0
    mistakes = np.array([bool(words) for words in car.mistakes], np.bool_)
    role[car.field_slow | car.invalid | (car.span > 1)] = Role.UNEXPLAINED
    role[mistakes & (car.span == 1)] = Role.MISTAKE
    role[stop > 0] = Role.STOP
    role[car.caution] = Role.CAUTION
    role[car.lap == 1] = Role.START
    if count and car.lap[0] > 1:  # the first lap is missing: nobody can tell it from the others
        role[0] = Role.UNEXPLAINED
    return role, stop, age


def _separable(design: Floats, rows: Flags) -> list[int]:
    """Terms of pace, fade and one effect of traffic that the laps tell apart."""
    count = int(rows.sum())
    terms = [PACE]
    age, behind = design[rows, 1], design[rows, 2]
    if count > FEWEST_LAPS + 1 and len(np.unique(age)) > FEWEST_LAPS:
        terms.append(FADE)
    close = int(behind.sum())
    if close > 1 and count - close >= FEWEST_LAPS - 1:
        terms.append(2)
    return terms if np.linalg.matrix_rank(design[rows][:, terms]) == len(terms) else [PACE]


def _inliers(columns: Floats, times: Floats, candidates: Flags) -> Flags:
    """Laps within 4.5 robust standard deviations of the model."""
    residual = times - np.median(times[candidates])
    inside = candidates
    for turn in range(4):
        if turn:
            solution = np.linalg.lstsq(columns[inside], times[inside], rcond=None)[0]
            residual = times - columns @ solution
        middle = np.median(residual[inside])
        spread = _MAD_TO_SIGMA * float(np.median(np.abs(residual[inside] - middle)))
        reach = _OUTLIER * max(spread, _SMALLEST_SPREAD_S)
        kept = candidates & (np.abs(residual - middle) <= reach)
        if turn and (kept == inside).all():
            break
        if kept.sum() <= columns.shape[1] + 2:
            break
        inside = kept
    return inside


def _least_squares(columns: Floats, times: Floats) -> tuple[Floats, float, Floats]:
    """Solution, standard deviation of the residuals, and the inverse of the normal matrix."""
    root = np.linalg.pinv(columns.T @ columns)
    solution = np.linalg.lstsq(columns, times, rcond=None)[0]
    residual = times - columns @ solution
    freedom = max(len(times) - columns.shape[1], 1)
    spread = max(float(np.sqrt(residual @ residual / freedom)), _SMALLEST_SPREAD_S)
    return np.asarray(solution, np.float64), spread, np.asarray(root)
