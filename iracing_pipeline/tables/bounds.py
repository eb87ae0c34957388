"""The bounds of columns: which values a figure can have at all.

A column's bounds are part of its declaration. They come from physics and from the simulator, with
room to spare: no car drives at 300 m/s, no tank holds 1,000 litres, no recording lasts two months.
A value outside is damage or an attack, never a figure. ``Table.bounded`` applies them to a frame,
the load refuses what a frame still has outside them, and the database has a CHECK for each.

    >>> LAP_TIME.condition("lap_time_s")
    'lap_time_s > 0 AND lap_time_s <= 86400'
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values that a number can have.

    Attributes:
        lower: The least.
        upper: The greatest.
        above: Whether ``lower`` itself is excluded.
    """

    lower: float
    upper: float
    above: bool = False

    def __str__(self) -> str:
        """As a message names them, such as ``above 0, up to 1000``."""
        begin = f"above {_number(self.lower)}, up to" if self.above else f"{_number(self.lower)} to"
        return f"{begin} {_number(self.upper)}"

    def holds(self, value: float) -> bool:
        """Whether a value is within; NaN, a missing value, always."""
        low = value > self.lower if self.above else value >= self.lower
        return value != value or (low and value <= self.upper)  # noqa: PLR0124 - of NaN

    def contain(self, values: pl.Expr, *, floats: bool) -> pl.Expr:
        """Whether values are within; for infinity never, for a missing value always.

        NaN is a missing value: the load writes NULL for it.
        """
        low = values > self.lower if self.above else values >= self.lower
        within = low & (values <= self.upper)
        return (within | values.is_nan() if floats else within).fill_null(value=True)

    def condition(self, name: str, *, array: bool = False) -> str:
        """The same as a condition of PostgreSQL, where NaN is greater than all numbers.

        Args:
            name: The column.
            array: Whether it holds arrays, whose elements must all be within.
        """
        low, high = _number(self.lower), _number(self.upper)
        if array:
            return f"{low} {'<' if self.above else '<='} ALL ({name}) AND {high} >= ALL ({name})"
        return f"{name} {'>' if self.above else '>='} {low} AND {name} <= {high}"


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The times that a column can have.

    Attributes:
        lower: The earliest, UTC.
        upper: The latest, UTC.
    """

    lower: datetime
    upper: datetime

    def __str__(self) -> str:
        """As a message names them, such as ``1900-01-01 to 2200-01-01``."""
        return f"{self.lower:%Y-%m-%d} to {self.upper:%Y-%m-%d}"

    def holds(self, value: datetime) -> bool:
        """Whether a time is within."""
        return self.lower <= value <= self.upper

    def contain(self, values: pl.Expr, *, floats: bool = False) -> pl.Expr:  # noqa: ARG002
        """Whether times are within; for a missing time always."""
        low, high = pl.lit(self.lower), pl.lit(self.upper)
        return ((values >= low) & (values <= high)).fill_null(value=True)

    def condition(self, name: str, *, array: bool = False) -> str:  # noqa: ARG002
        """The same as a condition of PostgreSQL."""
        low, high = self.lower.isoformat(" "), self.upper.isoformat(" ")
        return f"{name} >= '{low}' AND {name} <= '{high}'"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


TIME = TimeBounds(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""Of sessions and races: a clock may be wrong by decades, and Python's calendar ends in 9999."""


COUNT = Bounds(0, 2**31 - 1)
FROM_ONE = Bounds(1, 2**31 - 1)
IDENTIFIER = Bounds(1, 2**31 - 1)
LONG_IDENTIFIER = Bounds(1, 2**53)
"""Up to what a number of JSON holds exactly."""
POSITION = Bounds(1, 1_000)
"""In a result: a practice lists everybody who was there, a grid 64 cars at most."""
LAPS = Bounds(0, 100_000)
RACE_LAPS = Bounds(1, 100_000)
STOPS = Bounds(0, 1_000)
GRID = Bounds(1, 10_000)
INCIDENTS = Bounds(0, 1_000_000)
IRATING = Bounds(1, 50_000, above=True)
"""iRacing writes 1 offline, and for a driver without a rating."""
SAFETY_RATING = Bounds(0, 5)
RATING = Bounds(-1e6, 1e6)
"""A forecast, a change or a mean of any rating or of points."""
RATIO_OF_CORNERS = Bounds(0, 1e6)
AVERAGE = Bounds(0, 1_000_000)
LAP_TIME = Bounds(0, 86_400, above=True)
DIFFERENCE = Bounds(-86_400, 86_400)
"""Of two lap times."""
SPREAD = Bounds(0, 86_400)
DURATION = Bounds(0, 5e6)
"""No recording and no race lasts two months."""
DURATION_ABOVE = Bounds(0, 5e6, above=True)
FUEL = Bounds(0, 1_000)
RACE_FUEL = Bounds(0, 100_000)
"""All stops of a race of 24 hours together."""
FUEL_USED = Bounds(-0.1, 1_000)
"""Where nothing burns, the level's last bit may rise."""
TANK = Bounds(0, 1_000, above=True)
SAVING = Bounds(-100, 1)
LAPS_LEFT = Bounds(0, 1e6)
SPEED = Bounds(0, 300)
WIND = Bounds(0, 150)
SPEED_LIMIT = Bounds(0, 300, above=True)
TRACK_LENGTH = Bounds(0, 100_000, above=True)
DISTANCE = Bounds(0, 1e9)
RADIUS = Bounds(0, 1e6)
TURN = Bounds(0, 100)
AIR_TEMPERATURE = Bounds(-90, 70)
TRACK_TEMPERATURE = Bounds(-90, 120)
TYRE_TEMPERATURE = Bounds(-90, 1_000)
DENSITY = Bounds(0, 25, above=True)
SHARE = Bounds(0, 1)
PEDAL = Bounds(-0.25, 1.25)
"""Calibration overshoots."""
CHANCE = Bounds(0, 1_000)
WETNESS = Bounds(0, 7)
LATITUDE = Bounds(-90, 90)
RATE = Bounds(1, 10_000)
EFFECT = Bounds(-86_400, 86_400)
ENERGY = Bounds(-1_000, 1_000)
"""Braking gives energy back."""
ENERGY_CAPACITY = Bounds(0, 1_000)
UTC_OFFSET = Bounds(-43_200, 50_400)
"""Of the time zones of the world: UTC-12 to UTC+14."""
BUMP = Bounds(0, 300)
REBOUND = Bounds(-300, 0)
FINDINGS = Bounds(1, 3)
"""At most three findings of a race."""
INCIDENT_POINTS = Bounds(1, 1_000_000)
FINITE = Bounds(-1e12, 1e12)

OF_UNIT: dict[str, Bounds] = {
    "s": Bounds(-5e6, 5e6),
    "m": Bounds(-1e6, 1e6),
    "m/s": Bounds(-300, 300),
    "m/s²": Bounds(-100_000, 100_000),
    "rad": Bounds(-1e6, 1e6),
    "rad/s": Bounds(-10_000, 10_000),
    "1/min": Bounds(-1_000, 100_000),
    "°": Bounds(-180, 180),
    "°C": TYRE_TEMPERATURE,
    "kPa": Bounds(0, 10_000),
    "l": FUEL,
    "l/km": Bounds(0, 1_000),
    "l/s": Bounds(0, 1_000),
    "kg": Bounds(0, 100_000),
    "kg/l": DENSITY,
    "kWh": ENERGY,
    "W": Bounds(0, 1e8),
    "B": Bounds(0, 2**63 - 1),
    "%": Bounds(0, 100),
    "Hz": RATE,
    "ratio": SHARE,
    "s/l": EFFECT,
    "s/lap": EFFECT,
    "s/session": EFFECT,
    "1/incident": Bounds(0, 1e9),
}
"""The bounds of a column with this unit, unless it declares its own."""


def default_bounds(dtype: pl.DataType, name: str, unit: str | None) -> Bounds | None:
    """The bounds of a column that declares none; None for text, flags, times and identifiers.

    Args:
        dtype: The type of its values, of an array that of its elements.
        name: Its name: what ends in ``_count`` counts.
        unit: Its unit.
    """
    if not dtype.is_numeric():
        return None
    if unit is not None:
        return OF_UNIT.get(unit, FINITE)
    if dtype.is_float():
        return FINITE
    return COUNT if name.endswith("_count") else None
