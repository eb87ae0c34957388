"""Change of iRating in a race: the arithmetic of one class.

An entry gains by its score: the entries that finish behind it, minus the score that its rating
lets expect. Each class counts by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Flags, Floats

SCALE = 1600.0 / float(np.log(2.0))
"""Rating points over which ``exp(-rating / SCALE)`` falls to 1/e."""
_POINTS = 200.0
_TILT = 0.01  # share of the distance to the middle place that is taken off the score
_LOWEST = 1.0  # below, the chance of winning is not defined


def expected_scores(ratings: Floats) -> Floats:
    """Entries that each entry is expected to beat, half of itself included; shape (n,).

    Args:
        ratings: iRating of each entry of the class before the race; shape (n,).
    """
    weakness = np.exp(-np.maximum(ratings, _LOWEST) / SCALE)
    wins = np.outer(1 - weakness, weakness)  # of i over j, against those of j over i
    return np.asarray((wins / (wins + wins.T)).sum(axis=1) - 0.5)


def place_value(entries: int) -> float:
    """Return the rating points of one place in a class of so many entries."""
    return _POINTS * (1 - _TILT) / entries


def change_at(place: Floats | int, expected: Floats | float, entries: int) -> Floats:
    """Change of an entry at a finishing place.

    Args:
        place: Place in class, from 1.
        expected: Expected score of the entry.
        entries: Entries of the class, those without a lap included.
    """
    return np.asarray(
        (entries - place - expected - (entries / 2 - place) * _TILT) * _POINTS / entries
    )


def changes(ratings: Floats, completed: Flags) -> Floats:
    """Change of each entry of a class; shape (n,).

    An entry that completed no lap shares what the others leave, in proportion to its expected
    score, with all others like it.

    Args:
        ratings: iRating before the race, in order of finish; shape (n,).
        completed: Whether the entry completed a lap; shape (n,).
    """
    entries = len(ratings)
    if not entries:
        return np.empty(0)
    expected = expected_scores(ratings)
    by_place = change_at(np.arange(1.0, entries + 1), expected, entries)
    absent = ~completed
    if absent.any() and completed.any():
        left = -by_place[completed].sum()
        by_place[absent] = left * expected[absent] / expected[absent].sum()
    return by_place


def team_rating(ratings: Floats, laps: Floats) -> float:
    """IRating of a car that several drivers shared.

    The mean of ``exp(-rating / SCALE)``, weighted by the laps that each drove; that of all
    drivers alike where none completed a lap.

    Args:
        ratings: iRating of each driver before the race; shape (n,), n >= 1.
        laps: Laps that each drove; shape (n,).
    """
    weights = laps if laps.sum() > 0 else np.ones_like(ratings)
    weakness = np.exp(-np.maximum(ratings, _LOWEST) / SCALE)
    return float(-SCALE * np.log(np.average(weakness, weights=weights)))


def driver_shares(laps: Floats) -> Floats:
    """Share of the team's change that each driver gets: that of the laps driven; shape (n,)."""
    total = laps.sum()
    return np.asarray(laps / total) if total > 0 else np.full(len(laps), 1.0 / len(laps))
