"""What a race would have been with one thing changed.

Each question races the field again from the moment of the change, and beside it the race as it was
from the same moment, with the same luck. Parameters are those of the whole race
(`analysis/race_field.py`); what happened before the moment stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.race_field import at_lap
from iracing_pipeline.analysis.race_replay import finish, replay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis.race_field import Estimates
    from iracing_pipeline.analysis.race_replay import Distance, Field, Finish
    from iracing_pipeline.analysis.samples import Floats, Integers

RACES = 2000


@dataclass(frozen=True, slots=True)
class Race:
    """A race that was driven.

    Attributes:
        chart: Its lap chart, with the columns of `race_field.LAP_COLUMNS`.
        estimates: How its cars drive, from the whole race.
        distance: How long it was.
        stops: Laps at whose end each car stopped.
    """

    chart: pl.DataFrame
    estimates: Estimates
    distance: Distance
    stops: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Places in class and times, over all races of a replay.

    Attributes:
        races: Races that were driven.
        place_odds: Chance of each place in class, from the first on; they add up to 1.
        place: Median place in class.
        place_low: 5 % of the races ended better.
        place_high: 5 % of the races ended worse.
        gained_s: Median time gained by the change, with the laps both races have; below zero where
            it lost.
        gained_low_s: 5 % gained less.
        gained_high_s: 5 % gained more.
        places_gained: Mean number of places that the change gained.
        replayed: Places in class of all cars, shape (races, cars), for what depends on them.
    """

    races: int
    place_odds: Floats
    place: float
    place_low: float
    place_high: float
    gained_s: float
    gained_low_s: float
    gained_high_s: float
    places_gained: float
    replayed: Integers


def without_loss(race: Race, car: int, lap: int, *, seed: int = 0) -> Answer:
    """The race if ``car`` had driven ``lap`` as it usually does: no off, no slow stop."""
    start = lap - 1
    before = _field(race, start, race.stops)
    index = _index(race, car)
    as_it_was = _forced(race, before, index, lap)
    return _answer(race, index, before, as_it_was, seed)


def with_stops(race: Race, car: int, stops: tuple[int, ...], *, seed: int = 0) -> Answer:
    """The race if ``car`` had stopped at the end of these laps instead."""
    own = race.stops.get(car, ())
    changed = sorted(set(own) ^ set(stops))
    start = max(min(changed) - 1, 1) if changed else 1
    index = _index(race, car)
    other = {**race.stops, car: stops}
    return _answer(race, index, _field(race, start, other), _field(race, start, race.stops), seed)


def from_place(race: Race, car: int, place: int, *, seed: int = 0) -> Answer:
    """The race if ``car`` had been at ``place`` of its class at the end of lap 1."""
    index, field = _index(race, car), _field(race, 1, race.stops)
    own_class = np.flatnonzero(field.car_class_id == field.car_class_id[index])
    others = np.sort(field.elapsed_s[own_class[own_class != index]])
    if not 1 <= place <= len(others) + 1:
        raise ValueError(f"Place {place} is outside the class of {len(others) + 1} cars")
    elapsed = field.elapsed_s.copy()
    elapsed[index] = others[min(place - 1, len(others) - 1)] + (
        -0.05 if place <= len(others) else 0.05
    )
    return _answer(race, index, replace(field, elapsed_s=elapsed), field, seed)


def _index(race: Race, car: int) -> int:
    """Position of the car in the field.

    Raises:
        ValueError: The car is not in the race.
    """
    positions = np.flatnonzero(race.estimates.cars == car)
    if not len(positions):
        raise ValueError(f"Car {car} is not in the race")
    return int(positions[0])


def _field(race: Race, lap: int, stops: Mapping[int, tuple[int, ...]]) -> Field:
    return at_lap(race.estimates, race.chart, lap, stops)


def _forced(race: Race, before: Field, index: int, lap: int) -> Field:
    """The field before the lap, its start moved back by what the car lost in the lap."""
    car = int(race.estimates.cars[index])
    row = race.chart.filter(pl.col("car") == car, pl.col("lap_number") == lap).row(0, named=True)
    usual = before.pace_s[index] + before.fade_s_per_lap[index] * row["tyre_laps"]
    usual += before.stop_s[index] if row["stopped"] else 0.0
    elapsed = before.elapsed_s.copy()
    elapsed[index] += max(row["lap_s"] - usual, 0.0)
    return replace(before, elapsed_s=elapsed)


def _answer(race: Race, index: int, changed: Field, as_it_was: Field, seed: int) -> Answer:
    ends = []
    for field in (changed, as_it_was):
        lines = replay(field, race.distance, race.estimates.passing, races=RACES, seed=seed)
        ends.append((lines, finish(lines, field, race.distance)))
    (lines, end), (lines_was, was) = ends
    places = end.place_in_class[:, index]
    cars = int((changed.car_class_id == changed.car_class_id[index]).sum())
    gained = _gained(lines[:, index], end, lines_was[:, index], was, index)
    low, high = np.quantile(places, [0.05, 0.95], method="nearest")
    gained_low, gained_high = np.quantile(gained, [0.05, 0.95])
    return Answer(
        races=RACES,
        place_odds=np.bincount(places, minlength=cars + 1)[1:] / RACES,
        place=float(np.median(places)),
        place_low=float(low),
        place_high=float(high),
        gained_s=float(np.median(gained)),
        gained_low_s=float(gained_low),
        gained_high_s=float(gained_high),
        places_gained=float(np.mean(was.place_in_class[:, index] - places)),
        replayed=end.place_in_class,
    )


def _gained(lines: Floats, end: Finish, lines_was: Floats, was: Finish, index: int) -> Floats:
    """Time gained in each race, at the last lap that the car completed in both."""
    laps = np.minimum(end.laps[:, index], was.laps[:, index])
    rows = np.arange(len(laps))
    with np.errstate(invalid="ignore"):
        gained = lines_was[rows, laps] - lines[rows, laps]
    return np.asarray(np.where(np.isfinite(gained), gained, 0.0))
