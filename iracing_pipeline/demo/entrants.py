"""The other drivers in a race: invented, with the kinds of names that real ones have.

Among them names that break YAML where it is printed without quotes, as iRacing prints it, and
letters beyond ASCII. All fit Windows-1252, the encoding of the session info.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.career import CUST_ID, DRIVER_NAME, Licence

if TYPE_CHECKING:
    from iracing_pipeline.demo.career import Race

_NAMES = (
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
    names = rng.permutation(len(_NAMES))
    numbers = rng.choice(np.arange(1, 100), size=race.drivers, replace=False)
    ratings = _ratings(race, rng)
    groups = rng.choice([1, 2, 2, 3, 3, 4, 5], size=race.drivers)
    sub_levels = rng.integers(150, 490, size=race.drivers)
    found = []
    for place in range(race.drivers):
        index = place + 1
        if index == race.car_index:
            found.append(_demo_driver(race))
            continue
        who = int(names[place])
        found.append(
            Entrant(
                car_index=index,
                cust_id=_FIRST_CUST_ID + 37 * who,
                name=_NAMES[who],
                car_number=str(numbers[place]),
                irating=ratings[place],
                licence=Licence(int(groups[place]), int(sub_levels[place])),
            )
        )
    return tuple(found)


def _demo_driver(race: Race) -> Entrant:
    return Entrant(
        car_index=race.car_index,
        cust_id=CUST_ID,
        name=DRIVER_NAME,
        car_number=race.series.car.number,
        irating=race.irating_before,
        licence=race.licence_before,
    )


def _ratings(race: Race, rng: np.random.Generator) -> list[int]:
    """Ratings about the strength of the field."""
    spread = rng.lognormal(0.0, 0.28, size=race.drivers)
    return [round(race.strength_of_field * part / spread.mean()) for part in spread.tolist()]
