"""Outcome of a race with one change.

Each question races the field again from the moment of the change, and beside it the race as it was
from the same moment, with the same luck. Parameters are those of the whole race
(`analysis/race_field.py`); what happened before the moment stays as it was.

A race is as many laps as its leader drove. Cautions are not replayed: a race that was neutralised
is refused, as is a stint that no car of the class drove.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.race_field import at_lap, estimate, stop_laps
from iracing_pipeline.analysis.race_pace import FEWEST_LAPS, Role
from iracing_pipeline.analysis.race_replay import Distance, finish, replay
from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis import race_ledger
    from iracing_pipeline.analysis.race_field import Estimates
    from iracing_pipeline.analysis.race_replay import Field, Finish
    from iracing_pipeline.analysis.samples import Floats, Integers

MOST_RACES, FEWEST_RACES = 500, 100
_CAR_LAPS = 1_000_000
"""Laps of all cars and races of one replay; fewer races where a race is longer."""
_MOST_CAR_LAPS = 100_000
_AT_FRONT_S = 0.05


class WhatIfRefusedError(PipelineError, ValueError):
    """The lap chart does not allow the question."""


@dataclass(frozen=True, slots=True)
class Race:
    """A race that was driven.

    Attributes:
        race: Its cars, fitted.
        estimates: How they drive, from the whole race.
        distance: How long it was.
        stops: First lap of each stop of each car.
        races: How often each question is driven.
        unchanged: Replays without a change, by the lap that they begin after.
    """

    race: race_ledger.Race
    estimates: Estimates
    distance: Distance
    stops: Mapping[int, tuple[int, ...]]
    races: int
    unchanged: dict[int, tuple[Floats, Finish]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Places in class and times, over all races of a replay.

    Attributes:
        races: Races that were driven.
        place_odds: Chance of each place in class, from the first on; they add up to 1.
        odds_as_it_was: The same without the change.
        place: Median place in class.
        place_low: 5 % of the races ended better.
        place_high: 5 % of the races ended worse.
        place_as_it_was: Median place in class without the change.
        gained_s: Median time gained by the change, with the laps both races have; below zero where
            it lost.
        gained_low_s: 5 % gained less.
        gained_high_s: 5 % gained more.
        places_gained: Mean number of places that the change gained.
    """

    races: int
    place_odds: Floats
    odds_as_it_was: Floats
    place: float
    place_low: float
    place_high: float
    place_as_it_was: float
    gained_s: float
    gained_low_s: float
    gained_high_s: float
    places_gained: float


def driven(race: race_ledger.Race) -> Race:
    """A race, ready for questions.

    Raises:
        NoLapError: No car completed a lap.
        WhatIfRefusedError: It cannot be driven again.
    """
    estimates = estimate(race)
    laps = max(int(pace.car.lap[-1]) for pace in race.paces.values())
    car_laps = laps * len(race.paces)
    if car_laps > _MOST_CAR_LAPS:
        raise WhatIfRefusedError(f"{car_laps} laps of all cars are too many to drive again")
    slow = [
        int(lap)
        for pace in race.paces.values()
        for lap in pace.car.lap[(pace.role == Role.CAUTION) | pace.car.field_slow]
    ]
    if slow:
        raise WhatIfRefusedError(
            f"the field was slow or under a caution on lap {min(slow)}, and a replay has no"
            " cautions"
        )
    races = min(max(_CAR_LAPS // car_laps, FEWEST_RACES), MOST_RACES)
    return Race(race, estimates, Distance(laps=laps), stop_laps(race), races)


def without_loss(race: Race, car: int, lap: int, seconds: float) -> Answer:
    """The race if ``car`` had not lost these seconds on ``lap``: no off, no slow stop.

    Args:
        race: The race.
        car: Its ``group_id``.
        lap: The lap, or the first one that they were lost on.
        seconds: What was lost beyond the car's usual lap, or its usual stop.
    """
    index = _index(race, car)
    before = at_lap(race.race, race.estimates, lap - 1, race.stops)
    elapsed = before.elapsed_s.copy()
    elapsed[index] += seconds
    return _answer(race, index, before, _drive(race, replace(before, elapsed_s=elapsed)))


def with_stops(race: Race, car: int, stops: tuple[int, ...]) -> Answer:
    """The race if ``car`` had stopped at the end of these laps instead.

    Raises:
        WhatIfRefusedError: No car of the class drove a stint as long as that takes.
    """
    index = _index(race, car)
    most, longest = _longest_stint(race, car), longest_stint(stops, _laps(race, car))
    if longest > most:
        raise WhatIfRefusedError(
            f"it takes {longest} laps without a stop, and no car of the class drove more than"
            f" {most}"
        )
    changed = sorted(set(race.stops.get(car, ())) ^ set(stops))
    start = max(min(changed) - 1, 0) if changed else 0
    other = {**race.stops, car: stops}
    field_then = at_lap(race.race, race.estimates, start, other)
    return _answer(race, index, field_then, _as_it_was(race, start))


def from_place(race: Race, car: int, place: int) -> Answer:
    """The race if ``car`` had been at ``place`` of its class at the end of lap 1.

    Raises:
        WhatIfRefusedError: The class has no such place.
    """
    index = _index(race, car)
    then = at_lap(race.race, race.estimates, 1, race.stops)
    own_class = np.flatnonzero(then.car_class_id == then.car_class_id[index])
    others = np.sort(then.elapsed_s[own_class[own_class != index]])
    if not 1 <= place <= len(others) + 1:
        raise WhatIfRefusedError(f"place {place} is outside the class of {len(others) + 1} cars")
    elapsed = then.elapsed_s.copy()
    if place <= len(others):
        elapsed[index] = others[place - 1] - _AT_FRONT_S
    elif len(others):
        elapsed[index] = others[-1] + _AT_FRONT_S
    return _answer(race, index, replace(then, elapsed_s=elapsed), _as_it_was(race, 1))


def place_after_lap_one(race: Race, car: int) -> int:
    """Place in class of the car at the end of lap 1."""
    index = _index(race, car)
    then = at_lap(race.race, race.estimates, 1, race.stops)
    own = then.car_class_id == then.car_class_id[index]
    return int((then.elapsed_s[own] < then.elapsed_s[index]).sum()) + 1


def _index(race: Race, car: int) -> int:
    """Position of the car in the field.

    Raises:
        WhatIfRefusedError: The car is not in the race, or too few laps show how it drives.
    """
    positions = np.flatnonzero(race.estimates.cars == car)
    if not len(positions):
        raise WhatIfRefusedError(f"car {car} is not in the race")
    index = int(positions[0])
    laps = int(race.estimates.clean_laps[index])
    if laps < FEWEST_LAPS:
        raise WhatIfRefusedError(
            f"{laps} laps of the car show its pace, and a replay takes {FEWEST_LAPS}"
        )
    return index


def _laps(race: Race, car: int) -> int:
    return int(race.race.paces[car].car.lap[-1])


def longest_stint(stops: tuple[int, ...], laps: int) -> int:
    """Laps of the longest stint."""
    ends = [0, *sorted(lap for lap in stops if lap < laps), laps]
    return int(np.diff(ends).max())


def _longest_stint(race: Race, car: int) -> int:
    class_id = race.race.paces[car].car.class_id
    return max(
        longest_stint(race.stops.get(each, ()), _laps(race, each))
        for each, pace in race.race.paces.items()
        if pace.car.class_id == class_id
    )


def _drive(race: Race, start: Field) -> tuple[Floats, Finish]:
    lines = replay(start, race.distance, race.estimates.passing, races=race.races)
    return lines, finish(lines, start, race.distance)


def _as_it_was(race: Race, lap: int) -> tuple[Floats, Finish]:
    if lap not in race.unchanged:
        race.unchanged[lap] = _drive(race, at_lap(race.race, race.estimates, lap, race.stops))
    return race.unchanged[lap]


def _answer(race: Race, index: int, changed: Field, as_it_was: tuple[Floats, Finish]) -> Answer:
    (lines, end), (lines_was, was) = _drive(race, changed), as_it_was
    places, places_was = end.place_in_class[:, index], was.place_in_class[:, index]
    cars = int((changed.car_class_id == changed.car_class_id[index]).sum())
    gained = _gained(lines[:, index], end, lines_was[:, index], was, index)
    low, high = np.quantile(places, [0.05, 0.95], method="nearest")
    gained_low, gained_high = np.quantile(gained, [0.05, 0.95])
    return Answer(
        races=race.races,
        place_odds=_odds(places, cars),
        odds_as_it_was=_odds(places_was, cars),
        place=float(np.median(places)),
        place_low=float(low),
        place_high=float(high),
        place_as_it_was=float(np.median(places_was)),
        gained_s=float(np.median(gained)),
        gained_low_s=float(gained_low),
        gained_high_s=float(gained_high),
        places_gained=float(np.mean(places_was - places)),
    )


def _odds(places: Integers, cars: int) -> Floats:
    return np.asarray(np.bincount(places, minlength=cars + 1)[1:] / len(places))


def _gained(lines: Floats, end: Finish, lines_was: Floats, was: Finish, index: int) -> Floats:
    """Time gained in each race, at the last lap that the car completed in both."""
    laps = np.minimum(end.laps[:, index], was.laps[:, index])
    rows = np.arange(len(laps))
    with np.errstate(invalid="ignore"):
        gained = lines_was[rows, laps] - lines[rows, laps]
    return np.asarray(np.where(np.isfinite(gained), gained, 0.0))
