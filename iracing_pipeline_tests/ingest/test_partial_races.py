"""Races of which iRacing refuses a part, or all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from benchmarks.fetch_faults import BEGIN, CAREER, Clock, Episode, FaultyApi, World
from iracing_pipeline import cli
from iracing_pipeline.data_api.backfill import Fetch, Status
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.ingest.subsessions import fetch_due, search_recent, search_season
from iracing_pipeline.warehouse import Warehouse, fetch_queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

SEASON = CAREER.seasons[0]
SEEN = [race for race in CAREER.races if race.season == SEASON and not race.forbidden]
FOREVER = BEGIN.timestamp() + 10**9


@pytest.fixture
def world(database: str) -> Iterator[World]:
    clock = Clock(BEGIN)
    with Warehouse(database).connect(autocommit=True) as connection:
        yield World(connection, clock, FaultyApi(clock, []), timedelta(hours=1), clock.now())


def fault(world: World, kind: str, endpoint: str, item: str | None = None) -> None:
    world.server.episodes = [Episode(kind, endpoint, item, 0.0, FOREVER)]


def read(world: World) -> dict[Status, int]:
    api = world.api()
    search_season(world.connection, api, CAREER.cust_id, SEASON, world.clock.moment)
    return fetch_due(world.connection, api, [SEASON], world.clock.now).statuses


def load(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT subsession_id FROM raw.subsession_fetch WHERE fetched_at IS NOT NULL"
    ).fetchall()
    connection.autocommit = False
    assert not load_subsessions(connection, [row[0] for row in rows]).refused
    connection.commit()
    connection.autocommit = True


def count(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_a_refused_lap_chart_gives_way_to_the_laps_of_each_driver(world: World) -> None:
    fault(world, "403 forbidden", "results/lap_chart_data")
    assert read(world)[Status.PARTIAL] == len(SEEN)
    load(world.connection)
    by_driver = count(world.connection, "racing.lap")
    assert count(world.connection, "racing.lap WHERE position IS NOT NULL") == 0
    world.server.episodes = []
    assert fetch_due(world.connection, world.api(), [SEASON], world.clock.now).statuses[
        Status.OK
    ] == len(SEEN)
    load(world.connection)
    assert count(world.connection, "racing.lap") == by_driver > 0
    assert count(world.connection, "racing.lap WHERE position IS NULL") == 0


@pytest.mark.parametrize("kind", ["404", "400", "403 unknown", "504", "200 {}"])
def test_a_race_without_its_log_is_loaded_all_the_same(world: World, kind: str) -> None:
    fault(world, kind, "results/event_log")
    assert read(world)[Status.PARTIAL] == len(SEEN)
    load(world.connection)
    assert count(world.connection, "racing.subsession") == len(SEEN)
    assert count(world.connection, "racing.lap") > 0


@pytest.mark.parametrize("kind", ["400", "404", "403 HTML", "200 foreign", "no answer"])
def test_one_bad_race_stops_no_other(world: World, kind: str) -> None:
    fault(world, kind, "results/get", str(SEEN[0].subsession_id))
    assert read(world)[Status.OK] == len(SEEN) - 1


def test_hosted_races_are_found_by_the_look(world: World) -> None:
    api = world.api()
    for name in ("recent results", "recent hosted results"):
        fetch_queue.set_watermark(world.connection, name, BEGIN - timedelta(days=70))
    search_recent(world.connection, api, CAREER.cust_id, BEGIN)
    result = {
        row[0] for row in world.connection.execute("SELECT subsession_id FROM raw.subsession_fetch")
    }
    since = BEGIN - timedelta(days=77)
    expected = {race.subsession_id for race in CAREER.races if since <= race.end <= BEGIN}
    assert result == expected
    assert any(not CAREER.by_id[number].official for number in result)


@pytest.mark.parametrize("days", [80, 90, 100, 150])
def test_nothing_is_missed_after_a_long_pause(world: World, days: int) -> None:
    for name in ("recent results", "recent hosted results"):
        fetch_queue.set_watermark(world.connection, name, BEGIN - timedelta(days=days))
    search_recent(world.connection, world.api(), CAREER.cust_id, BEGIN)
    result = {
        row[0] for row in world.connection.execute("SELECT subsession_id FROM raw.subsession_fetch")
    }
    since = BEGIN - timedelta(days=days)
    assert result >= {race.subsession_id for race in CAREER.races if since <= race.end <= BEGIN}


def test_a_race_that_is_refused_last_becomes_final(world: World) -> None:
    """Nothing else is asked for meanwhile, so another race shows that the account still may."""
    read(world)
    hidden = SEEN[0].subsession_id
    fault(world, "403 forbidden", "results/get", str(hidden))
    for table in ("raw.subsession_fetch", "raw.document_fetch", "raw.payload"):
        column = "subsession_id" if table == "raw.subsession_fetch" else "item"
        world.connection.execute(
            f"DELETE FROM {table} WHERE {column}::text = %s".encode(), [str(hidden)]
        )
    fetch_queue.add(world.connection, [Fetch(hidden, str(SEASON), SEEN[0].end)])
    for _ in range(10):
        fetch_due(world.connection, world.api(), [SEASON], world.clock.now)
        world.clock.sleep(5 * 86_400)

    (after,) = fetch_queue.of_subsessions(world.connection, [hidden])
    assert after.status is Status.FORBIDDEN


def test_races_are_listed_dismissed_and_asked_for_again(
    world: World, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_HOME", str(tmp_path))
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    number = str(SEEN[0].subsession_id)
    fault(world, "404", "results/get", number)
    read(world)

    def say(*words: str) -> str:
        return CliRunner().invoke(cli.main, ["races", *words]).output

    assert number in say()
    assert "404 not_found" in say()
    assert say("dismiss", number) == "1 races are dismissed.\n"
    assert f"{number}  {SEASON}" in say()
    world.clock.sleep(86_400)
    fetch_due(world.connection, world.api(), [SEASON], world.clock.now)
    (dismissed,) = fetch_queue.of_subsessions(world.connection, [int(number)])
    assert dismissed.status is Status.DISMISSED
    assert say("retry", number) == "1 races will be requested again.\n"
    world.server.episodes = []
    fetch_due(world.connection, world.api(), [SEASON], world.clock.now)
    (again,) = fetch_queue.of_subsessions(world.connection, [int(number)])
    assert again.status is Status.OK
    assert "No search gave 1." in say("retry", "1")
    assert "Name races" in say("retry")
