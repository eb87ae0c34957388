"""Seasons of iRacing: four a year, written ``2026S1``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"(\d{4})S([1-4])")


@dataclass(frozen=True, order=True, slots=True)
class Season:
    """A quarter of racing.

    Attributes:
        year: The year it is called after; the first season begins in the December before.
        quarter: 1 to 4.
    """

    year: int
    quarter: int

    def __post_init__(self) -> None:
        if not 1 <= self.quarter <= 4:
            raise ValueError(f"a season's quarter lies between 1 and 4, not {self.quarter}")

    def __str__(self) -> str:
        return f"{self.year}S{self.quarter}"

    @classmethod
    def parse(cls, key: str) -> Season:
        """The season of a key such as ``2026S1``.

        Raises:
            ValueError: If the key is written otherwise.
        """
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"{key!r} is not a season: write it like 2026S1")
        return cls(int(match[1]), int(match[2]))

    @property
    def next(self) -> Season:
        """The season after this."""
        return Season(self.year + self.quarter // 4, self.quarter % 4 + 1)


def seasons_between(first: Season, last: Season) -> Iterator[Season]:
    """All seasons from ``first`` to ``last``, both included."""
    season = first
    while season <= last:
        yield season
        season = season.next


def season_key(year: str, quarter: str) -> pl.Expr:
    """The season's key from its year and quarter; null where either is missing or impossible."""
    return pl.when(pl.col(quarter).is_between(1, 4) & pl.col(year).is_not_null()).then(
        pl.format("{}S{}", pl.col(year), pl.col(quarter))
    )


_ANCHOR = datetime(2025, 12, 16, tzinfo=UTC)
"""A Tuesday on which a season began: 2026S1."""

_LENGTH = timedelta(weeks=13)


def season_at(moment: datetime) -> Season:
    """The season that a moment falls in, by the calendar of twelve weeks and a thirteenth.

    iRacing now and then shifts a season by a week, so this is for grouping what belongs to no
    season and for knowing which seasons there are; races of a series carry their season.
    """
    quarters = (moment - _ANCHOR) // _LENGTH + (2026 * 4)
    return Season(quarters // 4, quarters % 4 + 1)


def season_start(season: Season) -> datetime:
    """The Tuesday on which a season begins, by the same calendar."""
    return _ANCHOR + _LENGTH * (season.year * 4 + season.quarter - 1 - 2026 * 4)
