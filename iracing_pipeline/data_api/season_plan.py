"""Selection, order and duration of the seasons to read.

A season is read once as soon as there is time, and once more when its points are final; after that
it is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from iracing_pipeline.results.season import Calendar, Season

POINTS_FINAL_AFTER = timedelta(days=7)
"""Protests of the last race week are decided by then, and drop weeks are applied."""

NIGHT = timedelta(hours=4)
"""Longest duration of a night's reading."""

UNKNOWN_SEASON_CALLS = 250
"""Requests for a season, as long as none was read: some 60 races."""


@dataclass(frozen=True, slots=True)
class SeasonRead:
    """State of the reading of a season.

    Attributes:
        season: Which.
        searched_at: When it was last searched whole.
        read_at: When the races found by that search were last fetched.
        final: Whether it was read after its points were final.
        calls: Requests for it so far.
        note: Why it could not be read the last time.
    """

    season: Season
    searched_at: datetime | None = None
    read_at: datetime | None = None
    final: bool = False
    calls: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Seasons to read.

    Attributes:
        seasons: Seasons of the member.
        to_read: Those that were never read, or whose points are final since; newest first.
        calls: Requests made for seasons so far.
        calls_left: Requests to go, judged by the seasons read.
    """

    seasons: int
    to_read: tuple[Season, ...]
    calls: int
    calls_left: int

    def tonight(self, calls_per_minute: int) -> tuple[Season, ...]:
        """The seasons that fit into one night, at least one; newest first."""
        if not self.to_read:
            return ()
        room = calls_per_minute * NIGHT.total_seconds() / 60
        each = max(1.0, self.calls_left / len(self.to_read))
        return self.to_read[: max(1, int(room / each))]

    def ends_at(self, begin: datetime, calls_per_minute: int) -> datetime | None:
        """When all is read, if reading begins at ``begin`` and goes on each night.

        Returns:
            None when nothing is left.
        """
        if not self.to_read:
            return None
        nights = -(-len(self.to_read) // len(self.tonight(calls_per_minute))) - 1
        last = self.calls_left - nights * calls_per_minute * NIGHT.total_seconds() / 60
        minutes = max(1.0, last / calls_per_minute)
        return begin + timedelta(days=nights, minutes=minutes)


def points_are_final(season: Season, calendar: Calendar, now: datetime) -> bool:
    """Whether nothing changes the points of a season any more."""
    return now >= calendar.start(season.next) + POINTS_FINAL_AFTER


def plan(
    seasons: Iterable[Season],
    reads: Mapping[Season, SeasonRead],
    calendar: Calendar,
    now: datetime,
) -> Plan:
    """Plan the seasons to read, newest first.

    Args:
        seasons: The seasons of the member.
        reads: How far each got; a season that was never begun may be absent.
        calendar: When seasons begin.
        now: The present.
    """
    all_seasons = sorted(set(seasons) | set(reads), reverse=True)

    def is_due(season: Season) -> bool:
        read = reads.get(season)
        if read is None or read.read_at is None:
            return True
        return not read.final and points_are_final(season, calendar, now)

    to_read = tuple(season for season in all_seasons if is_due(season))
    done = [read.calls for read in reads.values() if read.read_at is not None]
    each = sum(done) / len(done) if done else UNKNOWN_SEASON_CALLS
    calls = sum(read.calls for read in reads.values())
    return Plan(len(all_seasons), to_read, calls, round(each * len(to_read)))
