"""Forecast of ratings, and the clean driving that the next licence needs.

iRacing publishes the definition of corners per incident, and the Safety Rating at which a licence
is given at once. It does not publish how corners per incident change the Safety Rating. So the
effect is measured on the driver's own races.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import irating, robust
from iracing_pipeline.analysis.robust import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.analysis.samples import Floats

WINDOW = 30
"""Races that a forecast looks back on: older ones were driven by another driver."""
FEWEST_RACES = 8
FEWEST_FOR_CLEANNESS = 10
_SLOPE = 10.0  # rating points over which a change is compared


@dataclass(frozen=True, slots=True)
class Forecast:
    """A rating after so many more races.

    Attributes:
        races: Races from now.
        value: What to expect.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    races: int
    value: float
    low: float
    high: float


def change_per_race(ratings: Floats, *, window: int = WINDOW) -> Estimate | None:
    """Return the mean change in a race; None for fewer than eight changes.

    Args:
        ratings: The rating after each race, in order of time, of one category.
        window: Changes to look back on.
    """
    changes = np.diff(ratings)[-window:]
    count = len(changes)
    if count < FEWEST_RACES:
        return None
    mean = float(changes.mean())
    half = robust.t_quantile(count - 1) * float(changes.std(ddof=1)) / np.sqrt(count)
    return Estimate(mean, float(mean - half), float(mean + half), count)


def forecast(
    ratings: Floats, *, races: Sequence[int] = (5, 10, 20), window: int = WINDOW
) -> list[Forecast]:
    """The rating after some more races, if they go as the last ones did; empty for too few.

    A walk of independent steps: their scatter adds up like its root, and that the average step is
    not known exactly adds up with the races.

    Args:
        ratings: The rating after each race, in order of time, of one category.
        races: How far to look ahead.
        window: Changes to look back on.
    """
    step = change_per_race(ratings, window=window)
    if step is None:
        return []
    changes = np.diff(ratings)[-window:]
    scatter = float(changes.std(ddof=1))
    reach = robust.t_quantile(len(changes) - 1)
    estimates = []
    for ahead in races:
        half = reach * scatter * np.sqrt(ahead + ahead**2 / len(changes))
        value = float(ratings[-1] + ahead * step.value)
        estimates.append(Forecast(ahead, value, float(value - half), float(value + half)))
    return estimates


@dataclass(frozen=True, slots=True)
class Field:
    """One race of a driver: the others of the class, and the place among them.

    Attributes:
        place: Finishing place in class, from 1.
        others: iRating of the other entries of the class; shape (entries - 1,).
    """

    place: int
    others: Floats

    def change(self, rating: float) -> float:
        """Return the change at this place in this field for a driver with some rating."""
        entries = len(self.others) + 1
        expected = irating.expected_scores(np.concatenate(([rating], self.others)))[0]
        return float(irating.change_at(self.place, float(expected), entries))


def change_in_fields(fields: Sequence[Field], rating: float) -> Estimate | None:
    """Return the mean change of a race in fields like these; None for fewer than eight.

    Args:
        fields: The last races.
        rating: The driver's rating now.
    """
    count = len(fields)
    if count < FEWEST_RACES:
        return None
    changes = np.array([field.change(rating) for field in fields])
    half = robust.t_quantile(count - 1) * float(changes.std(ddof=1)) / np.sqrt(count)
    mean = float(changes.mean())
    return Estimate(mean, float(mean - half), float(mean + half), count)


def forecast_in_fields(
    fields: Sequence[Field], rating: float, *, races: Sequence[int] = (5, 10, 20)
) -> list[Forecast]:
    """The rating after some more races with places and fields like these; empty for too few.

    A higher rating expects more, so each step is worked out at the rating that the steps before it
    lead to. The scatter of a step fades with the same pull, and what is not known of the mean step
    adds up.

    Args:
        fields: The last races.
        rating: The driver's rating now.
        races: How far to look ahead.
    """
    step = change_in_fields(fields, rating)
    if step is None:
        return []
    count = len(fields)
    scatter = float(np.std([field.change(rating) for field in fields], ddof=1))
    reach = robust.t_quantile(count - 1)
    estimates, value, walked, drift = [], rating, 0.0, 0.0
    for ahead in range(1, max(races) + 1):
        here = float(np.mean([field.change(value) for field in fields]))
        above = float(np.mean([field.change(value + _SLOPE) for field in fields]))
        keeps = 1 + (above - here) / _SLOPE  # of a point more, after the next race
        value += here
        walked = keeps**2 * walked + scatter**2
        drift = keeps * drift + scatter / np.sqrt(count)
        if ahead in races:
            half = reach * float(np.sqrt(walked + drift**2))
            estimates.append(Forecast(ahead, value, value - half, value + half))
    return estimates


@dataclass(frozen=True, slots=True)
class Cleanness:
    """How a driver's Safety Rating follows from corners per incident.

    Attributes:
        change_per_doubling: What twice the corners per incident adds to the change of a race.
        break_even: Corners per incident at which a race changes nothing.
        cleanest: The most corners per incident among the races: beyond it nothing is known.
        races: Races that it was measured on.
    """

    change_per_doubling: Estimate
    break_even: float
    cleanest: float
    races: int

    def needed(self, gap: float, races: int) -> float | None:
        """Corners per incident that close a gap of Safety Rating within some races.

        None where that is cleaner than any race that was driven, so that it cannot be determined.
        """
        doublings = gap / races / self.change_per_doubling.value
        wanted = self.break_even * 2.0**doublings
        return wanted if wanted <= self.cleanest else None


def corners_per_incident(corners: Floats, incidents: Floats) -> Floats:
    """Corners driven for each incident point; a race without counts as if it had half a point.

    Args:
        corners: Corners per lap times laps completed, of each race.
        incidents: Incident points of each race.
    """
    return np.asarray(corners / np.maximum(incidents, 0.5))


def cleanness(per_incident: Floats, changes: Floats) -> Cleanness | None:
    """Measure how changes of Safety Rating follow from corners per incident.

    Args:
        per_incident: Corners per incident of each race.
        changes: What the race changed in the Safety Rating, NaN where the class changed.

    Returns:
        None for fewer than ten races, or where cleaner races are not known to give more.
    """
    usable = np.isfinite(changes) & np.isfinite(per_incident) & (per_incident > 0)
    doublings, gained = np.log2(per_incident[usable]), changes[usable]
    if len(gained) < FEWEST_FOR_CLEANNESS:
        return None
    slope = robust.trend(doublings, gained)
    if slope is None or slope.low <= 0:
        return None
    level = float(np.median(gained - slope.value * doublings))
    return Cleanness(
        change_per_doubling=slope,
        break_even=float(2.0 ** (-level / slope.value)),
        cleanest=float(per_incident[usable].max()),
        races=len(gained),
    )
