"""The rest of a race that is still driven, from the laps so far.

Paces, stops and passing are estimated as for a race that is over (`analysis/race_field.py`), and
the race is driven to its end in some hundred races at once (`analysis/race_replay.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.irating import change_at, expected_scores
from iracing_pipeline.analysis.race_field import at_lap, estimate, stop_laps
from iracing_pipeline.analysis.race_replay import Distance, finish, replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from iracing_pipeline.analysis.race_ledger import Race
    from iracing_pipeline.analysis.race_pace import CarPace
    from iracing_pipeline.analysis.race_replay import Field, Passing
    from iracing_pipeline.analysis.samples import Floats, Integers

_CAR_LAPS = 300_000
MOST_RACES, FEWEST_RACES = 300, 60
_FEWEST_STOPS = 3
_LAPS_OF_STOP = 2  # the one that ends on pit road, and the out lap
_LAPS_TO_PLACE = 2  # after a stop at the end of this lap: when its out lap ends


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all races of a replay: its median, and 5 % and 95 % of them."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """How the race may go on for one car.

    Attributes:
        laps_done: Laps that the car had completed.
        laps: Laps at the flag in each race; shape (races,).
        place: Place in class at the flag; None where it hangs on stops of unknown cost.
        place_after_stop: Place in class at the end of the out lap, if it stops at the end of this
            lap and the others stay out; None where the cost of a stop is not known.
        change: Change of the iRating at the flag; None where a rating is missing, or the place.
        races: Races that were driven.
    """

    laps_done: int
    laps: Integers
    place: Spread | None
    place_after_stop: Spread | None
    change: Spread | None
    races: int


def outlook(
    race: Race,
    own: int,
    distance: Distance,
    *,
    stops: Sequence[int] = (),
    stop_s: float | None = None,
    stint_laps: int | None = None,
    ratings: Mapping[int, float | None] | None = None,
    seed: int = 0,
) -> Outlook | None:
    """Drive the race to its end; None where the car has no lap, or nobody has a lap that counts.

    Args:
        race: Its cars, fitted on the laps so far.
        own: ``group_id`` of the car.
        distance: How long the race is.
        stops: Laps at whose end the car will stop.
        stop_s: What its next stop costs; None for what stops cost in this race.
        stint_laps: Laps that a tank lasts in its class; None for the longest stint so far.
        ratings: iRating of each entry of its class, by ``group_id``.
        seed: Source of chance.

    Raises:
        NoLapError: No car completed a lap.
    """
    if own not in race.paces or not any(pace.lap_count for pace in race.paces.values()):
        return None
    estimates = estimate(race)
    if not np.isfinite(estimates.field.pace_s).all():
        return None
    at = int(np.flatnonzero(estimates.cars == own)[0])
    field, done = estimates.field, int(estimates.field.laps_done[at])
    left = _laps_left(field, distance)
    coming = coming_stops(race, estimates.cars, field, left, own=own, stint_laps=stint_laps)
    coming[own] = tuple(lap for lap in stops if lap > done)
    # Until some cars have stopped, the others' stops cost what the own one will.
    whole = sum(_whole_stops(pace) for pace in race.paces.values())
    cost = field.stop_s.copy()
    if whole < _FEWEST_STOPS and stop_s is not None:
        cost[:] = stop_s
    if stop_s is not None:
        cost[at] = stop_s
    last = int(max(pace.car.lap[-1] for pace in race.paces.values()))
    now = at_lap(race, estimates, last, coming)
    # Stops that the own car needs to reach the flag.
    retirement = np.where(np.arange(now.cars) == at, 0.0, field.retirement_chance)
    now = replace(
        now,
        stop_s=cost,
        retirement_chance=retirement,
        elapsed_s=now.elapsed_s + _still_standing(race, cost),
    )
    races = int(np.clip(_CAR_LAPS // max(int(left.max()) * now.cars, 1), FEWEST_RACES, MOST_RACES))
    end = finish(replay(now, distance, estimates.passing, races=races, seed=seed), now, distance)
    known = stop_s is not None or whole > 0
    after = None
    if known and now.running[at]:
        after = _after_stop(now, at, estimates.passing, seed)
    places = end.place_in_class[:, at]
    # Where the order at the flag hangs on stops that nobody knows the cost of, it is not known.
    sure = known or not any(coming.values())
    return Outlook(
        done,
        end.laps[:, at],
        _spread(places) if sure else None,
        after,
        _change(places, own, ratings) if sure else None,
        races,
    )


def coming_stops(
    race: Race,
    cars: Integers,
    field: Field,
    left: Integers,
    *,
    own: int,
    stint_laps: int | None,
) -> dict[int, tuple[int, ...]]:
    """Laps at whose end each car has to stop, if it stays out as long as its class can.

    That is the longest stint of the class so far, or what the own car's tank lasts.
    """
    driven = stop_laps(race)
    own_class = race.paces[own].car.class_id
    longest: dict[int | None, int] = {}
    for group_id, pace in race.paces.items():
        ends = driven.get(group_id, ())
        if ends:
            stint = int(np.diff([0, *ends]).max())
            longest[pace.car.class_id] = max(longest.get(pace.car.class_id, 0), stint)
    if stint_laps is not None:
        longest[own_class] = max(longest.get(own_class, 0), stint_laps)
    coming = {}
    for index, group_id in enumerate(int(car) for car in cars):
        most = longest.get(race.paces[group_id].car.class_id)
        done, rest = int(field.laps_done[index]), int(left[index])
        if not most or not field.running[index]:
            continue
        since = done - max(driven.get(group_id, (0,)), default=0)
        count = max(ceil((since + rest) / most) - 1, 0)
        first = done + max(most - since, 1)
        coming[group_id] = tuple(
            lap for lap in range(first, first + count * most, most) if lap < done + rest
        )
    return coming


def _whole_stops(pace: CarPace) -> int:
    """Stops of which the out lap is known."""
    stops = int(pace.stop.max(initial=0))
    return stops - int(_begun(pace))


def _begun(pace: CarPace) -> bool:
    """Whether the last lap ended on pit road, so that the out lap holds the rest of the stop."""
    last = int(pace.stop[-1]) if len(pace.stop) else 0
    return last > 0 and int((pace.stop == last).sum()) < _LAPS_OF_STOP


def _still_standing(race: Race, cost: Floats) -> Floats:
    """Remaining seconds of stops that had begun when cars crossed the line; shape (cars,)."""
    left = np.zeros(len(cost))
    for index, pace in enumerate(race.paces.values()):
        if _begun(pace):
            spent = float(pace.excess_s[-1])
            left[index] = max(cost[index] - (spent if np.isfinite(spent) else 0.0), 0.0)
    return left


def _after_stop(now: Field, at: int, passing: Passing, seed: int) -> Spread:
    """Place in class at the end of the out lap of a stop at the end of this lap.

    The other cars stay out: who of them stops in the same laps is not known.
    """
    done = int(now.laps_done[at])
    stops: list[tuple[int, ...]] = [()] * now.cars
    stops[at] = (done + 1,)
    stopped = replace(now, stops=tuple(stops))
    short = Distance(laps=done + _LAPS_TO_PLACE)
    lines = replay(stopped, short, passing, races=FEWEST_RACES, seed=seed)
    line = lines[:, :, done + _LAPS_TO_PLACE]
    rivals = (now.car_class_id == now.car_class_id[at]) & now.running
    rivals[at] = False
    with np.errstate(invalid="ignore"):
        ahead = (line[:, rivals] < line[:, [at]]) | (now.laps_done[rivals] > done + _LAPS_TO_PLACE)
    return _spread(1 + ahead.sum(axis=1))


def _laps_left(field: Field, distance: Distance) -> Integers:
    """Laps that each car still has to drive at its pace."""
    if distance.laps is not None:
        return np.maximum(distance.laps - field.laps_done, 1)
    left = np.maximum((distance.clock_s or 0.0) - field.elapsed_s, 0.0)
    return np.asarray(np.floor(left / field.pace_s) + 1, np.int64)


def _change(
    places: Integers, own: int, ratings: Mapping[int, float | None] | None
) -> Spread | None:
    rated = dict(ratings or {})
    if own not in rated or len(rated) < 2 or any(each is None for each in rated.values()):
        return None
    order = list(rated)
    expected = expected_scores(np.array([rated[each] for each in order], np.float64))
    change = change_at(places.astype(np.float64), float(expected[order.index(own)]), len(order))
    return _spread(change)


def _spread(values: Floats | Integers) -> Spread:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], method="nearest")
    return Spread(float(middle), float(low), float(high))
