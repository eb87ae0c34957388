"""The kinds of value that iRacing sends, and what each becomes.

A kind accepts values of some Python types as they are, repairs others where the meaning is plain
(``"12"`` for 12), and ends in a polars expression that removes sentinels and converts units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from polars._typing import PolarsDataType

TICKS_PER_S = 10_000
LICENCE_CLASSES = ("R", "D", "C", "B", "A", "P", "W")
_EPOCH, _HORIZON = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_INT64 = (-(2**63), 2**63 - 1)
_DAY_TICKS = 86_400 * TICKS_PER_S


@dataclass(frozen=True, slots=True)
class Kind:
    """How to read one kind of value.

    Attributes:
        name: Name in messages.
        raw: Type of the values before ``finish``.
        types: Python types taken as they are.
        repair: Makes a value of another type usable, or raises ``ValueError``.
        finish: Removes sentinels and converts units.
        limits: Least and greatest number that is believed; others become NULL, with an issue.
    """

    name: str
    raw: PolarsDataType
    types: frozenset[type]
    repair: Callable[[object], object]
    finish: Callable[[pl.Expr], pl.Expr] = lambda column: column
    limits: tuple[float, float] | None = None


def whole_number(value: object) -> int | None:
    """A JSON value as a whole number of 64 bits; None where it is none, or a boolean."""
    if isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, int) else _whole(value)
    except (ValueError, OverflowError):
        return None
    return number if _INT64[0] <= number <= _INT64[1] else None


def _whole(value: object) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    if isinstance(value, float | str):
        number = float(value)
        if number.is_integer():
            return int(number)
    raise ValueError


def _number(value: object) -> float:
    if isinstance(value, int | str):
        number = float(value)
        if math.isfinite(number):
            return number
    raise ValueError


def _boolean(value: object) -> bool:
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    values = {"true": True, "false": False, "1": True, "0": False}
    if isinstance(value, str) and value.lower() in values:
        return values[value.lower()]
    raise ValueError


def _text(value: object) -> str:
    if isinstance(value, int | float) and math.isfinite(value):
        return str(value)
    raise ValueError


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        raise TypeError
    if not value:
        return None
    moment = datetime.fromisoformat(value.strip())
    # iRacing's clock is UTC, with or without the Z.
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment >= _HORIZON:
        raise ValueError
    return moment if moment > _EPOCH else None


def _day(value: object) -> date | None:
    if not isinstance(value, str):
        raise TypeError
    return date.fromisoformat(value.strip()[:10]) if value.strip() else None


def _list_of(accept: type) -> Callable[[object], object]:
    def repair(value: object) -> object:
        if not isinstance(value, list) or not all(type(each) is accept for each in value):
            raise TypeError
        if accept is int and not all(_INT64[0] <= each <= _INT64[1] for each in value):
            raise ValueError
        return value

    return repair


def _null_below(floor: int) -> Callable[[pl.Expr], pl.Expr]:
    return lambda column: pl.when(column >= floor).then(column)


def _without(text: str) -> Callable[[pl.Expr], pl.Expr]:
    def finish(column: pl.Expr) -> pl.Expr:
        stripped = column.str.strip_chars()
        return pl.when(~stripped.is_in(["", text])).then(stripped)

    return finish


def _scaled(factor: float, floor: float = -math.inf) -> Callable[[pl.Expr], pl.Expr]:
    return lambda column: pl.when(column > floor).then(column * factor)


_NONE = type(None)
_INTEGERS: frozenset[type] = frozenset({int, _NONE})
_NUMBERS: frozenset[type] = frozenset({int, float, _NONE})
_TEXTS: frozenset[type] = frozenset({str, _NONE})
_BOOLEANS: frozenset[type] = frozenset({bool, _NONE})
_NOTHING: frozenset[type] = frozenset({_NONE})


def _integer(
    name: str,
    finish: Callable[[pl.Expr], pl.Expr],
    limits: tuple[float, float] | None = None,
) -> Kind:
    return Kind(name, pl.Int64, _INTEGERS, _whole, finish, limits)


def _real(name: str, finish: Callable[[pl.Expr], pl.Expr]) -> Kind:
    # No measure of a race comes near this; what does would overflow a figure made of it.
    return Kind(name, pl.Float64, _NUMBERS, _number, finish, (-1e12, 1e12))


def _ticks(column: pl.Expr) -> pl.Expr:
    # Rounded, because polars divides by multiplying with the reciprocal.
    return pl.when(column >= 0).then((column / TICKS_PER_S).round(4))


def _class_of_level(column: pl.Expr) -> pl.Expr:
    index = (column - 1) // 4
    classes = dict(enumerate(LICENCE_CLASSES))
    return index.replace_strict(classes, default=None, return_dtype=pl.String)


def _class_of_group(column: pl.Expr) -> pl.Expr:
    classes = dict(enumerate(LICENCE_CLASSES, start=1))
    return column.replace_strict(classes, default=None, return_dtype=pl.String)


INTEGER = _integer("integer", lambda column: column)
COUNT = _integer("count", _null_below(0))
"""-1 means none."""
IDENTIFIER = _integer("id", lambda column: pl.when(~column.is_in([0, -1])).then(column))
"""0 and -1 mean none; other negative ids are teams and AI drivers."""
POSITION_FROM_0 = _integer("position from 0", lambda column: pl.when(column >= 0).then(column + 1))
POSITION_FROM_1 = _integer("position from 1", _null_below(1))
RATING = _integer("rating", _null_below(2))
"""-1 means unrated; 0 and 1 are what offline sessions carry."""
TICKS = _integer("time in 1/10000 s", _ticks, (-_DAY_TICKS, 30 * _DAY_TICKS))
"""Becomes seconds; -1 means none. No event lasts a month."""
LAP_TICKS = _integer(
    "lap time in 1/10000 s",
    lambda column: _ticks(pl.when(column > 0).then(column)),
    (-_DAY_TICKS, _DAY_TICKS),
)
"""Becomes seconds; -1 and 0 mean none. No lap lasts a day."""
SUB_LEVEL = _integer(
    "Safety Rating x 100",
    lambda column: pl.when(column.is_between(0, 500)).then((column / 100).round(2)),
)
LICENCE_CLASS = _integer("licence level", _class_of_level)
LICENCE_GROUP = _integer("licence group", _class_of_group)
NUMBER = _real("number", lambda column: column)
MEASURE = _real("number", _scaled(1.0, -1.0))
"""-1 means none."""
SAFETY_RATING = _real(
    "Safety Rating", lambda column: pl.when(column.is_between(0.0, 5.0)).then(column)
)
PERCENT = _real("percent", _scaled(0.01, -1.0))
"""Becomes a ratio; -1 means none."""
MILES = _real("miles", _scaled(1609.344, 0.0))
MPH = _real("miles an hour", _scaled(0.44704, 0.0))
POUNDS = _real("pounds", _scaled(0.45359237, 0.0))
HORSEPOWER = _real("horsepower", _scaled(745.6998715822702, 0.0))
MINUTES = _real("minutes", _scaled(60.0, 0.0))
"""Becomes seconds; 0 means not by time."""
LAP_S = _real("seconds", _scaled(1.0, 0.0))
TEXT = Kind("text", pl.String, _TEXTS, _text, _without(""))
CONFIG = Kind("track configuration", pl.String, _TEXTS, _text, _without("N/A"))
BOOLEAN = Kind("boolean", pl.Boolean, _BOOLEANS, _boolean)
MOMENT = Kind("UTC time", pl.Datetime("us", "UTC"), _NOTHING, _moment)
"""1970-01-01 means none."""
DAY = Kind("date", pl.Date, _NOTHING, _day)
INTEGERS = Kind("list of integers", pl.List(pl.Int64), _NOTHING, _list_of(int))
TEXTS = Kind("list of texts", pl.List(pl.String), _NOTHING, _list_of(str))
