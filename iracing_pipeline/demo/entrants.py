"""The other drivers in a race: invented, with the kinds of names that real ones have.

Among them names that break YAML where it is printed without quotes, as iRacing prints it, and
letters beyond ASCII. All fit Windows-1252, the encoding of the session info.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.career import CUST_ID, DRIVER_NAME, Licence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.demo.career import Race

NAMES = (
    "Zoë Vandenbroucke",
    "José María Ibáñez",
    "Søren Lindqvist",
    "François Pelletier",
    "Jürgen Weiß",
    "Nuño Álvares",
    "Dana #7 Okafor",
    "Racer: The Return",
    "- Tom Ghostley",
    "*Stella* Marsh",
    "? Quentin Mark",
    'Will "Flash" Barlow',
    "Pat O'Rourke",
    "No",
    "Null Byteson",
    "Ann-Kathrin Brandt",
    "Ravi Chandrasekhar2",
    "Bo Li",
    "Tyler J Hutchins",
    "Marcus Fenwick Jr",
    "Eva Kovacs",
    "Ines Duarte",
    "Kenji Watanabe",
    "Oleg Marchenko",
    "Hannah Greaves",
    "Luca Bianchini",
    "Gwen Pryce-Jones",
    "Dmitri Volkonsky",
    "Aoife Ni Bhriain",
    "Samuel Adeyemi",
    "Petra Novotna",
    "Callum McAllister",
)
_FIRST_CUST_ID = 9_910_000


@dataclass(frozen=True, slots=True)
class Entrant:
    """A driver in a race."""

    car_index: int
    cust_id: int
    name: str
    car_number: str
    irating: int
    licence: Licence

    @property
    def abbreviation(self) -> str:
        """Family name and initial, as iRacing shortens names."""
        *given, family = self.name.split()
        return f"{family}, {given[0][0]}" if given else family

    @property
    def initials(self) -> str:
        """First letters of the first and the last name."""
        words = self.name.split()
        return words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2].upper()


@lru_cache(maxsize=64)
def entrants(race: Race) -> tuple[Entrant, ...]:
    """Everybody in a race, the demo driver among them, by CarIdx; 0 is the pace car's."""
    rng = np.random.default_rng(race.subsession_id)
    names = rng.permutation(len(NAMES))
    free = np.setdiff1d(np.arange(1, 100), [int(race.series.car.number)])
    numbers = rng.choice(free, size=race.drivers, replace=False)
    ratings = iter(_ratings(race, rng))
    groups = rng.choice([1, 2, 2, 3, 3, 4, 5], size=race.drivers)
    sub_levels = rng.integers(150, 490, size=race.drivers)
    drivers = []
    for place in range(race.drivers):
        index = place + 1
        if index == race.car_index:
            drivers.append(_demo_driver(race))
            continue
        who = int(names[place])
        drivers.append(
            Entrant(
                car_index=index,
                cust_id=_FIRST_CUST_ID + 37 * who,
                name=NAMES[who],
                car_number=str(numbers[place]),
                irating=next(ratings),
                licence=Licence(int(groups[place]), int(sub_levels[place])),
            )
        )
    return tuple(drivers)


def stranger(who: int, number: int, irating: int) -> Entrant:
    """One of the other drivers, in a race that has no telemetry.

    Args:
        who: Index into the names.
        number: Place on the entry list and number on the car.
        irating: iRating before the race.
    """
    return Entrant(
        car_index=number,
        cust_id=_FIRST_CUST_ID + 37 * who,
        name=NAMES[who],
        car_number=str(number),
        irating=irating,
        licence=Licence(2 + who % 3, 200 + 7 * who),
    )


def _demo_driver(race: Race) -> Entrant:
    return Entrant(
        car_index=race.car_index,
        cust_id=CUST_ID,
        name=DRIVER_NAME,
        car_number=race.series.car.number,
        irating=race.irating_before,
        licence=race.licence_before,
    )


def strength_of_field(ratings: Sequence[float]) -> float:
    """Strength of field, as iRacing reckons it from the ratings of a split."""
    scale = 1600.0 / math.log(2.0)
    return scale * math.log(len(ratings) / sum(math.exp(-rating / scale) for rating in ratings))


def _ratings(race: Race, rng: np.random.Generator) -> list[int]:
    """Ratings of the others, such that the split has the strength that the race says."""
    others = race.strength_of_field * rng.lognormal(0.0, 0.28, size=race.drivers - 1)
    for _ in range(20):
        strength = strength_of_field([*others, race.irating_before])
        others = np.maximum(others + race.strength_of_field - strength, 150.0)
    return [round(rating) for rating in others.tolist()]
