"""What to ask the Data API for, and in what order: as little as gives everything, once.

These rules know neither the database nor the network; the fetch queue keeps their results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from iracing_pipeline.results.reading import objects, value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SETTLED_AFTER = timedelta(days=7)
"""Protests and disqualifications change a result for some days; then it is read once more."""

OVERLAP = timedelta(hours=4)
"""A search begins this long before the newest race known: results appear out of order."""

SEARCH_LIMIT = timedelta(days=90)
"""Searches by range reach no further."""

MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=5)

RESULT = "results/get"
LAPS = "results/lap_chart_data"
EVENTS = "results/event_log"
_QUALIFYING = (4, 5)
_RACE = 6


class Status(StrEnum):
    """How far a subsession got."""

    PENDING = "pending"
    OK = "ok"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One subsession in the fetch queue.

    Attributes:
        subsession_id: Which.
        season: The season it is fetched with.
        end_time: When it ended; None when the search did not say.
        status: How far it got.
        attempts: How often it failed in a row.
        retry_after: Not before this moment.
        note: What was wrong the last time.
        fetched_at: When its last document was received.
        settled: Whether it was read a week after its end.
    """

    subsession_id: int
    season: str
    end_time: datetime | None = None
    status: Status = Status.PENDING
    attempts: int = 0
    retry_after: datetime | None = None
    note: str | None = None
    fetched_at: datetime | None = None
    settled: bool = False

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be fetched: never was, may be tried again, or has settled since."""
        if self.status is Status.PENDING:
            return True
        if self.status is Status.RETRY:
            return self.retry_after is None or self.retry_after <= now
        if self.status is Status.OK and not self.settled and self.end_time is not None:
            return now >= self.end_time + SETTLED_AFTER
        return False

    @property
    def is_again(self) -> bool:
        """Whether documents that are there are to be fetched anew."""
        return self.status is Status.OK

    def done(self, now: datetime) -> Fetch:
        """After all its documents were received."""
        settled = self.end_time is not None and now >= self.end_time + SETTLED_AFTER
        return replace(
            self,
            status=Status.OK,
            attempts=0,
            retry_after=None,
            note=None,
            fetched_at=now,
            settled=settled,
        )

    def refused(self, status: Status, note: str, now: datetime) -> Fetch:
        """After iRacing said that it is forbidden or missing, which is final."""
        return replace(
            self, status=status, note=note, retry_after=None, fetched_at=now, settled=True
        )

    def failed(self, note: str, now: datetime) -> Fetch:
        """After a fault: wait longer each time."""
        attempts = self.attempts + 1
        pause = FIRST_PAUSE * 2 ** (min(attempts, MOST_ATTEMPTS) - 1)
        return replace(
            self, status=Status.RETRY, attempts=attempts, retry_after=now + pause, note=note
        )


def wanted_documents(result: object) -> list[tuple[str, int]]:
    """What to fetch of a subsession beside its result: endpoint and simsession number.

    The laps of every race and heat, those of qualifying, and the log of the main event; nothing
    of a simsession in which nobody completed a lap.

    Args:
        result: The payload of ``results/get``.

    Returns:
        In the order in which to fetch them.
    """
    wanted: list[tuple[str, int]] = []
    for simsession in objects(result, "session_results"):
        number = value_at(simsession, "simsession_number")
        kind = value_at(simsession, "simsession_type")
        if type(number) is not int or not _has_laps(simsession):
            continue
        if kind == _RACE or kind in _QUALIFYING:
            wanted.append((LAPS, number))
        if number == 0:
            wanted.append((EVENTS, number))
    return sorted(wanted, key=lambda each: (each[0] != LAPS, -each[1]))


def _has_laps(simsession: object) -> bool:
    laps = [value_at(each, "laps_complete") for each in objects(simsession, "results")]
    # Where the count is missing, laps cannot be ruled out.
    return any(type(each) is not int or each > 0 for each in laps)


def least_requests(results: Iterable[object], seasons: int, windows: int) -> int:
    """The fewest requests that give everything.

    Args:
        results: The result of each subsession that may be seen; None for each other.
        seasons: Seasons searched.
        windows: Ranges searched for hosted sessions.

    Returns:
        Searches, and for each subsession its result and what belongs to it.
    """
    return seasons + windows + sum(1 + len(wanted_documents(result)) for result in results)


def search_windows(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The fewest ranges that a search can take and that cover ``begin`` to ``end``."""
    if end <= begin:
        return
    count = -(-(end - begin) // SEARCH_LIMIT)
    step = (end - begin) / count
    edges = [begin + step * number for number in range(count)] + [end]
    for first, last in pairwise(edges):
        # Searches take whole minutes; a minute twice is better than one not at all.
        yield first.replace(second=0, microsecond=0), last


def search_from(reached: datetime | None, now: datetime) -> datetime | None:
    """Where an incremental search begins; None when it has to be by season instead.

    Args:
        reached: The newest end of a race known; None before the first search.
        now: The present.
    """
    if reached is None or now - reached > SEARCH_LIMIT - OVERLAP - timedelta(days=1):
        return None
    return reached - OVERLAP


def reached(rows: Iterable[dict[str, Any]], before: datetime | None) -> datetime | None:
    """The newest end of a race, over what was known before and what a search found."""
    ends = [before] if before else []
    for row in rows:
        try:
            ends.append(datetime.fromisoformat(str(row.get("end_time"))))
        except ValueError:
            continue
    return max(ends, default=None)
