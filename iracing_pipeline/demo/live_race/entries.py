"""The session info of a race: who takes part, and what the session is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.career import CUST_ID, DRIVER_NAME
from iracing_pipeline.demo.entrants import NAMES
from iracing_pipeline.demo.session_text import Tree, print_session_info

if TYPE_CHECKING:
    from iracing_pipeline.demo.live_race.moments import Moments

FIRST_SUBSESSION = 98_000_000
INCIDENT_LIMIT, INCIDENT_WARNING, NEXT_WARNING = 25, 17, 4
"""Points of disqualification, of the first penalty, and between that and each further one."""
_CLASSES = ("GT3 Class", "GT4 Class")
_SESSIONS = (("Practice", "PRACTICE"), ("Lone Qualify", "QUALIFY"), ("Race", "RACE"))
_FIRST_CUST_ID = 9_910_000


@dataclass(frozen=True, slots=True)
class Driver:
    """One of the drivers of a car."""

    cust_id: int
    name: str
    irating: int


class Entries:
    """Who drives what in a race.

    Args:
        moments: The race.
    """

    def __init__(self, moments: Moments) -> None:
        setup = moments.timing.setup
        self._moments = moments
        rng = np.random.default_rng([7, setup.seed])
        # A faster driver has a higher rating, not quite.
        level = 2600 - 90_000 * (moments.timing.skill - 1.0)
        ratings = np.clip(level + rng.normal(0, 350, setup.cars), 600, 9000).round()
        free = rng.permutation([n for n in range(1, 130) if n != int(setup.car.number)])
        self.numbers = [str(free[car]) for car in range(setup.cars)]
        self.numbers[moments.timing.own] = setup.car.number
        self.drivers = [
            [
                self._driver(car, which, int(ratings[car]) + 40 * which)
                for which in range(max(setup.drivers, 1))
            ]
            for car in range(setup.cars)
        ]

    def driver(self, car: int, t: float) -> Driver:
        """Who is in a car at a session time."""
        return self.drivers[car][self._moments.driver(car, t)]

    def state(self, t: float) -> tuple[int, ...]:
        """The values in the text; it is printed again when one changes."""
        timing = self._moments.timing
        cars = range(timing.setup.cars)
        swaps = sum(self._moments.driver(car, t) * (car + 1) for car in cars)
        return int(t // 10), swaps

    def text(self, t: float) -> str:
        """The session info at a session time."""
        timing, setup = self._moments.timing, self._moments.timing.setup
        place, own = setup.circuit.place, timing.own
        race_laps = "unlimited" if setup.laps is None else str(setup.laps)
        race_s = "unlimited" if setup.minutes is None else f"{60 * setup.minutes:.4f} sec"
        sections: dict[str, Tree] = {
            "WeekendInfo": {
                "TrackName": place.path,
                "TrackID": place.track_id,
                "TrackDisplayName": place.name,
                "TrackConfigName": place.config,
                "TrackLength": f"{setup.circuit.length_m / 1000:.4f} km",
                "SubSessionID": FIRST_SUBSESSION + setup.seed,
                "Official": 1,
                "EventType": "Race",
                "Category": place.category,
                "TeamRacing": int(setup.drivers > 1),
                "NumCarClasses": setup.classes,
                "WeekendOptions": {
                    "IncidentLimit": INCIDENT_LIMIT,
                    "IncidentWarningInitialLimit": INCIDENT_WARNING,
                    "IncidentWarningSubsequentLimit": NEXT_WARNING,
                },
            },
            "SessionInfo": {
                "Sessions": [
                    {
                        "SessionNum": number,
                        "SessionLaps": race_laps if kind == "Race" else "unlimited",
                        "SessionTime": race_s if kind == "Race" else "900.0000 sec",
                        "SessionType": kind,
                        "SessionName": name,
                    }
                    for number, (kind, name) in enumerate(_SESSIONS)
                ]
            },
            "DriverInfo": {
                "DriverCarIdx": int(self._moments.index_of[own]),
                "DriverUserID": CUST_ID,
                "PaceCarIdx": 0,
                "DriverCarFuelKgPerLtr": "0.750",
                "DriverCarFuelMaxLtr": f"{setup.car.tank_l:.3f}",
                "DriverCarMaxFuelPct": f"{setup.tank:.3f}",
                "DriverCarEstLapTime": f"{timing.class_lap_s[0]:.4f}",
                "Drivers": [self._pace_car(), *(self._row(car, t) for car in range(setup.cars))],
            },
        }
        return print_session_info(sections)

    def _driver(self, car: int, which: int, irating: int) -> Driver:
        own = self._moments.timing.own
        if car == own and which == 0:
            return Driver(CUST_ID, DRIVER_NAME, irating)
        number = 40 * which + car
        name = NAMES[number % len(NAMES)]
        if number >= len(NAMES):
            name = f"{name} {number // len(NAMES) + 1}"
        return Driver(_FIRST_CUST_ID + number, name, irating)

    def _row(self, car: int, t: float) -> Tree:
        timing, setup = self._moments.timing, self._moments.timing.setup
        who, car_class = self.driver(car, t), int(timing.class_of[car])
        points = self._moments.incidents(car, t)
        return {
            "CarIdx": int(self._moments.index_of[car]),
            "UserName": who.name,
            "UserID": who.cust_id,
            "TeamID": 0 if setup.drivers < 2 else 5_000_000 + car,
            "TeamName": who.name if setup.drivers < 2 else f"Team {car + 1}",
            "CarNumber": f'"{self.numbers[car]}"',
            "CarPath": setup.car.path,
            "CarClassID": 4000 + car_class,
            "CarID": setup.car.car_id if not car_class else setup.car.car_id + 50,
            "CarIsPaceCar": 0,
            "CarIsAI": 0,
            "CarScreenName": setup.car.name,
            "CarClassShortName": _CLASSES[car_class],
            "CarClassEstLapTime": f"{timing.class_lap_s[car_class]:.4f}",
            "IRating": who.irating,
            "LicString": "B 3.21",
            "IsSpectator": 0,
            "CurDriverIncidentCount": points,
            "TeamIncidentCount": points,
        }

    def _pace_car(self) -> Tree:
        return {
            "CarIdx": 0,
            "UserName": "Pace Car",
            "UserID": -1,
            "CarNumber": '"0"',
            "CarClassID": 11,
            "CarIsPaceCar": 1,
            "CarScreenName": "Pace Car",
            "IRating": 0,
            "IsSpectator": 0,
        }
