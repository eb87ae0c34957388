"""The demo driver and his races: one declaration that files, results and ratings agree on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iracing_pipeline.demo.car import CORVANE_GT3, FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK

if TYPE_CHECKING:
    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit

CUST_ID = 9_900_417
DRIVER_NAME = "Mara Østergård"
LICENCE_LETTERS = "RDCBA"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence in one category.

    Attributes:
        group: 1 rookie, 2 D, 3 C, 4 B, 5 A.
        sub_level: Safety Rating times 100.
    """

    group: int
    sub_level: int

    @property
    def text(self) -> str:
        """As iRacing writes it, such as ``C 3.21``."""
        return f"{LICENCE_LETTERS[self.group - 1]} {self.sub_level / 100:.2f}"

    @property
    def level(self) -> int:
        """Licence level, 1 to 20: four a group."""
        return 4 * (self.group - 1) + min(max(self.sub_level // 100, 1), 4)


@dataclass(frozen=True, slots=True)
class Series:
    """A series and its season."""

    series_id: int
    season_id: int
    name: str
    category_id: int
    category: str
    car: Car
    year: int = 2026
    quarter: int = 1


FORMULA_SERIES = Series(9301, 9401, "Formula Vale Challenge", 6, "formula_car", FORMULA_VALE)
OVAL_SERIES = Series(9302, 9402, "Late Model Saturday", 1, "oval", TRIPLE_CROWN_STOCK)
GT3_SERIES = Series(9303, 9403, "Ridge GT3 Sprint", 5, "sports_car", CORVANE_GT3)


@dataclass(frozen=True, slots=True)
class Race:
    """An official race of the demo driver.

    Attributes:
        subsession_id: Identity; practice and qualifying before the race share it.
        session_id: Identity of the event, of which the subsession is one split.
        start: Start of the subsession.
        race_week: Week of the season, from 0.
        drivers: Drivers in the split.
        strength_of_field: As iRacing calculates it.
        start_position: From 1.
        finish_position: From 1.
        laps: Race laps.
        incidents: Incident points in the race.
        irating_before: iRating in the category before the race.
        irating_after: And after it.
        licence_before: Licence in the category before the race.
        licence_after: And after it.
        car_index: CarIdx of the demo driver.
    """

    subsession_id: int
    session_id: int
    series: Series
    circuit: Circuit
    start: datetime
    race_week: int
    drivers: int
    strength_of_field: int
    start_position: int
    finish_position: int
    laps: int
    incidents: int
    irating_before: int
    irating_after: int
    licence_before: Licence
    licence_after: Licence
    car_index: int


def _at(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def _race(
    number: int,
    series: Series,
    circuit: Circuit,
    start: datetime,
    *,
    field: tuple[int, int],
    positions: tuple[int, int],
    laps: int,
    incidents: int,
    irating: tuple[int, int],
    licence: tuple[int, int, int],
) -> Race:
    """A race; ``licence`` is the group and the sub-levels before and after."""
    return Race(
        subsession_id=99_100_000 + 7919 * number,
        session_id=299_100_000 + 3571 * number,
        series=series,
        circuit=circuit,
        start=start,
        race_week=(start.date() - datetime(2025, 12, 16, tzinfo=UTC).date()).days // 7,
        drivers=field[0],
        strength_of_field=field[1],
        start_position=positions[0],
        finish_position=positions[1],
        laps=laps,
        incidents=incidents,
        irating_before=irating[0],
        irating_after=irating[1],
        licence_before=Licence(licence[0], licence[1]),
        licence_after=Licence(licence[0], licence[2]),
        car_index=5 + number,
    )


RACES: tuple[Race, ...] = (
    _race(
        0,
        OVAL_SERIES,
        COPPER_BASIN,
        _at(1, 10, 19, 0),
        field=(18, 1204),
        positions=(14, 15),
        laps=30,
        incidents=12,
        irating=(1402, 1331),
        licence=(2, 302, 271),
    ),
    _race(
        1,
        FORMULA_SERIES,
        MILLBROOK,
        _at(1, 17, 18, 30),
        field=(20, 1391),
        positions=(11, 7),
        laps=14,
        incidents=3,
        irating=(1350, 1386),
        licence=(2, 261, 284),
    ),
    _race(
        2,
        GT3_SERIES,
        HALDEN_RIDGE,
        _at(1, 18, 20, 0),
        field=(22, 1877),
        positions=(16, 13),
        laps=12,
        incidents=6,
        irating=(1731, 1724),
        licence=(3, 288, 279),
    ),
    _race(
        3,
        OVAL_SERIES,
        COPPER_BASIN,
        _at(1, 24, 19, 0),
        field=(19, 1244),
        positions=(12, 8),
        laps=30,
        incidents=4,
        irating=(1331, 1347),
        licence=(2, 271, 289),
    ),
    _race(
        4,
        FORMULA_SERIES,
        MILLBROOK,
        _at(1, 31, 18, 30),
        field=(18, 1402),
        positions=(8, 5),
        laps=14,
        incidents=1,
        irating=(1386, 1436),
        licence=(2, 284, 312),
    ),
    _race(
        5,
        GT3_SERIES,
        MILLBROOK,
        _at(2, 1, 20, 0),
        field=(20, 1902),
        positions=(12, 14),
        laps=18,
        incidents=8,
        irating=(1724, 1697),
        licence=(3, 279, 261),
    ),
    _race(
        6,
        OVAL_SERIES,
        COPPER_BASIN,
        _at(2, 7, 19, 0),
        field=(20, 1261),
        positions=(9, 6),
        laps=30,
        incidents=2,
        irating=(1347, 1387),
        licence=(2, 289, 321),
    ),
    _race(
        7,
        FORMULA_SERIES,
        MILLBROOK,
        _at(2, 14, 18, 30),
        field=(20, 1455),
        positions=(6, 9),
        laps=14,
        incidents=7,
        irating=(1436, 1452),
        licence=(2, 312, 298),
    ),
    _race(
        8,
        GT3_SERIES,
        HALDEN_RIDGE,
        _at(2, 15, 20, 0),
        field=(21, 1866),
        positions=(13, 9),
        laps=12,
        incidents=2,
        irating=(1697, 1723),
        licence=(3, 261, 287),
    ),
    _race(
        9,
        FORMULA_SERIES,
        MILLBROOK,
        _at(2, 21, 18, 30),
        field=(20, 1466),
        positions=(7, 4),
        laps=7,
        incidents=4,
        irating=(1452, 1517),
        licence=(2, 298, 309),
    ),
    _race(
        10,
        OVAL_SERIES,
        COPPER_BASIN,
        _at(2, 28, 19, 0),
        field=(18, 1275),
        positions=(8, 7),
        laps=14,
        incidents=0,
        irating=(1387, 1409),
        licence=(2, 321, 347),
    ),
    _race(
        11,
        GT3_SERIES,
        HALDEN_RIDGE,
        _at(3, 7, 19, 0),
        field=(22, 1913),
        positions=(11, 8),
        laps=7,
        incidents=3,
        irating=(1723, 1762),
        licence=(3, 287, 294),
    ),
)
"""All official races of the season, in order of time; the last three have telemetry."""
