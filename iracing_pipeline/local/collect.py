"""Collect new results from the Data API, once and without a UI, for a scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from iracing_pipeline.data_api import endpoints
from iracing_pipeline.data_api.season_plan import plan
from iracing_pipeline.defs.api_books import counted
from iracing_pipeline.defs.figures.sensors import refresh_figures
from iracing_pipeline.defs.ratings.schedules import update_ratings
from iracing_pipeline.defs.reference.schedules import pull_reference
from iracing_pipeline.defs.resources import DataApiResource, WarehouseResource
from iracing_pipeline.defs.results.partitions import seasons
from iracing_pipeline.defs.results.schedules import look_for_results
from iracing_pipeline.defs.results.sensors import fetch_season, load_season
from iracing_pipeline.ingest.calendar import known_calendar, seasons_of_the_member
from iracing_pipeline.local import dagster_home
from iracing_pipeline.local.runs import Runs
from iracing_pipeline.settings import SettingsError
from iracing_pipeline.tables.ratings import RATING_HISTORY
from iracing_pipeline.tables.reference import SEASON
from iracing_pipeline.warehouse import audit, fetch_queue, run_lock, season_books

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.results.season import Season
    from iracing_pipeline.settings import Settings
    from iracing_pipeline.warehouse import Connection

WORK = "collect"
"""The lock by which one collection keeps out another."""

# As often as the schedules of the daemon do it.
_REFERENCE_EVERY = timedelta(days=7)
_RATINGS_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Collected:
    """Result of a collection.

    Attributes:
        seasons: The seasons in which something was fetched and loaded.
        new_races: Subsessions that are in the database since.
        races: Subsessions in the database.
        failed: Why each run that failed did, by its job and season.
    """

    seasons: tuple[str, ...]
    new_races: int
    races: int
    failed: dict[str, str]


def collect(
    settings: Settings, say: Callable[[str], None], *, all_seasons: bool = False
) -> Collected | None:
    """Search for new results, fetch and load due races, then update the ratings.

    Reference is pulled when it is a week old, ratings are when something came or a day has passed.
    Whatever ends a collection, the next one continues where it stopped.

    Args:
        settings: Locations of data.
        say: Prints the next step.
        all_seasons: Search every season since the member joined, not only what is recent.

    Returns:
        What it did; None when another collection is at work on this database.

    Raises:
        SettingsError: If there is no account to ask with.
        DataApiError: If iRacing is down, or refuses the account.
        WarehouseError: If the database cannot be used.
    """
    api, warehouse = DataApiResource(), WarehouseResource()
    if not api.configured:
        raise SettingsError(
            "IRACING_CLIENT_ID is not set, so iRacing cannot be asked. Set it, and what else"
            " docs/settings.md names for the account."
        )
    dagster_home.enter(settings)
    with warehouse.connect(autocommit=True) as connection:
        if not run_lock.take(connection, WORK):
            return None
        _ask_first(api, warehouse)
        before = _races(connection)
        with dg.DagsterInstance.get() as instance:
            runs = Runs(instance)
            if _is_older(connection, SEASON.name, _REFERENCE_EVERY):
                say("Pulling tracks, cars, series and seasons")
                runs.run(pull_reference.name)
            touched = _results(connection, runs, say, all_seasons=all_seasons)
            if touched or _is_older(connection, RATING_HISTORY.name, _RATINGS_EVERY):
                say("Bringing the ratings up to date")
                runs.run(update_ratings.name)
                runs.run(refresh_figures.name)
        after = _races(connection)
    return Collected(tuple(touched), after - before, after, runs.failed)


def _ask_first(api: DataApiResource, warehouse: WarehouseResource) -> None:
    """Ask iRacing one thing before any run: a run would wait hours for the end of maintenance."""
    asked = api.connect()
    with counted(warehouse, asked):
        endpoints.member_info(asked)


def _results(
    connection: Connection, runs: Runs, say: Callable[[str], None], *, all_seasons: bool
) -> list[str]:
    """Search, fetch and load; the seasons in which there was something to do."""
    say("Looking for new results")
    runs.run(look_for_results.name)
    now = datetime.now(UTC)
    due = fetch_queue.due_seasons(connection, now)
    member_seasons = seasons_of_the_member(connection, now)
    whole = [
        str(each) for each in (reversed(member_seasons) if all_seasons else _final(connection, now))
    ]
    keys = list(dict.fromkeys([*whole, *due]))
    runs.add_partitions(seasons, keys)
    for key in keys:
        say(f"Fetching and loading {key}")
        runs.run(load_season.name if key in whole else fetch_season.name, key)
    return keys


def _final(connection: Connection, now: datetime) -> list[Season]:
    """The seasons that were read, and whose points are final since."""
    reads = season_books.reads(connection)
    once = {season: read for season, read in reads.items() if read.read_at is not None}
    return list(plan((), once, known_calendar(connection), now).to_read)


def _is_older(connection: Connection, table: str, age: timedelta) -> bool:
    loaded = audit.last_load(connection, table)
    return loaded is None or datetime.now(UTC) - loaded > age


def _races(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM racing.subsession").fetchone()
    return int(row[0]) if row else 0
