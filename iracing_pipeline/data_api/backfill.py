"""Selection and order of requests to the Data API: fetch everything once, with few requests.

These rules know neither the database nor the network; the fetch queue keeps their results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from iracing_pipeline.data_api.errors import OutageError
from iracing_pipeline.data_api.meaning import (
    ABSENT,
    GATEWAY,
    MEANINGS,
    PRIVATE,
    PROOF_ANSWERS,
    PROOF_TIME,
    REJECTED,
    About,
)
from iracing_pipeline.results.reading import objects, value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iracing_pipeline.data_api.errors import DataApiError
    from iracing_pipeline.data_api.meaning import Meaning

SETTLED_AFTER = timedelta(days=7)
"""Protests and disqualifications change a result for some days; then it is read once more."""

OVERLAP = timedelta(days=7)
"""A search begins this long before the last one: results appear late and out of order."""

SEARCH_LIMIT = timedelta(days=90)
"""Searches by range reach no further."""

RESULT = "results/get"
LAPS = "results/lap_chart_data"
LAP_DATA = "results/lap_data"
EVENTS = "results/event_log"
REREAD = "reread"
_QUALIFYING = (4, 5)
_RACE = 6


class Status(StrEnum):
    """State of the fetch of a subsession.

    ``retry`` waits for an outage or a fault to end; ``refused`` was refused by iRacing, which is
    not proven yet. ``forbidden``, ``missing`` and ``rejected`` are proven; ``dismissed`` is the
    user's word.
    """

    PENDING = "pending"
    OK = "ok"
    PARTIAL = "partial"
    RETRY = "retry"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    REJECTED = "rejected"
    DISMISSED = "dismissed"


FINAL = {
    PRIVATE.name: Status.FORBIDDEN,
    ABSENT.name: Status.MISSING,
    REJECTED.name: Status.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document that is missing or has to be read again, and the last answer for it.

    Attributes:
        kind: Endpoint.
        item: What of: a subsession, a member's chart.
        part: Simsession number, or another part.
        meaning: Name of what the last answer meant (:mod:`.meaning`), or ``reread``.
        answer: The last answer in a few words, such as ``403 forbidden``.
        note: The last answer for the user.
        attempts: Equal answers in a row.
        first_at: When the first of them came.
        last_at: When the last of them came.
        retry_after: When it is requested again; None when at once, or never.
        final: Whether it is not asked for any more.
    """

    kind: str
    item: str
    part: int
    meaning: str
    answer: str = ""
    note: str | None = None
    attempts: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    retry_after: datetime | None = None
    final: bool = False

    def is_due(self, now: datetime) -> bool:
        """Whether it is due."""
        return not self.final and (self.retry_after is None or self.retry_after <= now)

    def answered(self, error: DataApiError, now: datetime, *, others_answered: bool) -> Wanted:
        """After an answer that is not the document.

        Args:
            error: The answer, as the client raised it.
            now: The present.
            others_answered: Whether iRacing gave another document of the kind since the first of
                the equal answers: the refusal is then not about the account.
        """
        if isinstance(error, OutageError):  # nobody asked
            probe = datetime.fromtimestamp(error.probe_at, UTC)
            later = max(probe, self.retry_after or probe)
            return replace(
                self,
                meaning=self.meaning if self.attempts else GATEWAY.name,
                note=self.note if self.attempts else str(error),
                retry_after=later,
            )
        meaning = error.meaning or GATEWAY
        attempts, first = self._equal_answers(meaning, now)
        final = others_answered and self.is_repeated(error, now)
        note = str(error)
        if final:
            note += f" It was the same {attempts} times since {first:%Y-%m-%d %H:%M} UTC."
        return replace(
            self,
            meaning=meaning.name,
            answer=error.answer,
            note=note,
            attempts=attempts,
            first_at=first,
            last_at=now,
            retry_after=None if final else now + meaning.pause(attempts),
            final=final,
        )

    def is_repeated(self, error: DataApiError, now: datetime) -> bool:
        """Whether an answer was given often and for long enough to be the last word."""
        meaning = error.meaning or GATEWAY
        attempts, first = self._equal_answers(meaning, now)
        return (
            not isinstance(error, OutageError)
            and meaning.provable
            and attempts >= PROOF_ANSWERS
            and now - first >= PROOF_TIME
        )

    def _equal_answers(self, meaning: Meaning, now: datetime) -> tuple[int, datetime]:
        """How many equal answers there were, with the present one, and when the first came."""
        # Faults of the gateway differ in every answer; what counts is that they go on.
        if self.meaning != meaning.name or not self.attempts:
            return 1, now
        return self.attempts + 1, self.first_at or now


@dataclass(frozen=True, slots=True)
class Fetch:
    """One subsession in the fetch queue.

    Attributes:
        subsession_id: Which.
        season: The season it is fetched with.
        end_time: When it ended; None when the search did not say.
        status: How far it got.
        attempts: Equal answers in a row for the document that has most of them.
        retry_after: Not before this moment.
        note: Why it is not complete.
        fetched_at: When its last document was received.
        settled: Whether it was read a week after its end, or is being read again since.
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
        """Whether it is due: never fetched, to be retried, or settled since."""
        if self.status is Status.PENDING:
            return True
        if self.status in FINAL.values() or self.status is Status.DISMISSED:
            return False
        if self.retry_after is not None:
            return self.retry_after <= now or self.settles(now)
        return self.status in {Status.RETRY, Status.REFUSED} or self.settles(now)

    def settles(self, now: datetime) -> bool:
        """Whether the existing documents have to be read once more."""
        return (
            self.fetched_at is not None
            and not self.settled
            and self.end_time is not None
            and now >= self.end_time + SETTLED_AFTER
        )

    def after(
        self, wanted: Iterable[Wanted], now: datetime, *, has_result: bool, received: bool
    ) -> Fetch:
        """After its documents were asked for.

        Args:
            wanted: The documents that are still wanted.
            now: The present.
            has_result: Whether its result is there.
            received: Whether a document arrived.
        """
        left = list(wanted)
        waiting = [each for each in left if not each.final]
        settled = self.settled or (
            has_result and self.end_time is not None and now >= self.end_time + SETTLED_AFTER
        )
        return replace(
            self,
            status=_status(left, has_result=has_result),
            attempts=max((each.attempts for each in left), default=0),
            retry_after=min((each.retry_after or now for each in waiting), default=None),
            note="\n".join(dict.fromkeys(each.note for each in left if each.note)) or None,
            fetched_at=now if received else self.fetched_at,
            settled=settled,
        )


def _status(left: list[Wanted], *, has_result: bool) -> Status:
    if has_result:
        return Status.PARTIAL if any(each.meaning != REREAD for each in left) else Status.OK
    result = next((each for each in left if each.kind == RESULT), None)
    if result is None or result.meaning not in MEANINGS:
        return Status.PENDING
    if result.final:
        return FINAL[result.meaning]
    return Status.REFUSED if MEANINGS[result.meaning].about is About.ITEM else Status.RETRY


def wanted_documents(result: object) -> list[tuple[str, int]]:
    """List the documents to fetch beside the result: endpoint and simsession number.

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


def entrants(result: object, simsession_number: int) -> list[tuple[int, bool]]:
    """List the entries that may have laps in a simsession: group id, and whether it is a team.

    Args:
        result: The payload of ``results/get``.
        simsession_number: Which simsession.
    """
    groups: dict[int, bool] = {}
    for simsession in objects(result, "session_results"):
        if value_at(simsession, "simsession_number") != simsession_number:
            continue
        for row in objects(simsession, "results"):
            team, driver = value_at(row, "team_id"), value_at(row, "cust_id")
            group = team if type(team) is int else driver
            if type(group) is int and value_at(row, "laps_complete") != 0:
                groups[group] = type(team) is int
    return list(groups.items())


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


def search_from(last_search: datetime | None, now: datetime) -> datetime | None:
    """Return the start of an incremental search; None if the search has to be by season instead.

    Args:
        last_search: When the last one was; None before the first.
        now: The present.
    """
    if last_search is None or now - last_search > SEARCH_LIMIT - OVERLAP - timedelta(days=1):
        return None
    return min(last_search, now) - OVERLAP
