"""Seasons of iRacing: four a year, written ``2026S1``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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

    @property
    def previous(self) -> Season:
        """The season before this."""
        return Season(self.year - (self.quarter == 1), (self.quarter - 2) % 4 + 1)


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


_WEEKS = 13
_MOST_CORRECTION = timedelta(weeks=2)


def season_start(season: Season) -> datetime:
    """The Tuesday on which a season begins, by rule.

    The first season of a year begins on the Tuesday from 11 to 17 December of the year before,
    the others 13, 26 and 39 weeks later. So the fourth season of some years lasts 14 weeks.
    """
    latest = datetime(season.year - 1, 12, 17, tzinfo=UTC)
    first = latest - timedelta(days=(latest.weekday() - 1) % 7)
    return first + timedelta(weeks=_WEEKS * (season.quarter - 1))


def season_at(moment: datetime) -> Season:
    """The season that a moment falls in, by rule; :class:`Calendar` knows real seasons better."""
    return Calendar().at(moment)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When seasons begin: by rule, and corrected where real seasons are known.

    Attributes:
        starts: Known starts of seasons; every other season begins by rule.
    """

    starts: Mapping[Season, datetime] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        schedules: Mapping[Season, datetime],
        sightings: Iterable[tuple[Season, datetime]],
    ) -> Calendar:
        """The calendar that agrees with schedules and with moments of known season.

        A correction of more than two weeks is an oddity of one series, and is ignored.

        Args:
            schedules: The start of the first race week of a season, by iRacing's schedules.
            sightings: Moments at which a season was raced, or was the current one.
        """
        first: dict[Season, datetime] = {}
        last: dict[Season, datetime] = {}
        for season, moment in sightings:
            if abs(moment - season_start(season)) > timedelta(weeks=26):
                continue
            first[season] = min(moment, first.get(season, moment))
            last[season] = max(moment, last.get(season, moment))
        starts: dict[Season, datetime] = {}
        for season in {*schedules, *first, *(each.next for each in last)}:
            rule = season_start(season)
            start = schedules.get(season, rule)
            before = last.get(season.previous)
            if season in first and first[season] < start:
                start = _tuesday(first[season])
            elif before is not None and before >= start and season not in schedules:
                start = _tuesday(before) + timedelta(weeks=1)
            if start != rule and abs(start - rule) <= _MOST_CORRECTION:
                starts[season] = start
        return cls(starts)

    def start(self, season: Season) -> datetime:
        """When a season begins, UTC."""
        return self.starts.get(season) or season_start(season)

    def at(self, moment: datetime) -> Season:
        """The season that a moment falls in."""
        season = Season(moment.year, (moment.month - 1) // 3 + 1)
        while moment < self.start(season):
            season = season.previous
        while moment >= self.start(season.next):
            season = season.next
        return season


def _tuesday(moment: datetime) -> datetime:
    """The beginning of the race week that a moment falls in."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=(day.weekday() - 1) % 7)
