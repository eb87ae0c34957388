"""Simulate a race of a field of cars, lap by lap, in thousands of races at once.

A lap takes ``pace + fade * laps on the tyres + noise``, and now and then a mistake; a stop adds its
time. A car that would arrive before a car ahead of it must pass it: with the chance that the
difference of their paces gives (`Passing`), else it follows at `Passing.follow_s`. A car that
stands in its stall or makes a mistake is passed freely, and so are lapped cars.

Arrays have one entry for each car; times are in seconds.

Example:
    >>> races = replay(field, Distance(laps=30), races=2000, seed=1)
    >>> order = finish(races, field, Distance(laps=30))
    >>> order.place_in_class[:, 4]  # of the fifth car, one for each race
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats, Integers

_PASSED_FREELY_S = 2.0
"""A lap slower than its driver's usual one by so much (a stop, a spin) is passed freely."""


@dataclass(frozen=True, slots=True)
class Field:
    """The cars of a race, their positions, and their parameters.

    Attributes:
        car_class_id: Class of each car; places are counted within it.
        elapsed_s: When each car last crossed the line, on one clock.
        laps_done: Laps that each car had completed then.
        tyre_laps: Laps on its tyres then.
        pace_s: Lap time on fresh tyres in clean air.
        pace_error_s: Standard error of ``pace_s``.
        spread_s: Standard deviation of a lap about its pace.
        fade_s_per_lap: Seconds of each lap on the tyres, per lap.
        fade_error_s_per_lap: Standard error of the fade.
        stop_s: Time lost by a stop, from line to line.
        stop_spread_s: Standard deviation of that.
        stops: For each car, the laps at whose end it stops.
        mistake_chance: Chance of a mistake in a lap.
        mistake_s: Mean time that a mistake costs; the loss is exponentially distributed.
        retirement_chance: Chance to retire in a lap.
        running: Whether the car is still in the race.
    """

    car_class_id: Integers
    elapsed_s: Floats
    laps_done: Integers
    tyre_laps: Floats
    pace_s: Floats
    pace_error_s: Floats
    spread_s: Floats
    fade_s_per_lap: Floats
    fade_error_s_per_lap: Floats
    stop_s: Floats
    stop_spread_s: Floats
    stops: tuple[tuple[int, ...], ...]
    mistake_chance: Floats
    mistake_s: Floats
    retirement_chance: Floats
    running: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    @property
    def cars(self) -> int:
        """Number of cars."""
        return len(self.pace_s)


@dataclass(frozen=True, slots=True)
class Passing:
    """Difficulty of passing.

    The chance to pass in a lap is ``1 / (1 + exp(-(base + slope * advantage)))``, where the
    advantage is how much faster the car behind usually laps, in seconds.

    Attributes:
        base: Logit of the chance at equal laps.
        slope: Change of the logit for a second of advantage.
        follow_s: Gap at the line of a car that could not pass.
        wake_s: Cost of a lap within ``wake_gap_s`` behind another car; below zero for a tow.
        wake_gap_s: Gap at the line up to which that holds.
    """

    base: float
    slope: float
    follow_s: float
    wake_s: float = 0.0
    wake_gap_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Distance:
    """Length of the race: ``laps``, or until the leader next crosses the line after ``clock_s``.

    ``clock_s`` is on the clock of `Field.elapsed_s`.
    """

    laps: int | None = None
    clock_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """Order at the flag; arrays have the shape (races, cars).

    Attributes:
        laps: Laps completed.
        elapsed_s: When the car took the flag, or last crossed the line.
        place: From 1, over all cars.
        place_in_class: From 1, in the car's class.
    """

    laps: Integers
    elapsed_s: Floats
    place: Integers
    place_in_class: Integers


def replay(
    field: Field, distance: Distance, passing: Passing, *, races: int = 2000, seed: int = 0
) -> Floats:
    """Drive the race to its end.

    The same seed gives the same luck to each car, whatever else changes in the field: what a
    change is worth is the difference of two replays.

    Returns:
        When each car crosses the line at the end of each lap, of shape (races, cars, laps + 1);
        lap 0 is the start. NaN before `Field.laps_done`, infinite after a retirement.
    """
    first, last = int(field.laps_done.min()), _last_lap(field, distance)
    shape = (races, field.cars)
    # One stream for each car: its luck does not depend on how many other cars there are.
    luck = [np.random.default_rng((seed, car)) for car in range(field.cars)]
    pace = field.pace_s + field.pace_error_s * _normal(luck, races)
    fade = np.maximum(field.fade_s_per_lap + field.fade_error_s_per_lap * _normal(luck, races), 0.0)
    stops = _stop_laps(field, last)
    crossings = np.full((*shape, last + 1), np.nan)
    elapsed = np.broadcast_to(field.elapsed_s, shape).copy()
    crossings[:, np.arange(field.cars), field.laps_done] = elapsed
    tyres = np.broadcast_to(field.tyre_laps, shape).copy()
    racing = np.broadcast_to(field.running, shape).copy()
    for lap in range(first + 1, last + 1):
        noise, chances = _normal(luck, races), _uniform(luck, races, 4)
        active = racing & (field.laps_done < lap)
        usual = pace + fade * tyres
        lap_s = usual + field.spread_s * noise
        lap_s -= np.log1p(-chances[0]) * field.mistake_s * (chances[1] < field.mistake_chance)
        if passing.wake_s:
            lap_s += passing.wake_s * _in_wake(elapsed, active, passing.wake_gap_s)
        stopping = stops[:, lap]
        if stopping.any():  # a stop is drawn for each lap, so that moving one keeps the luck
            drawn = field.stop_s + field.stop_spread_s * _normal(luck, races)
            lap_s += np.where(stopping, np.maximum(drawn, 0.0), 0.0)
        arrival = _arrive(
            elapsed=elapsed,
            lap_s=lap_s,
            usual=usual,
            active=active,
            chance=chances[2],
            passing=passing,
        )
        racing &= ~(active & (chances[3] < field.retirement_chance))
        elapsed = np.where(active, np.where(racing, arrival, np.inf), elapsed)
        tyres = np.where(active, np.where(stopping, 0.0, tyres + 1.0), tyres)
        crossings[:, :, lap] = np.where(active, elapsed, crossings[:, :, lap])
        crossings[:, :, lap][~racing] = np.inf
    return crossings


def finish(crossings: Floats, field: Field, distance: Distance) -> Finish:
    """The order at the flag.

    The race ends when its leader does; every other car ends at its next crossing of the line.
    A car with more laps is ahead, then the one that crossed first.
    """
    leader = np.nanmin(np.where(np.isnan(crossings), np.inf, crossings), axis=1)
    if distance.laps is not None:
        flag_s = leader[:, distance.laps]
    else:
        # Laps before the replay began have no leader.
        over = np.isfinite(leader) & (leader >= (distance.clock_s or 0.0))
        flag_s = leader[np.arange(len(leader)), np.argmax(over, axis=1)]
    lap_numbers = np.arange(crossings.shape[2])
    driven = np.isfinite(crossings)
    ended = driven & (crossings >= flag_s[:, None, None])
    last = np.where(driven, lap_numbers, -1).max(axis=2)
    laps = np.where(ended.any(axis=2), np.argmax(ended, axis=2), last)
    laps = np.maximum(laps, field.laps_done)
    elapsed = np.take_along_axis(crossings, laps[:, :, None], axis=2)[:, :, 0]
    elapsed = np.where(np.isfinite(elapsed), elapsed, field.elapsed_s)
    place = _places(laps, elapsed)
    in_class = np.empty_like(place)
    for car_class in np.unique(field.car_class_id):
        cars = np.flatnonzero(field.car_class_id == car_class)
        in_class[:, cars] = _places(laps[:, cars], elapsed[:, cars])
    return Finish(laps, elapsed, place, in_class)


def _last_lap(field: Field, distance: Distance) -> int:
    """The highest lap that any car can complete before the flag."""
    if distance.laps is not None:
        return max(distance.laps, int(field.laps_done.max()))
    left = np.maximum((distance.clock_s or 0.0) - field.elapsed_s, 0.0)
    fastest = np.maximum(field.pace_s - 3.0 * (field.pace_error_s + field.spread_s), 1.0)
    return int((field.laps_done + np.ceil(left / fastest)).max()) + 1


def _stop_laps(field: Field, last: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether a car stops at the end of a lap; shape (cars, laps + 1)."""
    stops = np.zeros((field.cars, last + 1), np.bool_)
    for car, laps in enumerate(field.stops):
        stops[car, [lap for lap in laps if lap <= last]] = True
    return stops


def _arrive(
    *,
    elapsed: Floats,
    lap_s: Floats,
    usual: Floats,
    active: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    chance: Floats,
    passing: Passing,
) -> Floats:
    """When the cars cross the line next, after each has passed or followed the cars ahead.

    Cars are taken in the order in which they began the lap, so each meets cars that are done.
    """
    begun = np.where(active, elapsed, np.inf)
    order = np.argsort(begun, axis=1, kind="stable")
    free = np.take_along_axis(np.where(active, elapsed + lap_s, np.inf), order, axis=1)
    own = np.take_along_axis(usual, order, axis=1)
    slow = np.take_along_axis(lap_s - usual > _PASSED_FREELY_S, order, axis=1)
    # The advantage at which the drawn chance is just enough to pass.
    needed = np.take_along_axis(_needed(chance, passing), order, axis=1)
    arrival = free.copy()
    for behind in range(1, free.shape[1]):
        ahead = arrival[:, :behind]
        meets = np.isfinite(ahead) & (free[:, behind, None] < ahead + passing.follow_s)
        if not meets.any():
            continue
        passes = slow[:, :behind] | (
            own[:, :behind] - own[:, behind, None] > needed[:, behind, None]
        )
        held = np.where(meets & ~passes, ahead, -np.inf).max(axis=1)
        arrival[:, behind] = np.maximum(free[:, behind], held + passing.follow_s)
    back = np.empty_like(arrival)
    np.put_along_axis(back, order, arrival, axis=1)
    return back


def _needed(chance: Floats, passing: Passing) -> Floats:
    """The advantage in seconds from which a car with this luck passes."""
    odds = np.log(np.clip(chance, 1e-12, 1 - 1e-12)) - np.log1p(-np.clip(chance, 1e-12, 1 - 1e-12))
    return np.asarray((odds - passing.base) / passing.slope)


def _in_wake(
    elapsed: Floats, active: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], gap_s: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether a car began the lap within ``gap_s`` behind another."""
    begun = np.where(active, elapsed, np.inf)
    order = np.argsort(begun, axis=1, kind="stable")
    ordered = np.take_along_axis(begun, order, axis=1)
    with np.errstate(invalid="ignore"):  # the difference of two retired cars
        close = np.diff(ordered, axis=1, prepend=-np.inf) <= gap_s
    result = np.empty_like(close)
    np.put_along_axis(result, order, close, axis=1)
    return np.asarray(result & active)


def _places(laps: Integers, elapsed: Floats) -> Integers:
    """Places from 1: by laps, then by time."""
    order = np.lexsort((elapsed, -laps), axis=1)
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(1, order.shape[1] + 1)[None, :], axis=1)
    return np.asarray(places, np.int64)


def _normal(luck: list[np.random.Generator], races: int) -> Floats:
    return np.column_stack([each.standard_normal(races) for each in luck])


def _uniform(luck: list[np.random.Generator], races: int, draws: int) -> Floats:
    """Shape (draws, races, cars)."""
    return np.stack([each.random((draws, races)) for each in luck], axis=2)
