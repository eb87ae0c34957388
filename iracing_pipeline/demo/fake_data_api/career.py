"""The career of the demo driver: the member, the seasons, and one row of facts for every race.

All of it follows from a seed. Laps and opponents are made when they are asked for, from the
race's own number, so a career of any length costs no memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import irating
from iracing_pipeline.demo.career import (
    CUST_ID,
    DRIVER_NAME,
    FORMULA_SERIES,
    GT3_SERIES,
    OVAL_SERIES,
    RACES,
    Licence,
)
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.results.season import Season, season_start, seasons_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from iracing_pipeline.demo.career import Race as DemoRace
    from iracing_pipeline.demo.career import Series
    from iracing_pipeline.demo.circuit import Circuit

_RATINGS = 1  # stream of chance

LAST_SEASON = Season(GT3_SERIES.year, GT3_SERIES.quarter)

OVAL, ROAD, SPORTS_CAR, FORMULA_CAR = 1, 2, 5, 6
SPLIT_OF_ROAD = datetime(2024, 3, 12, tzinfo=UTC)
"""Until then, races of sports cars were rated as Road."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A series with its car and one of its circuits.

    Attributes:
        series: The series, as the telemetry of the demo season has it.
        circuit: The circuit.
        lap_s: Lap time.
        class_id: Car class.
    """

    series: Series
    circuit: Circuit
    lap_s: float
    class_id: int


MACHINES = (
    Machine(GT3_SERIES, HALDEN_RIDGE, 94.8, 4000 + GT3_SERIES.car.car_id),
    Machine(GT3_SERIES, MILLBROOK, 48.1, 4000 + GT3_SERIES.car.car_id),
    Machine(FORMULA_SERIES, MILLBROOK, 59.0, 4000 + FORMULA_SERIES.car.car_id),
    Machine(OVAL_SERIES, COPPER_BASIN, 23.4, 4000 + OVAL_SERIES.car.car_id),
)


@dataclass(frozen=True, slots=True)
class Race:
    """Facts of a race, without its laps.

    Attributes:
        subsession_id: Its number.
        season: When it counts.
        week: Race week, from 0.
        start: When the event began, UTC.
        machine: What and where the member drove.
        field: Cars in it.
        laps: Laps of the winner.
        grid: The member's grid position, from 1.
        finish: The member's finishing position, from 1.
        incidents: The member's incident points.
        irating: The member's iRating before and after.
        level: Mean iRating of the others, where these are drawn for the race.
        safety: The member's Safety Rating x 100 before and after, within the class.
        licence: The member's licence level before and after.
        cpi: The member's corners per incident before and after.
        official: Whether it counts; hosted races do not.
        forbidden: Whether the member may not see it any more.
        pinned: The race of the demo season that this is; None for a made-up one.
    """

    subsession_id: int
    season: Season
    week: int
    start: datetime
    machine: Machine
    field: int
    laps: int
    grid: int
    finish: int
    incidents: int
    irating: tuple[int, int]
    level: int
    safety: tuple[int, int]
    licence: tuple[int, int]
    cpi: tuple[float, float]
    official: bool = True
    forbidden: bool = False
    pinned: DemoRace | None = None

    @property
    def category_id(self) -> int:
        """The category it was rated in."""
        category = self.machine.series.category_id
        return ROAD if self.start < SPLIT_OF_ROAD and category == SPORTS_CAR else category

    @property
    def season_id(self) -> int:
        """The season of its series."""
        return season_id(self.machine.series, self.season)

    @property
    def end(self) -> datetime:
        """When the event ended: practice, qualifying, the race, the way to the pits.

        The telemetry of a race begins less than 25 minutes in, with the ratings from before it.
        """
        race_s = self.laps * self.machine.lap_s
        return self.start + timedelta(minutes=25, seconds=round(race_s + 180))


@dataclass(frozen=True)
class Career:
    """A member and the races driven.

    Attributes:
        cust_id: The member.
        name: The member's name.
        season_count: How many seasons it spans; the last is that of the demo telemetry.
        races_per_season: Official races in each; never fewer than the demo season's in the last.
        hosted_per_season: Hosted races in each; the first of them is forbidden by now.
        field: Cars in a race, least and most.
        laps: Laps of a race, least and most.
        seed: What all chance follows from.
    """

    cust_id: int = CUST_ID
    name: str = DRIVER_NAME
    season_count: int = 10
    races_per_season: int = 12
    hosted_per_season: int = 1
    field: tuple[int, int] = (12, 24)
    laps: tuple[int, int] = (8, 20)
    seed: int = 20260101

    @property
    def member_since(self) -> datetime:
        """First day as a member: that of the first season."""
        return season_start(self.seasons[0])

    @cached_property
    def seasons(self) -> tuple[Season, ...]:
        """The seasons, oldest first."""
        first = LAST_SEASON
        for _ in range(self.season_count - 1):
            first = Season(first.year - (first.quarter == 1), (first.quarter - 2) % 4 + 1)
        return tuple(seasons_between(first, LAST_SEASON))

    @cached_property
    def races(self) -> tuple[Race, ...]:
        """Every race, oldest first, with ratings that carry on from one to the next."""
        rng = np.random.default_rng(self.seed)
        made: list[Race] = []
        for season in self.seasons:
            made += self._season(season, rng)
        return _rated(sorted(made, key=lambda race: race.start), self.seed)

    @cached_property
    def by_id(self) -> dict[int, Race]:
        """The races by subsession id."""
        return {race.subsession_id: race for race in self.races}

    def of_season(self, season: Season, *, official: bool = True) -> list[Race]:
        """The races of a season: official or hosted ones."""
        return [race for race in self.races if race.season == season and race.official == official]

    def _season(self, season: Season, rng: np.random.Generator) -> Sequence[Race]:
        pinned = [_pinned(race) for race in RACES] if season == LAST_SEASON else []
        total = max(0, self.races_per_season - len(pinned)) + self.hosted_per_season
        hours = np.sort(rng.uniform(0, 12 * 7 * 24 - 3, total))
        hosted = set(rng.choice(total, self.hosted_per_season, replace=False).tolist())
        first_id = 70_000_000 + (season.year - 2010) * 1_000_000 + season.quarter * 100_000
        made = []
        for number, hour in enumerate(hours.tolist()):
            # The formula car is new to the member in the demo season.
            machine = MACHINES[int(rng.choice([0, 1, 3], p=[0.4, 0.4, 0.2]))]
            cars = int(rng.integers(self.field[0], self.field[1] + 1))
            made.append(
                Race(
                    subsession_id=first_id + number * 37 + int(rng.integers(30)),
                    season=season,
                    week=int(hour // (7 * 24)),
                    start=season_start(season) + timedelta(minutes=int(hour * 4) * 15),
                    machine=machine,
                    field=cars,
                    laps=int(rng.integers(self.laps[0], self.laps[1] + 1)),
                    grid=int(rng.integers(1, cars + 1)),
                    finish=int(rng.integers(1, cars + 1)),
                    incidents=int(
                        rng.choice([0, 1, 2, 4, 6, 8], p=[0.3, 0.2, 0.2, 0.15, 0.1, 0.05])
                    ),
                    irating=(0, 0),
                    level=0,
                    safety=(0, 0),
                    licence=(0, 0),
                    cpi=(0.0, 0.0),
                    official=number not in hosted,
                    forbidden=number in hosted and number == min(hosted),
                )
            )
        return [*made, *pinned]


def season_id(series: Series, season: Season) -> int:
    """The id of a series' season; that of the demo season is given."""
    quarters = (series.year - season.year) * 4 + series.quarter - season.quarter
    return series.season_id + 10 * quarters


def _pinned(race: DemoRace) -> Race:
    """A race of the demo season, by its telemetry."""
    machine = next(
        each for each in MACHINES if (each.series, each.circuit) == (race.series, race.circuit)
    )
    corners = race.laps * race.circuit.place.turns
    return Race(
        subsession_id=race.subsession_id,
        season=LAST_SEASON,
        week=race.race_week,
        start=race.start,
        machine=machine,
        field=race.drivers,
        laps=race.laps,
        grid=race.start_position,
        finish=race.finish_position,
        incidents=race.incidents,
        irating=(race.irating_before, race.irating_after),
        level=race.strength_of_field,
        safety=(race.licence_before.sub_level, race.licence_after.sub_level),
        licence=(race.licence_before.level, race.licence_after.level),
        cpi=(20.0, round(20.0 + (corners / max(race.incidents, 0.5) - 20.0) / 10, 4)),
        pinned=race,
    )


def others_ratings(race: Race, seed: int) -> NDArray[np.int64]:
    """IRating of everybody but the member in a race that was made up; shape (field - 1,)."""
    rng = np.random.default_rng([seed, race.subsession_id, _RATINGS])
    drawn = np.clip(rng.normal(race.level, 300, race.field - 1), 350, 6000)
    return np.rint(drawn).astype(np.int64)


def _irating_before(race: Race, after: int, seed: int) -> int:
    """The member's iRating before a race that ended with a given one."""
    others = others_ratings(race, seed).astype(np.float64)
    before = after
    for _ in range(20):
        expected = irating.expected_scores(np.concatenate(([before], others)))[0]
        change = round(float(irating.change_at(race.finish, float(expected), race.field)))
        if before + change == after:
            break
        before = after - change
    return before


def _rated(races: Sequence[Race], seed: int) -> tuple[Race, ...]:
    """Give the made-up races ratings that lead, race by race, to those of the demo season.

    Reckoned backwards: what a race ended with is what the next one of its category began with.
    """
    state: dict[int, tuple[int, int, float]] = {}
    rated = []
    for race in reversed(races):
        category = race.machine.series.category_id
        if race.pinned is not None:
            state[category] = (race.irating[0], race.safety[0], race.cpi[0])
            rated.append(race)
            continue
        after = state.get(category, (1500, 300, 20.0))
        before = after
        level = after[0]
        if race.official:
            race_cpi = race.laps * race.machine.circuit.place.turns / max(race.incidents, 0.5)
            step = int(np.clip(round((race_cpi - after[2]) / 3), -25, 20))
            before = (
                _irating_before(replace(race, level=level), after[0], seed),
                int(np.clip(after[1] - step, 120, 480)),
                round(max(3.0, after[2] - (race_cpi - after[2]) / 10), 4),
            )
        state[category] = before
        # A class higher every three seasons, ending with that of the demo season.
        final = 3 if category == SPORTS_CAR else 2
        age = (LAST_SEASON.year - race.season.year) * 4 + LAST_SEASON.quarter - race.season.quarter
        group = max(1, final - age // 3)
        rated.append(
            replace(
                race,
                level=level,
                irating=(before[0], after[0]),
                safety=(before[1], after[1]),
                licence=(Licence(group, before[1]).level, Licence(group, after[1]).level),
                cpi=(before[2], after[2]),
            )
        )
    return tuple(reversed(rated))
