"""A made-up career: the member, the seasons, and one row of facts for every race.

All of it follows from a seed. Laps and opponents are made when they are asked for, from the
race's own number, so a career of any length costs no memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.results.season import Season, seasons_between

if TYPE_CHECKING:
    from collections.abc import Sequence

OVAL, ROAD, SPORTS_CAR, FORMULA_CAR = 1, 2, 5, 6
FIRST_TUESDAY = datetime(2025, 12, 16, tzinfo=UTC)
"""Start of 2026S1; a season has 13 weeks, the last of them without a championship."""

SPLIT_OF_ROAD = datetime(2024, 3, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Venue:
    """A track configuration of the made-up world."""

    track_id: int
    name: str
    config: str
    category_id: int
    length_miles: float
    corners: int
    lap_s: float


@dataclass(frozen=True, slots=True)
class Machine:
    """A car of the made-up world, with the series that races it."""

    car_id: int
    name: str
    class_id: int
    class_name: str
    category_id: int
    series_id: int
    series_name: str
    pace: float


VENUES = (
    Venue(9101, "Halden Ridge Circuit", "Grand Prix", ROAD, 2.60, 11, 99.0),
    Venue(9102, "Millbrook Park", "Club", ROAD, 1.37, 8, 63.0),
    Venue(9103, "Copper Basin Speedway", "", OVAL, 0.62, 4, 24.0),
)
MACHINES = (
    Machine(9201, "Corvane RS GT3", 9301, "GT3 Class", SPORTS_CAR, 9401, "Corvane GT3 Cup", 1.0),
    Machine(9202, "Formula Vale", 9302, "Formula Vale", FORMULA_CAR, 9402, "Vale Trophy", 0.94),
    Machine(
        9203, "Triple Crown Late Model", 9303, "Late Model", OVAL, 9403, "Triple Crown Tour", 1.0
    ),
)


@dataclass(frozen=True, slots=True)
class Race:
    """What is known of a race before anybody asks for its laps.

    Attributes:
        subsession_id: Its number.
        season: When it counts.
        week: Race week, from 0.
        start: When the event began, UTC.
        venue: Where.
        machine: What the member drove.
        field: Cars in it.
        laps: Laps of the winner.
        grid: The member's grid position, from 1.
        finish: The member's finishing position, from 1.
        incidents: The member's incident points.
        irating: The member's iRating before and after.
        safety: The member's Safety Rating x 100 before and after, within the class.
        licence: The member's licence level before and after.
        cpi: The member's corners per incident before and after.
        official: Whether it counts; hosted races do not.
        forbidden: Whether the member may not see it any more.
        own_laps: The member's lap times in s, where a telemetry file tells them; else None.
    """

    subsession_id: int
    season: Season
    week: int
    start: datetime
    venue: Venue
    machine: Machine
    field: int
    laps: int
    grid: int
    finish: int
    incidents: int
    irating: tuple[int, int]
    safety: tuple[int, int]
    licence: tuple[int, int]
    cpi: tuple[float, float]
    official: bool = True
    forbidden: bool = False
    own_laps: tuple[float, ...] | None = None

    @property
    def end(self) -> datetime:
        """When the event ended: ten minutes of qualifying, the race, the way to the pits."""
        race_s = self.laps * self.venue.lap_s * self.machine.pace
        return self.start + timedelta(seconds=round(600 + race_s + 90))


@dataclass(frozen=True)
class Career:
    """A member and the races driven.

    Attributes:
        cust_id: The member.
        name: The member's name.
        last_season: The newest season of the career.
        season_count: How many seasons it spans.
        races_per_season: Official races in each.
        hosted_per_season: Hosted races in each; the first of them is forbidden by now.
        field: Cars in a race, least and most.
        laps: Laps of a race, least and most.
        pinned: Races that are fixed elsewhere and take the place of made-up ones of their season.
        seed: What all chance follows from.
    """

    cust_id: int = 990001
    name: str = "Robin Vale"
    last_season: Season = field(default_factory=lambda: Season(2026, 3))
    season_count: int = 10
    races_per_season: int = 12
    hosted_per_season: int = 1
    field: tuple[int, int] = (12, 24)
    laps: tuple[int, int] = (8, 20)
    pinned: tuple[Race, ...] = ()
    seed: int = 20260101

    @property
    def member_since(self) -> datetime:
        """First day as a member: that of the first season."""
        return season_start(self.seasons[0])

    @cached_property
    def seasons(self) -> tuple[Season, ...]:
        """The seasons, oldest first."""
        first = self.last_season
        for _ in range(self.season_count - 1):
            first = Season(first.year - (first.quarter == 1), (first.quarter - 2) % 4 + 1)
        return tuple(seasons_between(first, self.last_season))

    @cached_property
    def races(self) -> tuple[Race, ...]:
        """Every race, oldest first, with ratings that carry on from one to the next."""
        rng = np.random.default_rng(self.seed)
        made: list[Race] = []
        for season in self.seasons:
            made += self._season(season, rng)
        return _rated(sorted(made, key=lambda race: race.start), rng)

    @cached_property
    def by_id(self) -> dict[int, Race]:
        """The races by subsession id."""
        return {race.subsession_id: race for race in self.races}

    def of_season(self, season: Season, *, official: bool = True) -> list[Race]:
        """The races of a season: official or hosted ones."""
        return [race for race in self.races if race.season == season and race.official == official]

    def _season(self, season: Season, rng: np.random.Generator) -> Sequence[Race]:
        pinned = [race for race in self.pinned if race.season == season]
        count = max(0, self.races_per_season - sum(race.official for race in pinned))
        total = count + self.hosted_per_season
        start = season_start(season)
        hours = np.sort(rng.uniform(0, 12 * 7 * 24 - 3, total))
        hosted = set(rng.choice(total, self.hosted_per_season, replace=False).tolist())
        first_id = 70_000_000 + (season.year - 2010) * 1_000_000 + season.quarter * 100_000
        made = []
        for number, hour in enumerate(hours.tolist()):
            machine = MACHINES[int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
            venue = VENUES[2] if machine.category_id == OVAL else VENUES[int(rng.integers(2))]
            cars = int(rng.integers(self.field[0], self.field[1] + 1))
            made.append(
                Race(
                    subsession_id=first_id + number * 37 + int(rng.integers(30)),
                    season=season,
                    week=int(hour // (7 * 24)),
                    start=start + timedelta(minutes=int(hour * 4) * 15),
                    venue=venue,
                    machine=machine,
                    field=cars,
                    laps=int(rng.integers(self.laps[0], self.laps[1] + 1)),
                    grid=int(rng.integers(1, cars + 1)),
                    finish=int(rng.integers(1, cars + 1)),
                    incidents=int(
                        rng.choice([0, 1, 2, 4, 6, 8], p=[0.3, 0.2, 0.2, 0.15, 0.1, 0.05])
                    ),
                    irating=(0, 0),
                    safety=(0, 0),
                    licence=(0, 0),
                    cpi=(0.0, 0.0),
                    official=number not in hosted,
                    forbidden=number in hosted and number == min(hosted),
                )
            )
        return [*made, *pinned]


def season_start(season: Season) -> datetime:
    """The Tuesday on which a season begins."""
    quarters = (season.year - 2026) * 4 + season.quarter - 1
    return FIRST_TUESDAY + timedelta(weeks=13 * quarters)


def _rated(races: Sequence[Race], rng: np.random.Generator) -> tuple[Race, ...]:
    """Carry the ratings of each category from race to race."""
    state = dict.fromkeys((OVAL, SPORTS_CAR, FORMULA_CAR), (1350, 250, 6, 14.0))
    rated = []
    for race in races:
        category = race.machine.category_id
        irating, safety, licence, cpi = state[category]
        after = state[category]
        if race.official:
            gain = round((race.field / 2 - race.finish) * 70 / race.field + float(rng.normal(3, 6)))
            corners = race.laps * race.venue.corners
            race_cpi = corners / max(race.incidents, 0.5)
            change = int(np.clip(round(race_cpi - cpi), -35, 30))
            moved = safety + change
            if moved >= 400 and licence < 17:
                moved, licence_after = moved - 100, licence + 4
            elif moved < 100 and licence > 8:
                moved, licence_after = moved + 200, licence - 4
            else:
                licence_after = licence
            safety_after = int(np.clip(moved, 1, 499))
            after = (
                max(100, irating + gain),
                safety_after,
                licence_after,
                cpi * 0.9 + race_cpi * 0.1,
            )
        state[category] = after
        rated.append(
            replace(
                race,
                irating=(irating, after[0]),
                safety=(safety, after[1]),
                licence=(licence, after[2]),
                cpi=(round(cpi, 4), round(after[3], 4)),
            )
        )
    return tuple(rated)
