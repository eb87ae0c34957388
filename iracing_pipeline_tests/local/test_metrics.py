"""The scrape endpoint as it is started, with database and Dagster behind it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql

from iracing_pipeline.local.load import load
from iracing_pipeline.local.metrics import serve
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.metrics.test_exposition import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iracing_pipeline.settings import Settings

Found = dict[str, float]


@contextmanager
def serving(settings: Settings) -> Iterator[Callable[[], Found]]:
    """Scrape the endpoint, whenever it is called."""
    stop, ready, where = threading.Event(), threading.Event(), list[str]()

    def started(url: str) -> None:
        where.append(url)
        ready.set()

    thread = threading.Thread(
        target=serve,
        args=(settings, started),
        kwargs={"port": 0, "every_s": 0.2, "stop": stop},
    )
    thread.start()
    try:
        assert ready.wait(20)

        def scrape() -> Found:
            with urlopen(where[0], timeout=5) as answer:  # noqa: S310 - our own
                return values(answer.read())

        yield scrape
    finally:
        stop.set()
        thread.join(20)


def until(scrape: Callable[[], Found], holds: Callable[[Found], object]) -> Found:
    deadline = time.monotonic() + 30
    while not holds(result := scrape()):
        assert time.monotonic() < deadline, sorted(result)
        time.sleep(0.1)
    return result


def allow(server_url: str, database: str, *, connections: bool) -> None:
    """Let the database in or keep it out, as a server that is up or down would."""
    name = urlsplit(database).path.strip("/")
    with psycopg.connect(server_url, autocommit=True) as connection:
        allowed = sql.SQL("true" if connections else "false")
        connection.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), allowed)
        )


def test_it_shows_what_was_loaded_and_outlives_the_database(
    settings: Settings, server_url: str
) -> None:
    recordings.session(settings.telemetry_dir / "a.ibt", track="a")
    (settings.telemetry_dir / "foreign.ibt").write_bytes(b"no telemetry")
    load(settings, [settings.telemetry_dir], lambda _done, _all: None)
    assert settings.database_url
    runs = 'iracing_dagster_runs_total{dagster_job="load_telemetry",outcome="success"}'
    with serving(settings) as scrape:
        result = until(scrape, lambda shown: runs in shown)

        assert result["iracing_up"] == 1
        assert result[runs] == 1
        assert result['iracing_telemetry_files{state="loaded"}'] == 1
        assert result['iracing_quarantine_open_items{source="telemetry"}'] == 1
        assert (
            result[
                'iracing_dagster_step_last_seconds{dagster_job="load_telemetry",step="telemetry"}'
            ]
            > 0
        )
        assert result['iracing_asset_check_failed{asset="telemetry_laps",check="laps_close"}'] == 0
        assert (
            time.time()
            - result['iracing_asset_last_success_timestamp_seconds{asset="telemetry_laps"}']
            < 60
        )
        (laps,) = [name for name in result if name.startswith("iracing_laps_driven_total")]

        allow(server_url, settings.database_url, connections=False)
        try:
            down = until(scrape, lambda shown: not shown["iracing_up"])
            time.sleep(0.5)
            later = scrape()
        finally:
            allow(server_url, settings.database_url, connections=True)

        assert down[laps] == later[laps] == result[laps]
        age = 'iracing_source_answer_age_seconds{source="racing"}'
        assert later[age] > down[age]
        assert later['iracing_source_up{source="dagster"}'] == 1
        until(scrape, lambda shown: shown["iracing_up"])
