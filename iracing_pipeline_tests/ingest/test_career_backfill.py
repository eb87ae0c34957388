"""A whole career from the simulated Data API: complete, resumable, and loaded once."""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.data_api import DataApi
from iracing_pipeline.data_api.backfill import Fetch, Status, least_requests, search_windows
from iracing_pipeline.data_api.errors import ApiUnavailableError, MaintenanceError
from iracing_pipeline.data_api.oauth import OAuth
from iracing_pipeline.data_api.rate_limit import TokenBucket
from iracing_pipeline.data_api.stats import ApiStats
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.data_api.token_store import FileTokenStore
from iracing_pipeline.data_api.tokens import Credentials
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi, Fault, Faults
from iracing_pipeline.demo.fake_data_api.race_documents import result
from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)
from iracing_pipeline.ingest.calendar import CURRENT_SEASON
from iracing_pipeline.ingest.members import fetch_member, rebuild_ratings
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.ingest.subsessions import fetch_due, search_recent, search_season
from iracing_pipeline.results.season import season_start
from iracing_pipeline.warehouse import fetch_queue
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests.data_api.simulated_clock import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

CAREER = Career(season_count=3, races_per_season=4, field=(6, 8), laps=(3, 5))
NOW = 1_780_000_000.0
TABLES = ("subsession", "simsession", "result", "lap", "session_event", "rating_history")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


def client(
    server: FakeDataApi, folder: Path, clock: SimulatedClock, stats: ApiStats | None = None
) -> DataApi:
    credentials = Credentials(CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD)
    oauth = OAuth(credentials, url=server.oauth_url, clock=clock)
    tokens = TokenSource(oauth, FileTokenStore(folder / "token.json"), clock=clock)
    return DataApi(tokens, url=server.url, limit=TokenBucket(clock=clock), clock=clock, stats=stats)


class Mortal(ApiStats):
    """Counts requests, and ends the process at one of them."""

    def __init__(self, lives: int) -> None:
        super().__init__()
        self.lives = lives

    def called(self, endpoint: str, status: int, seconds: float) -> None:
        super().called(endpoint, status, seconds)
        self.lives -= 1
        if self.lives < 0:
            raise KeyboardInterrupt


@pytest.fixture
def autocommit(database: str) -> Iterator[Connection]:
    with Warehouse(database).connect(autocommit=True) as connection:
        yield connection


def moment(clock: SimulatedClock) -> datetime:
    return datetime.fromtimestamp(clock.now(), UTC)


def backfill(connection: Connection, api: DataApi, clock: SimulatedClock) -> None:
    """Search and fetch until nothing is due, as runs that are started again would."""
    for season in CAREER.seasons:
        patiently(
            clock,
            lambda season=season: search_season(  # type: ignore[misc] # bound now, not later
                connection, api, CAREER.cust_id, season, moment(clock)
            ),
        )
    for number in range(500):
        if not unfinished(connection):
            return
        patiently(clock, lambda: fetch_due(connection, api, CAREER.seasons, clock.now))
        clock.sleep(4000 if number < 100 else 86_400)
    pytest.fail(f"not final after a year: {unfinished(connection)}")


def unfinished(connection: Connection) -> list[Fetch]:
    queue = fetch_queue.of_seasons(connection, [str(season) for season in CAREER.seasons])
    return [fetch for fetch in queue if fetch.status not in {Status.OK, Status.FORBIDDEN}]


def patiently(clock: SimulatedClock, step: Callable[[], object]) -> None:
    """Start a step again an hour after iRacing went down."""
    for _ in range(100):
        try:
            step()
        except UnavailableOrDown:
            clock.sleep(3600)
        else:
            return
    pytest.fail("it never came through")


UnavailableOrDown = (MaintenanceError, ApiUnavailableError)


def load(database: str) -> dict[str, int]:
    with Warehouse(database).connect() as connection:
        rows = connection.execute("SELECT subsession_id FROM raw.subsession_fetch").fetchall()
        outcome = load_subsessions(connection, [row[0] for row in rows])
        assert not outcome.refused
        changed = dict(outcome.changed)
        ratings = rebuild_ratings(connection)
        changed["ratings"] = sum(
            load.inserted + load.updated + load.deleted for load in ratings.loads
        )
        return changed


def contents(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables, without when their answers came."""
    with Warehouse(database).connect() as connection:
        return {table: rows_of(connection, table) for table in TABLES}


def rows_of(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    cursor = connection.execute(f"SELECT * FROM racing.{table} ORDER BY 1, 2, 3, 4".encode())
    columns = cursor.description or []
    kept = [number for number, column in enumerate(columns) if column.name != "source_time"]
    return [tuple(row[number] for number in kept) for row in cursor]


def least() -> int:
    windows = sum(
        len(list(search_windows(season_start(s), season_start(s.next)))) for s in CAREER.seasons
    )
    results = [None if race.forbidden else result(CAREER, race) for race in CAREER.races]
    return least_requests(results, len(CAREER.seasons), windows)


@pytest.fixture
def clean(
    database: str, autocommit: Connection, tmp_path: Path, clock: SimulatedClock
) -> dict[str, list[tuple[Any, ...]]]:
    """The tables after a backfill without faults."""
    with FakeDataApi(CAREER, clock=clock) as server:
        api = client(server, tmp_path, clock)
        backfill(autocommit, api, clock)
        # Hidden races are requested again until it is proven that they are.
        hidden = server.calls["results/get", 403]
        assert hidden == 6 * len([race for race in CAREER.races if race.forbidden])
        assert server.requests == least() + hidden * 5 // 6
        assert not any(status == 429 for _, status in server.calls)
        fetch_member(autocommit, api)
    load(database)
    return contents(database)


def test_a_backfill_is_complete_and_costs_the_least_there_is(
    clean: dict[str, list[tuple[Any, ...]]],
) -> None:
    seen = [race for race in CAREER.races if not race.forbidden]
    assert len(clean["subsession"]) == len(seen)
    assert len(clean["simsession"]) == 2 * len(seen)
    assert len(clean["result"]) == 2 * sum(race.field for race in seen)
    laps = sum(
        sum(entry["laps_complete"] + 1 for entry in simsession["results"])
        for race in seen
        for simsession in result(CAREER, race)["session_results"]
    )
    assert len(clean["lap"]) == laps
    official = sum(race.official for race in seen)
    sources = [row[3] for row in clean["rating_history"]]
    assert sources.count("result") >= official


def test_loading_again_changes_nothing(
    clean: dict[str, list[tuple[Any, ...]]], database: str
) -> None:
    changed = load(database)
    assert sum(changed.values()) == 0
    assert contents(database) == clean


def test_a_finished_career_costs_two_requests_to_look_at(
    clean: dict[str, list[tuple[Any, ...]]],
    autocommit: Connection,
    tmp_path: Path,
    clock: SimulatedClock,
) -> None:
    assert clean
    for name in ("recent results", "recent hosted results", CURRENT_SEASON):
        fetch_queue.set_watermark(autocommit, name, moment(clock))
    with FakeDataApi(CAREER, clock=clock) as server:
        api = client(server, tmp_path / "again", clock)
        assert search_recent(autocommit, api, CAREER.cust_id, moment(clock)) == []
        assert fetch_due(autocommit, api, CAREER.seasons, clock.now).total == 0
        assert server.requests == 2


@pytest.mark.parametrize("fault", list(Fault))
def test_each_fault_at_a_fifth_of_the_requests_loses_and_doubles_nothing(
    fault: Fault,
    database: str,
    autocommit: Connection,
    tmp_path: Path,
    clock: SimulatedClock,
) -> None:
    faults = Faults({fault: 0.2}, seed=3)
    with FakeDataApi(CAREER, clock=clock, faults=faults) as server:
        api = client(server, tmp_path, clock)
        backfill(autocommit, api, clock)
        statuses = {
            fetch.status
            for fetch in fetch_queue.of_seasons(autocommit, [str(s) for s in CAREER.seasons])
        }
        assert statuses == {Status.OK, Status.FORBIDDEN}
        assert faults.hits[fault] > 0
        # Of so few requests, chance makes the share of faults; the benchmark has the true one.
        hidden = 5 * sum(race.forbidden for race in CAREER.races)  # until it is proven
        assert server.requests <= 1.45 * (least() + hidden)
    load(database)
    with Warehouse(database).connect() as connection:
        count = connection.execute("SELECT count(*) FROM racing.subsession").fetchone()
    assert count == (sum(not race.forbidden for race in CAREER.races),)


def test_a_backfill_that_is_killed_again_and_again_ends_with_the_same_rows(
    clean: dict[str, list[tuple[Any, ...]]],
    autocommit: Connection,
    tmp_path: Path,
    clock: SimulatedClock,
    request: pytest.FixtureRequest,
) -> None:
    """Cut off after any request, as a killed process would be."""
    database: str = request.getfixturevalue("database")
    books = ("raw.payload", "raw.subsession_fetch", "raw.document_fetch", "raw.season_fetch")
    for table in (*books, *(f"racing.{t}" for t in TABLES)):
        autocommit.execute(f"TRUNCATE {table} CASCADE".encode())
    chance = random.Random(11)  # noqa: S311 - chance, not secrecy
    with FakeDataApi(CAREER, clock=clock) as server:
        for _ in range(10):
            stats = Mortal(chance.randrange(3, 30))
            with contextlib.suppress(KeyboardInterrupt):
                backfill(autocommit, client(server, tmp_path, clock, stats), clock)
        api = client(server, tmp_path, clock)
        backfill(autocommit, api, clock)
        fetch_member(autocommit, api)
    load(database)
    again = contents(database)
    for table in TABLES[:-1]:
        assert again[table] == clean[table]
