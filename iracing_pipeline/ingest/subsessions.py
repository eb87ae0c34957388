"""From the Data API into the raw payloads: search a season, then fetch what it found.

Every document is committed as it arrives, so that whatever ends a run, the next one asks only for
what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.backfill import (
    EVENTS,
    LAPS,
    RESULT,
    Fetch,
    Status,
    reached,
    search_from,
    search_windows,
    wanted_documents,
)
from iracing_pipeline.data_api.endpoints import EventType
from iracing_pipeline.data_api.errors import ForbiddenError, NotFoundError, UnavailableError
from iracing_pipeline.results.season import Season, season_at, season_start
from iracing_pipeline.warehouse import fetch_queue, payloads
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from iracing_pipeline.data_api import DataApi
    from iracing_pipeline.warehouse.connection import Connection

SEARCH = "results/search_series"
SEARCH_HOSTED = "results/search_hosted"
RECENT = "recent results"
EVENT_TYPES = (EventType.RACE,)


@dataclass(slots=True)
class Progress:
    """How far the fetching of some subsessions is.

    Attributes:
        total: Subsessions that were due.
        statuses: What became of those done, counted.
        requests: API requests made.
        started: When it began, seconds since 1970.
    """

    total: int = 0
    statuses: dict[Status, int] = field(default_factory=dict)
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

    def told(self, now: float) -> str:
        """The progress as one line."""
        left = self.seconds_left(now)
        eta = "" if left is None else f", about {max(1, round(left / 60))} min left"
        return (
            f"{self.done} of {self.total} subsessions, {self.requests} requests made,"
            f" {self.requests_left} to go{eta}"
        )


def search_season(
    connection: Connection, api: DataApi, cust_id: int, season: Season, now: datetime
) -> int:
    """Find a season's subsessions and add them to the queue: how many are new.

    Args:
        connection: In autocommit.
        api: The Data API.
        cust_id: The member.
        season: The season; hosted sessions count to it by date.
        now: The present.
    """
    found = endpoints.search_series(api, cust_id, season.year, season.quarter, EVENT_TYPES)
    rows = found.rows or []
    payloads.put(connection, Document(SEARCH, str(season)), _kept(found), source="api")
    hosted: list[dict[str, Any]] = []
    end = min(season_start(season.next), now)
    for number, (begin, until) in enumerate(search_windows(season_start(season), end)):
        answer = endpoints.search_hosted(api, cust_id, begin, until)
        hosted += answer.rows or []
        document = Document(SEARCH_HOSTED, str(season), number)
        payloads.put(connection, document, _kept(answer), source="api")
    races = [row for row in hosted if _is_race(row)]
    return fetch_queue.add(connection, _fetches([*rows, *races], season))


def search_recent(connection: Connection, api: DataApi, cust_id: int, now: datetime) -> list[str]:
    """Find what finished since the last search; the seasons in which something is new.

    One request, by watermark with overlap. Before the first search, or after a long pause, the
    present season is searched whole.
    """
    known = fetch_queue.watermark(connection, RECENT)
    begin = search_from(known, now)
    if begin is None:
        season = season_at(now)
        search_season(connection, api, cust_id, season, now)
        rows: list[dict[str, Any]] = []
        fetch_queue.set_watermark(connection, RECENT, now)
    else:
        found = endpoints.search_series_finished_after(api, cust_id, begin, EVENT_TYPES)
        rows = found.rows or []
        fetch_queue.add(connection, _fetches(rows, season_at(now)))
        newest = reached(rows, known)
        if newest is not None:
            fetch_queue.set_watermark(connection, RECENT, newest)
    return fetch_queue.due_seasons(connection, now)


def fetch_due(
    connection: Connection,
    api: DataApi,
    seasons: Iterable[Season],
    now: Callable[[], float],
    report: Callable[[Progress], None] = lambda _progress: None,
) -> Progress:
    """Fetch the subsessions of some seasons that are due, one after the other.

    Args:
        connection: In autocommit.
        api: The Data API.
        seasons: Whose subsessions.
        now: Tells the time, in seconds since 1970.
        report: Is told of the progress after each subsession.

    Returns:
        What became of them.

    Raises:
        MaintenanceError: If iRacing is down; what was fetched is kept.
        AuthenticationError: If iRacing refuses the token and the credentials; likewise.
    """
    queue = fetch_queue.of_seasons(connection, [str(season) for season in seasons])
    due = [fetch for fetch in queue if fetch.is_due(_moment(now))]
    progress = Progress(total=len(due), started=now())
    before = api.stats.snapshot().requests
    for fetch in due:
        after = _fetched(connection, api, fetch, now)
        fetch_queue.save(connection, after)
        progress.statuses[after.status] = progress.statuses.get(after.status, 0) + 1
        progress.requests = api.stats.snapshot().requests - before
        report(progress)
    return progress


def _fetched(connection: Connection, api: DataApi, fetch: Fetch, now: Callable[[], float]) -> Fetch:
    try:
        _documents(connection, api, fetch)
    except ForbiddenError as error:
        return fetch.refused(Status.FORBIDDEN, str(error), _moment(now))
    except NotFoundError as error:
        return fetch.refused(Status.MISSING, str(error), _moment(now))
    except UnavailableError as error:
        return fetch.failed(str(error), _moment(now))
    return fetch.done(_moment(now))


def _documents(connection: Connection, api: DataApi, fetch: Fetch) -> None:
    item = str(fetch.subsession_id)
    known = set()
    if not fetch.is_again:
        known = payloads.known_of(connection, (RESULT, LAPS, EVENTS), item)
    whole = Document(RESULT, item)
    if whole in known:
        result = payloads.get(connection, whole)
    else:
        result = endpoints.results(api, fetch.subsession_id).payload
        payloads.put(connection, whole, result, source="api")
    for kind, number in wanted_documents(result):
        document = Document(kind, item, number)
        if document in known:
            continue
        ask = endpoints.lap_chart if kind == LAPS else endpoints.event_log
        answer = ask(api, fetch.subsession_id, number)
        payloads.put(connection, document, _kept(answer), source="api")


def _kept(answer: Any) -> dict[str, Any]:
    """A chunked answer as one document, without the links that have expired by now."""
    header = answer.payload
    if isinstance(header, dict):
        header = {name: value for name, value in header.items() if name != "chunk_info"}
        if isinstance(header.get("data"), dict):
            header["data"] = {n: v for n, v in header["data"].items() if n != "chunk_info"}
    return {"header": header, "rows": answer.rows or []}


def _fetches(rows: Iterable[dict[str, Any]], season: Season) -> list[Fetch]:
    fetches = {}
    for row in rows:
        subsession_id = row.get("subsession_id")
        if type(subsession_id) is int:
            fetches[subsession_id] = Fetch(subsession_id, _season_of(row, season), _end(row))
    return list(fetches.values())


def _season_of(row: dict[str, Any], searched: Season) -> str:
    year, quarter = row.get("season_year"), row.get("season_quarter")
    if type(year) is int and type(quarter) is int and row.get("season_id"):
        return f"{year}S{quarter}"
    return str(searched)


def _end(row: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(row.get("end_time")))
    except ValueError:
        return None


def _is_race(row: dict[str, Any]) -> bool:
    # A hosted session without a race reports no laps of one.
    laps = row.get("event_laps_complete")
    return type(laps) is not int or laps > 0


def _moment(now: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(now(), UTC)
