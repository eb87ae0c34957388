"""Fetching through random faults: the same tables, bounded requests, no login loop.

Run as ``python -m benchmarks.fetch_faults [schedules] [first seed] [seconds]``. Each schedule makes
the simulated Data API misbehave for up to six days: any endpoint, one race or all of them,
any status or broken body. The pipeline's schedules run by a simulated clock. Then the faults end,
time passes, and what is in the database is compared with a world without faults.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from iracing_pipeline.data_api import DataApi, DataApiError
from iracing_pipeline.data_api.oauth import OAuth
from iracing_pipeline.data_api.outages import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MemoryOutageStore,
    Outages,
)
from iracing_pipeline.data_api.rate_limit import TokenBucket
from iracing_pipeline.data_api.season_plan import plan
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.data_api.tokens import Credentials, TokenState
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi
from iracing_pipeline.demo.fake_data_api.documents import (
    NoSuchDocumentError,
    RefusedDocumentError,
    document,
)
from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)
from iracing_pipeline.ingest.calendar import known_calendar, seasons_of_the_member
from iracing_pipeline.ingest.members import fetch_member, own_cust_id
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.ingest.subsessions import fetch_due, search_recent, search_season
from iracing_pipeline.results.season import Season
from iracing_pipeline.warehouse import Warehouse, embedded, fetch_queue, migrate, season_books

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iracing_pipeline.warehouse import Connection

BEGIN = datetime(2025, 12, 10, 12, tzinfo=UTC)
END = datetime(2026, 1, 6, 12, tzinfo=UTC)
LONGEST = timedelta(days=6)
"""Shorter than what proves a refusal: no fault may become final."""

LOAD_EVERY = 10
"""Tables follow from documents, so they are loaded and compared for one schedule of so many; the
documents and the state of every race and season are compared for all."""

HTML = b"<HTML><BODY><H1>ERROR</H1></BODY></HTML>"
ANSWERS = {
    "403 forbidden": (403, b'{"error":"Forbidden"}'),
    "403 scope": (403, b'{"error":"insufficient_scope"}'),
    "403 unknown": (403, b'{"error":"Teapot"}'),
    "403 HTML": (403, HTML),
    "403 empty": (403, b""),
    "404": (404, b'{"error":"Not Found"}'),
    "404 HTML": (404, HTML),
    "400": (400, b'{"error":"Bad Request"}'),
    "400 HTML": (400, HTML),
    "401": (401, b'{"error":"Unauthorized"}'),
    "429": (429, b"Rate limit exceeded"),
    "429 as 200": (200, b"Rate limit exceeded"),
    "500": (500, b""),
    "502": (502, HTML),
    "503 maintenance": (503, b'{"error":"Site Maintenance"}'),
    "503 HTML": (503, HTML),
    "504": (504, HTML),
    "302": (302, b""),
    "no answer": (0, b""),
    "200 HTML": (200, HTML),
    "200 empty": (200, b""),
    "200 {}": (200, b"{}"),
    "200 null": (200, b"null"),
    "200 []": (200, b"[]"),
    "200 error": (200, b'{"error":"Something"}'),
    "200 cut off": (200, b'{"link":"https://exam'),
    "200 foreign": (200, b'{"subsession_id":1,"session_results":[]}'),
    "200 nested": (200, b"[" * 20_000),
}
OF_ITEM = {"403 forbidden", "403 unknown", "404", "400"}
STORAGE = {
    "storage 403": (403, b"<Error/>"),
    "storage 503": (503, b"<Error/>"),
    "storage cut": None,
}
TOKEN = {
    "token 503": (503, {}),
    "token 403": (403, {}),
    "token passing": (400, {"error": "temporarily_unavailable"}),
    "token spent": (400, {"error": "invalid_grant"}),
    "token refused": (401, {"error": "invalid_client"}),
}
ENDPOINTS = (
    "*",
    "results/get",
    "results/lap_chart_data",
    "results/lap_data",
    "results/event_log",
    "results/search_series",
    "results/search_hosted",
    "member/info",
    "member/chart_data",
    "stats/member_career",
    "stats/member_yearly",
    "lookup/current_season",
)


class ShortCareer(Career):
    """Two seasons, the second of which ends while the schedules run."""

    @cached_property
    def seasons(self) -> tuple[Season, ...]:
        """The seasons, oldest first."""
        return (Season(2025, 3), Season(2025, 4))


CAREER = ShortCareer(
    season_count=2, races_per_season=2, hosted_per_season=2, field=(3, 4), laps=(2, 3)
)


@dataclass(frozen=True, slots=True)
class Episode:
    """A fault of the simulated Data API.

    Attributes:
        kind: Which, as the tables above call it.
        endpoint: Endpoint that it hits; ``*`` for all of them.
        item: Value of a parameter that it hits alone; None for every request.
        begin: When it begins, seconds since 1970.
        end: When it ends.
    """

    kind: str
    endpoint: str
    item: str | None
    begin: float
    end: float

    def hits(self, endpoint: str, parameters: dict[str, str], now: float) -> bool:
        """Whether it hits a request."""
        return (
            self.begin <= now < self.end
            and self.endpoint in {"*", endpoint}
            and (self.item is None or self.item in parameters.values())
        )


class Clock:
    """A clock on which waiting takes no time."""

    def __init__(self, start: datetime) -> None:
        self.time = start.timestamp()

    def now(self) -> float:
        """Seconds since 1970."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds

    @property
    def moment(self) -> datetime:
        """The present, UTC."""
        return datetime.fromtimestamp(self.time, UTC)


_documents: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = {}


class FaultyApi(FakeDataApi):
    """The simulated Data API without a socket, with episodes of faults."""

    url = "http://127.0.0.1:1"

    def __init__(self, clock: Clock, episodes: list[Episode]) -> None:
        super().__init__(CAREER, clock=clock)
        self.episodes = episodes
        self.faulty: Counter[str] = Counter()
        self.faulty_by: Counter[tuple[str, str]] = Counter()
        self.good: Counter[str] = Counter()
        self.exceeded = 0

    def data(
        self, endpoint: str, parameters: dict[str, str], bearer: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Answer a request: a fault if one hits it."""
        status, body, headers = super().data(endpoint, parameters, bearer)
        if status == 429:
            self.exceeded += 1
        episode = self._episode(endpoint, parameters, ANSWERS)
        if episode is None:
            self.good[endpoint] += 1
            return status, body, headers
        self._count(episode, endpoint)
        return *ANSWERS[episode.kind], headers

    def storage(self, name: str, *, leaked: bool) -> tuple[int, bytes]:
        """Answer a download: a fault if one hits it."""
        status, body = super().storage(name, leaked=leaked)
        episode = self._episode("storage", {}, STORAGE)
        if episode is None:
            return status, body
        self._count(episode, "storage")
        return STORAGE[episode.kind] or (200, body[: len(body) // 2])

    def token(self, form: dict[str, str]) -> Any:
        """Answer a request for a token: a fault if one hits it."""
        episode = self._episode("token", {}, TOKEN)
        if episode is None or (
            episode.kind == "token spent" and form["grant_type"] == "password_limited"
        ):
            return super().token(form)
        self._tokens.grants[form["grant_type"]] += 1
        self._count(episode, "token")
        status, body = TOKEN[episode.kind]
        return status, body, {}

    def _episode(
        self, endpoint: str, parameters: dict[str, str], kinds: dict[str, Any]
    ) -> Episode | None:
        now = self.clock.now()
        return next(
            (e for e in self.episodes if e.kind in kinds and e.hits(endpoint, parameters, now)),
            None,
        )

    def _count(self, episode: Episode, endpoint: str) -> None:
        self.faulty[episode.kind] += 1
        self.faulty_by[episode.kind, endpoint] += 1

    def _document(self, endpoint: str, parameters: dict[str, str]) -> tuple[int, bytes]:
        # Documents of races never change: made once for all schedules.
        key = (endpoint, tuple(sorted(parameters.items())))
        if key in _documents:
            return 200, json.dumps(self._wrapped(endpoint, _documents[key])).encode()
        if endpoint.startswith(("results/get", "results/lap", "results/event")):
            with contextlib.suppress(NoSuchDocumentError, RefusedDocumentError):
                _documents[key] = document(CAREER, endpoint, parameters, self.clock.now())
        return super()._document(endpoint, parameters)


class Adapter(BaseAdapter):
    """Carries requests to the simulated Data API in this process."""

    def __init__(self, server: FaultyApi) -> None:
        super().__init__()
        self._server = server

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> requests.Response:
        """Answer a request."""
        parts = urlsplit(request.url or "")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers: dict[str, str] = {}
        if parts.path.startswith("/storage/"):
            name = parts.path.removeprefix("/storage/")
            status, body = self._server.storage(name, leaked=bool(bearer))
        elif parts.path.startswith("/data/"):
            endpoint = parts.path.removeprefix("/data/")
            status, body, headers = self._server.data(
                endpoint, dict(parse_qsl(parts.query)), bearer
            )
        else:
            form = dict(parse_qsl(str(request.body)))
            status, answer, headers = self._server.token(form)
            body = json.dumps(answer).encode() if answer else HTML
        if status == 0:
            raise requests.ConnectionError("no answer")
        response = requests.Response()
        response.status_code, response._content = status, body  # noqa: SLF001 - as requests does
        response.headers.update(headers)
        return response

    def close(self) -> None:
        """Nothing to close."""


class MemoryTokens:
    """Keeps a token in this process."""

    def __init__(self) -> None:
        self._state = TokenState()

    @contextmanager
    def locked(self) -> Iterator[MemoryTokens]:
        """Access to it."""
        yield self

    def load(self) -> TokenState:
        """Return the stored state."""
        return self._state

    def save(self, state: TokenState) -> None:
        """Keep a token."""
        self._state = state


@dataclass
class World:
    """The pipeline's schedules over the simulated Data API, by a simulated clock."""

    connection: Connection
    clock: Clock
    server: FaultyApi
    every: timedelta
    faults_end: float
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    outages: MemoryOutageStore = field(default_factory=MemoryOutageStore)
    raised: Counter[str] = field(default_factory=Counter)
    runs: int = 0

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.mount("http://", Adapter(self.server))

    def api(self) -> DataApi:
        """A client as a new process has it."""
        credentials = Credentials(CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD)
        oauth = OAuth(
            credentials, url=f"{self.server.url}/oauth2", clock=self.clock, session=self.http
        )
        return DataApi(
            TokenSource(oauth, self.tokens, clock=self.clock),
            url=self.server.url,
            limit=TokenBucket(clock=self.clock),
            clock=self.clock,
            session=self.http,
            storage=self.http,
            outages=Outages(self.outages),
        )

    def run(self, step: Callable[[DataApi], object]) -> None:
        """A run: what the Data API refuses ends it, and nothing else may."""
        self.runs += 1
        try:
            step(self.api())
        except DataApiError as error:
            self.raised[type(error).__name__] += 1

    def live(self) -> None:
        """Let the schedules and the results sensor run until the end."""
        next_look = next_day = next_night = self.clock.now()
        while self.clock.moment < END:
            now = self.clock.now()
            if now >= next_look:
                self.run(self.look)
                next_look = now + self._pause(now)
            if now >= next_night:
                self.run(self.night)
                next_night = now + max(86_400.0, self._pause(now))
            if now >= next_day:
                self.run(lambda api: fetch_member(self.connection, api, self.clock.moment))
                next_day = now + max(86_400.0, self._pause(now))
            self.run_sensor()
            wake = min(next_look, next_day, next_night, self._next_retry())
            self.clock.time = max(self.clock.time + 60, wake)

    def look(self, api: DataApi) -> None:
        """The hourly look."""
        member = own_cust_id(self.connection, api)
        search_recent(self.connection, api, int(member or 0), self.clock.moment)

    def night(self, api: DataApi) -> None:
        """The nightly reading of seasons."""
        member = own_cust_id(self.connection, api)
        now = self.clock.moment
        seasons = seasons_of_the_member(self.connection, now)
        reads = season_books.reads(self.connection)
        todo = plan(seasons, reads, known_calendar(self.connection), now)
        for season in todo.tonight(120):
            search_season(self.connection, api, int(member or 0), season, self.clock.moment)
            fetch_due(self.connection, api, [season], self.clock.now)

    def run_sensor(self) -> None:
        """The results sensor: a run for each season in which something is due."""
        for key in fetch_queue.due_seasons(self.connection, self.clock.moment):
            season = Season.parse(key)
            self.run(partial(self.fetch, season))

    def fetch(self, season: Season, api: DataApi) -> None:
        """Fetch the documents that are due in a season."""
        fetch_due(self.connection, api, [season], self.clock.now)

    def _pause(self, now: float) -> float:
        # Faults last for days or for hours; twelve looks are enough to meet them.
        return self.every.total_seconds() if now < self.faults_end else 8 * 86_400.0

    def _next_retry(self) -> float:
        row = self.connection.execute(
            "SELECT min(CASE WHEN status = 'pending' THEN '-infinity' ELSE retry_after END)"
            " = '-infinity', extract(epoch FROM min(retry_after))::float8"
            " FROM raw.subsession_fetch WHERE status NOT IN ('forbidden', 'missing', 'rejected')"
        ).fetchone()
        pending, retry = row or (False, None)
        if pending:
            return max((o.probe_at for o in self.outages.load()), default=0.0)
        return float("inf") if retry is None else float(retry)


TABLES = (
    "subsession",
    "subsession_class",
    "simsession",
    "result",
    "lap",
    "session_event",
    "member",
)
BOOKS = (
    "raw.payload",
    "raw.subsession_fetch",
    "raw.document_fetch",
    "raw.season_fetch",
    "raw.watermark",
    "ops.load_audit",
    "ops.quarantine",
)


def contents(connection: Connection) -> dict[str, Any]:
    """Content of the database, without times and order of arrival."""
    state: dict[str, Any] = {
        table: connection.execute(
            # When an answer came differs between worlds.
            "SELECT count(*), md5(string_agg(md5(row), '' ORDER BY md5(row)))"
            " FROM (SELECT (to_jsonb(t) - 'source_time')::text AS row"
            f" FROM racing.{table} AS t) AS rows".encode()
        ).fetchone()
        for table in TABLES
    }
    state["documents"] = connection.execute(
        "SELECT kind, item, part, md5(body::text) FROM raw.payload WHERE kind IN"
        " ('results/get', 'results/lap_chart_data', 'results/event_log', 'member/chart_data')"
        " ORDER BY 1, 2, 3"
    ).fetchall()
    state["races"] = connection.execute(
        "SELECT subsession_id, season, status, settled FROM raw.subsession_fetch ORDER BY 1"
    ).fetchall()
    state["seasons"] = connection.execute(
        "SELECT season, final FROM raw.season_fetch WHERE season < '2026' ORDER BY 1"
    ).fetchall()
    return state


def schedule(seed: int) -> list[Episode]:
    """Some faults, drawn by a seed."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    begin = BEGIN.timestamp()
    horizon = LONGEST.total_seconds() * chance.random() ** 3
    episodes = []
    for _ in range(chance.randint(1, 5)):
        first = 0.0 if chance.random() < 0.5 else chance.uniform(0, horizon)
        last = first + chance.uniform(60, max(120, horizon - first))
        kinds = chance.choices((ANSWERS, STORAGE, TOKEN), (8, 1, 1))[0]
        endpoint = {0: chance.choice((*ENDPOINTS, *ENDPOINTS[:5], "*")), 1: "storage", 2: "token"}[
            (ANSWERS, STORAGE, TOKEN).index(kinds)
        ]
        item = None
        if kinds is ANSWERS and chance.random() < 0.3:
            item = str(chance.choice(CAREER.races).subsession_id)
        kind = chance.choice(list(kinds))
        episodes.append(Episode(kind, endpoint, item, begin + first, begin + last))
    return episodes


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a schedule.

    Attributes:
        episodes: The faults.
        faulty: Faulty answers by kind.
        requests: Requests to the API.
        wrong: Violations; empty if there are none.
    """

    episodes: list[Episode]
    faulty: Counter[str]
    requests: int
    wrong: tuple[str, ...]


class Campaign:
    """Schedules over one database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clean: dict[float, tuple[dict[str, Any], int]] = {}

    def run(self, seed: int) -> Outcome:
        """Run a schedule and compare."""
        episodes = schedule(seed)
        expected, fewest = self._expected()
        loads = seed % LOAD_EVERY == 0
        world = self._world(episodes, loads=loads)
        wrong = []
        state = contents(self._connection)
        names = [name for name in expected if loads or name not in TABLES]
        wrong += [f"{name} differs" for name in names if state[name] != expected[name]]
        wrong += self._bounds(world, fewest)
        requests_made = sum(world.server.calls.values())
        return Outcome(episodes, world.server.faulty, requests_made, tuple(wrong))

    def _expected(self) -> tuple[dict[str, Any], int]:
        if not self._clean:
            world = self._world([], loads=True)
            self._clean[0] = (contents(self._connection), sum(world.server.good.values()))
        return self._clean[0]

    def _world(self, episodes: list[Episode], *, loads: bool) -> World:
        connection = self._connection
        for table in (*BOOKS, *(f"racing.{table}" for table in TABLES)):
            connection.execute(f"DELETE FROM {table}".encode())
        connection.commit()
        connection.autocommit = True
        clock = Clock(BEGIN)
        ends = max((each.end for each in episodes), default=clock.now())
        every = max(timedelta(hours=1), timedelta(seconds=(ends - clock.now()) / 12))
        world = World(connection, clock, FaultyApi(clock, episodes), every, ends)
        world.live()
        connection.autocommit = False
        if loads:
            rows = connection.execute(
                "SELECT subsession_id FROM raw.subsession_fetch WHERE fetched_at IS NOT NULL"
            ).fetchall()
            load_subsessions(connection, sorted(row[0] for row in rows))
            connection.commit()
        return world

    def _bounds(self, world: World, fewest: int) -> list[str]:
        server, wrong = world.server, []
        if server.exceeded:
            wrong.append(f"{server.exceeded} answers 429 by our own fault")
        if server.leaked_tokens:
            wrong.append("a token went to storage")
        faulty = sum(server.faulty.values())
        looks = 4 * world.runs
        if sum(server.good.values()) > fewest + faulty + looks:
            wrong.append(f"{sum(server.good.values())} good answers, {fewest} are enough")
        for (kind, endpoint), count in server.faulty_by.items():
            allowed = sum(
                _allowed(each, endpoint, world) for each in server.episodes if each.kind == kind
            )
            if count > allowed:
                wrong.append(f"{count} answers {kind} of {endpoint}, {allowed} are allowed")
        logins = server.grants["password_limited"]
        hours = sum(each.end - each.begin for each in server.episodes) / 3600
        if logins > 10 + 2 * hours:
            wrong.append(f"{logins} logins")
        return wrong


def _allowed(episode: Episode, endpoint: str, world: World) -> int:
    """The faulty answers that an episode may give: looks, one repeat each, a probe a step."""
    duration = episode.end - episode.begin
    steps = 0
    passed, pause = 0.0, FIRST_PAUSE_S
    while passed < duration:
        passed, pause, steps = passed + pause, min(LONGEST_PAUSE_S, 2 * pause), steps + 1
    looks = 2 + int(duration / world.every.total_seconds()) + int(duration / 86_400)
    if endpoint == "storage":
        return 20 * (steps + looks + 6)  # each document has chunks, and each endpoint its probe
    if endpoint == "token":
        return 2 * (steps + 4)
    if episode.kind in OF_ITEM:
        documents = {"results/get": 10, "results/lap_chart_data": 20, "results/lap_data": 60}
        return documents.get(endpoint, 12) * 6 + 4 * looks
    # A race alone is asked for with every step of its own back-off.
    return 6 + steps + 2 * looks


def main() -> None:
    """Run as many schedules as the command line says, and print what came of them."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    limit_s = float(sys.argv[3]) if len(sys.argv) > 3 else float("inf")
    with tempfile.TemporaryDirectory() as folder:
        url = embedded.start(Path(folder))
        migrate(url)
        began = time.perf_counter()
        kinds: Counter[str] = Counter()
        episodes: Counter[str] = Counter()
        hit = requests_made = differing = 0
        with Warehouse(url).connect() as connection:
            connection.execute("SET synchronous_commit = off")
            connection.commit()
            campaign = Campaign(connection)
            for seed in range(first, first + total):
                if time.perf_counter() - began > limit_s:
                    total = seed - first
                    break
                outcome = campaign.run(seed)
                kinds += outcome.faulty
                episodes.update(each.kind for each in outcome.episodes)
                hit += bool(outcome.faulty)
                requests_made += outcome.requests
                if outcome.wrong:
                    differing += 1
                    print(f"seed {seed}: {'; '.join(outcome.wrong)}", flush=True)
                    for each in outcome.episodes:
                        print(f"    {each}")
                if (seed - first + 1) % 100 == 0:
                    print(f"{seed - first + 1} of {total}, {differing} differ", flush=True)
        seconds = time.perf_counter() - began
        embedded.stop(Path(folder))
    busy = time.process_time()
    print(f"schedules             {total} ({hit} met a fault), {seconds:.0f} s, {busy:.0f} s of it")
    print("                      in this process's own processor time")
    print(f"requests              {requests_made}")
    print(f"faulty answers        {sum(kinds.values())}")
    print(f"schedules that differ {differing}")
    for kind in (*ANSWERS, *STORAGE, *TOKEN):
        print(f"  {kind:16} {episodes[kind]:6} episodes {kinds[kind]:7} answers")
    raise SystemExit(1 if differing else 0)


if __name__ == "__main__":
    main()
