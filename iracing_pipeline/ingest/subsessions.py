"""Fetch from the Data API into the raw payloads: search a season, then fetch its races.

Every document is committed as it arrives, so that whatever ends a run, the next one asks only for
what is missing. A document that is refused or does not come is noted as wanted, with its reason,
and requested again; the others of its race are fetched all the same.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.backfill import (
    EVENTS,
    LAP_DATA,
    LAPS,
    REREAD,
    RESULT,
    Fetch,
    Status,
    Wanted,
    entrants,
    search_from,
    search_windows,
    wanted_documents,
)
from iracing_pipeline.data_api.endpoints import EventType
from iracing_pipeline.data_api.errors import DataApiError, OutageError
from iracing_pipeline.data_api.meaning import MEANINGS, About
from iracing_pipeline.data_api.outages import ALL
from iracing_pipeline.data_api.season_plan import POINTS_FINAL_AFTER, points_are_final
from iracing_pipeline.ingest.calendar import (
    ask_current_season,
    known_calendar,
    season_named,
)
from iracing_pipeline.ingest.documents import answered, is_passing, keep, stops
from iracing_pipeline.results.season import Season, seasons_between
from iracing_pipeline.warehouse import fetch_queue, payloads, season_books
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iracing_pipeline.data_api import DataApi
    from iracing_pipeline.data_api.client import Answer
    from iracing_pipeline.results.season import Calendar
    from iracing_pipeline.warehouse.connection import Connection

SEARCH = "results/search_series"
SEARCH_HOSTED = "results/search_hosted"
RECENT = "recent results"
RECENT_HOSTED = "recent hosted results"
EVENT_TYPES = (EventType.RACE,)
MOST_REFUSALS = 3
"""Laps of single drivers are given up after so many refusals, until the next time."""

MARGIN = timedelta(weeks=2)
"""Hosted races are searched so long before and after a season, as its dates may be corrected."""


@dataclass(slots=True)
class Progress:
    """Progress of fetching some subsessions.

    Attributes:
        total: Subsessions that were due.
        statuses: Number of subsessions by status.
        problems: Why subsessions are not complete, by subsession.
        requests: API requests made.
        started: When it began, seconds since 1970.
    """

    total: int = 0
    statuses: dict[Status, int] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    requests: int = 0
    started: float = 0.0

    @property
    def done(self) -> int:
        """Subsessions done."""
        return sum(self.statuses.values())

    @property
    def requests_left(self) -> int:
        """Requests still to be made, judged by those done; four each before the first is done."""
        each = self.requests / self.done if self.done else 4.0
        return round(each * (self.total - self.done))

    def seconds_left(self, now: float) -> float | None:
        """Time still to go, judged by the time taken; None before the first is done."""
        if not self.done:
            return None
        return (now - self.started) / self.done * (self.total - self.done)

    def summary(self, now: float) -> str:
        """The progress as one line."""
        left = self.seconds_left(now)
        eta = "" if left is None else f", about {max(1, round(left / 60))} min left"
        return (
            f"{self.done} of {self.total} subsessions, {self.requests} requests made,"
            f" {self.requests_left} to go{eta}"
        )


@dataclass(frozen=True, slots=True)
class Member:
    """Whom a search is for, and by which client.

    Attributes:
        connection: In autocommit.
        api: The Data API.
        cust_id: The member.
    """

    connection: Connection
    api: DataApi
    cust_id: int


class _Errors(list[DataApiError]):
    """Errors of single requests; one that ends all asking is raised at once."""

    @contextmanager
    def collected(self) -> Iterator[None]:
        try:
            yield
        except DataApiError as error:
            if stops(error):
                raise
            self.append(error)

    def raise_first(self) -> None:
        if self:
            raise self[0]


def search_season(
    connection: Connection, api: DataApi, cust_id: int, season: Season, now: datetime
) -> int:
    """Search a season's subsessions and add them to the queue: how many are new.

    Once the points of the season are final, the results that are there are read once more.

    Args:
        connection: In autocommit.
        api: The Data API.
        cust_id: The member.
        season: The season; hosted sessions count to it by date.
        now: The present.

    Raises:
        DataApiError: If a part of the search failed; what the others gave is in the queue.
    """
    before = api.stats.snapshot().requests
    calendar = known_calendar(connection)
    errors = _Errors()
    rows: list[dict[str, Any]] = []
    with errors.collected():
        answer = endpoints.search_series(api, cust_id, season.year, season.quarter, EVENT_TYPES)
        keep(connection, Document(SEARCH, str(season)), _whole(answer))
        rows += _rows(answer)
    begin, end = calendar.start(season) - MARGIN, calendar.start(season.next) + MARGIN
    for number, (first, last) in enumerate(search_windows(begin, min(end, now))):
        with errors.collected():
            answer = endpoints.search_hosted(api, cust_id, first, last)
            keep(connection, Document(SEARCH_HOSTED, str(season), number), _whole(answer))
            rows += [row for row in _rows(answer) if _is_race(row)]
    new = fetch_queue.add(connection, _fetches(rows, known_calendar(connection, rows)))
    calls = api.stats.snapshot().requests - before
    if errors:
        season_books.failed(connection, season, str(errors[0]), calls=calls)
    errors.raise_first()
    read = season_books.reads(connection).get(season)
    if read and read.read_at and not read.final and points_are_final(season, calendar, now):
        fetch_queue.read_results_again(connection, str(season), now)
    season_books.searched(connection, season, now, calls=calls)
    return new


def search_recent(connection: Connection, api: DataApi, cust_id: int, now: datetime) -> list[str]:
    """Search what finished since the last look; the seasons in which something is due.

    Two requests: series races, and hosted and league races. Before the first look the present
    season is searched whole; after a pause longer than a search can reach, every season since.

    Raises:
        DataApiError: If a search failed; what the others gave is in the queue.
    """
    errors = _Errors()
    member = Member(connection, api, cust_id)
    with errors.collected():
        ask_current_season(connection, api, now)
    looks = {name: fetch_queue.watermark(connection, name) for name in (RECENT, RECENT_HOSTED)}
    for name, last in looks.items():
        begin = search_from(last, now)
        if begin is not None:
            with errors.collected():
                _look(member, name, begin, now)
    # One search of the seasons serves both looks.
    late = [name for name, last in looks.items() if search_from(last, now) is None]
    if late and _search_since(member, [looks[name] for name in late], now, errors):
        for name in late:
            fetch_queue.set_watermark(connection, name, now)
    due = fetch_queue.due_seasons(connection, now)
    errors.raise_first()
    return due


def _look(member: Member, name: str, begin: datetime, now: datetime) -> None:
    if name == RECENT:
        answer = endpoints.search_series_finished_after(
            member.api, member.cust_id, begin, EVENT_TYPES
        )
        rows = _rows(answer)
    else:
        answer = endpoints.search_hosted_finished_after(member.api, member.cust_id, begin)
        rows = [row for row in _rows(answer) if _is_race(row)]
    calendar = known_calendar(member.connection, rows)
    fetch_queue.add(member.connection, _fetches(rows, calendar))
    fetch_queue.set_watermark(member.connection, name, now)


def _search_since(
    member: Member, looks: list[datetime | None], now: datetime, errors: _Errors
) -> bool:
    """Search every season since the oldest look, newest first: whether all of it worked."""
    calendar = known_calendar(member.connection)
    last = calendar.at(now)
    times = [look for look in looks if look is not None]
    first = calendar.at(min(times) - MARGIN) if times else last
    before = len(errors)
    for season in reversed(list(seasons_between(first, last))):
        with errors.collected():
            search_season(member.connection, member.api, member.cust_id, season, now)
    return len(errors) == before


def fetch_due(
    connection: Connection,
    api: DataApi,
    seasons: Iterable[Season],
    now: Callable[[], float],
    report: Callable[[Progress], None] = lambda _progress: None,
) -> Progress:
    """Fetch the subsessions of some seasons that are due, those that never failed first.

    Args:
        connection: In autocommit.
        api: The Data API.
        seasons: Seasons of the subsessions.
        now: Tells the time, in seconds since 1970.
        report: Is called with the progress after each subsession.

    Returns:
        What became of them.

    Raises:
        MaintenanceError: If iRacing is down; what was fetched is kept.
        AuthenticationError: If iRacing refuses the token and the credentials; likewise.
    """
    chosen = list(seasons)
    queue = fetch_queue.of_seasons(connection, [str(season) for season in chosen])
    due = [fetch for fetch in queue if fetch.is_due(_moment(now))]
    due.sort(key=lambda fetch: fetch.attempts)
    progress = Progress(total=len(due), started=now())
    before = api.stats.snapshot().requests
    outages: set[str] = set()
    for fetch in due:
        after = _Subsession(connection, api, fetch, now, outages).fetched()
        fetch_queue.save(connection, after)
        progress.statuses[after.status] = progress.statuses.get(after.status, 0) + 1
        if after.status is not Status.OK and after.note:
            progress.problems[after.subsession_id] = after.note
        progress.requests = api.stats.snapshot().requests - before
        report(progress)
    calendar = known_calendar(connection)
    for season in chosen:
        final_from = calendar.start(season.next) + POINTS_FINAL_AFTER
        calls = progress.requests // len(chosen)
        season_books.read(connection, season, _moment(now), calls=calls, final_from=final_from)
    return progress


class _Subsession:
    """The documents of one subsession, asked for one after the other."""

    def __init__(
        self,
        connection: Connection,
        api: DataApi,
        fetch: Fetch,
        now: Callable[[], float],
        outages: set[str],
    ) -> None:
        self._connection, self._api, self._fetch, self._now = connection, api, fetch, now
        self._outages = outages  # those that this run saw: it asks there no more
        self._item = str(fetch.subsession_id)
        self._received = False
        kinds = (RESULT, LAPS, LAP_DATA, EVENTS)
        self._known = payloads.known_of(connection, kinds, self._item)
        self._wanted = {
            Document(each.kind, each.item, each.part): each
            for each in fetch_queue.wanted_of(connection, self._item)
        }

    def fetched(self) -> Fetch:
        """The subsession after its documents were asked for."""
        fetch = self._fetch
        if fetch.settles(_moment(self._now)):
            for document in self._known - set(self._wanted):
                self._want(Wanted(document.kind, document.item, document.part, REREAD))
        whole = Document(RESULT, self._item)
        self._ask(whole, lambda: endpoints.results(self._api, fetch.subsession_id).payload)
        has_result = whole in self._known
        if has_result:
            self._parts(payloads.get(self._connection, whole))
        return fetch.after(
            self._wanted.values(),
            _moment(self._now),
            has_result=has_result,
            received=self._received,
        )

    def _parts(self, result: object) -> None:
        number = self._fetch.subsession_id
        for kind, part in wanted_documents(result):
            document = Document(kind, self._item, part)
            ask = endpoints.lap_chart if kind == LAPS else endpoints.event_log
            self._ask(document, partial(_asked, ask, self._api, number, part))
            if kind == LAPS:
                self._lap_data(result, document)

    def _lap_data(self, result: object, chart: Document) -> None:
        """Ask for the laps of each entrant, where iRacing refuses those of all at once."""
        wanted = self._wanted.get(chart)
        document = Document(LAP_DATA, self._item, chart.part)
        if wanted is None or wanted.meaning not in MEANINGS:
            if wanted is None and document in self._wanted:
                self._receive(document)  # the chart came, and has everything
            return
        if MEANINGS[wanted.meaning].about is About.ITEM:
            self._ask(document, lambda: self._each_entrant(result, chart.part))

    def _each_entrant(self, result: object, part: int) -> dict[str, Any]:
        """The laps of all entrants as one document; what arrived is kept until all did."""
        rows: list[Any] = []
        errors = _Errors()
        for group, is_team in entrants(result, part):
            one = Document(f"{LAP_DATA}/{group}", self._item, part)
            body = payloads.get(self._connection, one)
            if body is None:
                with errors.collected():
                    answer = endpoints.lap_data(
                        self._api, self._fetch.subsession_id, part, group, is_team=is_team
                    )
                    body = _whole(answer)
                    keep(self._connection, one, body)
            if body is not None:
                rows += body["rows"]
            if errors and (is_passing(errors[-1]) or len(errors) >= MOST_REFUSALS):
                break
        whole = {"header": {}, "rows": rows}
        if errors and rows:
            keep(self._connection, Document(LAP_DATA, self._item, part), whole)
            self._received = True
        errors.raise_first()
        return whole

    def _ask(self, document: Document, ask: Callable[[], Any]) -> None:
        """Ask for a document if it is not there or is to be read again, and if it is due."""
        wanted = self._wanted.get(document)
        if wanted is None:
            if document in self._known:
                return
            wanted = Wanted(document.kind, document.item, document.part, "")
        if not wanted.is_due(_moment(self._now)):
            return
        if self._outages & {ALL, document.kind}:
            error = OutageError(
                f"{document.kind}: not asked, because of an outage.", probe_at=self._now()
            )
            self._want(wanted.answered(error, _moment(self._now), others_answered=False))
            return
        try:
            keep(self._connection, document, ask())
        except DataApiError as error:
            if stops(error):
                raise
            now = _moment(self._now)
            self._want(answered(self._connection, wanted, error, now, self._still_answers))
            if (outage := self._api.outage_of(document.kind)) is not None:
                self._outages.add(outage)
            return
        self._known.add(document)
        self._received = True
        self._receive(document)

    def _still_answers(self) -> bool:
        """Whether iRacing gives the result of another race again that it gave before."""
        other = fetch_queue.last_received(self._connection)
        if other is None:
            return False
        try:
            endpoints.results(self._api, other)
        except DataApiError as error:
            if stops(error):
                raise
            return False
        return True

    def _want(self, wanted: Wanted) -> None:
        self._wanted[Document(wanted.kind, wanted.item, wanted.part)] = wanted
        fetch_queue.want(self._connection, wanted)

    def _receive(self, document: Document) -> None:
        if self._wanted.pop(document, None) is not None:
            fetch_queue.received(self._connection, document.kind, document.item, document.part)


def _asked(
    ask: Callable[[DataApi, int, int], Answer], api: DataApi, number: int, part: int
) -> dict[str, Any]:
    return _whole(ask(api, number, part))


def _whole(answer: Answer) -> dict[str, Any]:
    """A chunked answer as one document, without the links that have expired by now."""
    header = answer.payload
    if isinstance(header, dict):
        header = {name: value for name, value in header.items() if name != "chunk_info"}
        if isinstance(header.get("data"), dict):
            header["data"] = {n: v for n, v in header["data"].items() if n != "chunk_info"}
    return {"header": header, "rows": answer.rows or []}


def _rows(answer: Answer) -> list[dict[str, Any]]:
    return list(_dicts(answer.rows))


def _dicts(rows: Iterable[Any] | None) -> Iterator[dict[str, Any]]:
    return (row for row in rows or () if isinstance(row, dict))


def _fetches(rows: Iterable[dict[str, Any]], calendar: Calendar) -> list[Fetch]:
    fetches = {}
    for row in rows:
        subsession_id = row.get("subsession_id")
        if type(subsession_id) is int and 0 < subsession_id < 2**63:
            season, end = _season_of(row, calendar), _time(row, "end_time")
            if season is not None:
                fetches[subsession_id] = Fetch(subsession_id, str(season), end)
    return list(fetches.values())


def _season_of(row: dict[str, Any], calendar: Calendar) -> Season | None:
    """The season that a search names, or the one in which the race was."""
    season = season_named(row) if row.get("season_id") else None
    moment = _time(row, "start_time") or _time(row, "end_time")
    return season or (calendar.at(moment) if moment is not None else None)


def _time(row: dict[str, Any], name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(row.get(name)))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and 2008 <= moment.year <= 9000 else None


def _is_race(row: dict[str, Any]) -> bool:
    # A hosted session without a race reports no laps of one.
    laps = row.get("event_laps_complete")
    return type(laps) is not int or laps > 0


def _moment(now: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(now(), UTC)
