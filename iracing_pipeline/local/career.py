"""Load a career through the assets, in this process and without a UI."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from iracing_pipeline.defs.figures.sensors import refresh_figures
from iracing_pipeline.defs.ratings.schedules import update_ratings
from iracing_pipeline.defs.reference.schedules import pull_reference
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.results.partitions import seasons
from iracing_pipeline.defs.results.sensors import load_season
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi
from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)
from iracing_pipeline.ingest.calendar import seasons_of_the_member
from iracing_pipeline.local import dagster_home
from iracing_pipeline.local.runs import Runs
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_QUOTA = 100_000


@dataclass(frozen=True, slots=True)
class CareerOutcome:
    """Result of loading a career.

    Attributes:
        races: Subsessions in the database.
        laps: Laps of all cars in them.
        rating_points: Points of the rating history.
        failed: Runs that failed, by job and season.
    """

    races: int
    laps: int
    rating_points: int
    failed: tuple[str, ...]


@contextmanager
def demo_data_api(career: Career | None = None) -> Iterator[Career]:
    """A simulated Data API with the demo driver's career, and the environment that uses it."""
    career = career or Career()
    with FakeDataApi(career, quota=_QUOTA) as server:
        account = {
            "IRACING_CLIENT_ID": CLIENT_ID,
            "IRACING_CLIENT_SECRET": CLIENT_SECRET,
            "IRACING_USERNAME": USERNAME,
            "IRACING_PASSWORD": PASSWORD,
            "IRACING_DATA_API_URL": server.url,
            "IRACING_OAUTH_URL": server.oauth_url,
            "IRACING_CALLS_PER_MINUTE": str(_QUOTA // 2),
        }
        before = {name: os.environ.get(name) for name in account}
        os.environ.update(account)
        try:
            yield career
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def load_career(
    settings: Settings,
    keys: Sequence[str],
    progress: Callable[[int, int], None],
    *,
    others: bool = False,
) -> CareerOutcome:
    """Load reference, seasons and ratings by the account in the environment.

    Args:
        settings: Locations of data.
        keys: The seasons, such as ``2026S1``.
        progress: Called with seasons done and seasons in all.
        others: Also read the member's other seasons, so that every partition is materialized.
    """
    dagster_home.enter(settings)
    with dg.DagsterInstance.get() as instance:
        runs = Runs(instance)
        runs.add_partitions(seasons, keys)
        runs.run(pull_reference.name)
        progress(0, len(keys))
        for number, key in enumerate(keys, start=1):
            runs.run(load_season.name, key)
            progress(number, len(keys))
        for key in _others(keys) if others else ():
            runs.add_partitions(seasons, [key])
            runs.run(load_season.name, key)
        runs.run(update_ratings.name)
        runs.run(refresh_figures.name)
    with WarehouseResource().connect() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM racing.subsession), (SELECT count(*) FROM racing.lap),"
            " (SELECT count(*) FROM racing.rating_history)"
        ).fetchone()
    races, laps, points = row or (0, 0, 0)
    return CareerOutcome(races, laps, points, tuple(runs.failed))


def _others(keys: Sequence[str]) -> list[str]:
    with WarehouseResource().connect() as connection:
        member = seasons_of_the_member(connection, datetime.now(UTC))
    return [str(season) for season in member if str(season) not in keys]


def main() -> None:
    """Load the demo driver's career by the account in the environment, in a separate process."""

    def show(done: int, total: int) -> None:
        print(f"{done} of {total} seasons", flush=True)

    outcome = load_career(
        Settings.from_env(), [str(key) for key in Career().seasons], show, others=True
    )
    print(outcome, flush=True)
    raise SystemExit(1 if outcome.failed else 0)


if __name__ == "__main__":
    main()
