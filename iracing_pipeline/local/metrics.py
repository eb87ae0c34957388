"""The scrape endpoint on this machine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import dagster as dg

from iracing_pipeline.lake import Lake
from iracing_pipeline.local import dagster_home
from iracing_pipeline.local.dagster_health import DagsterHealth
from iracing_pipeline.metrics.endpoint import LOOPBACK, Endpoint
from iracing_pipeline.metrics.exposition import Exposition
from iracing_pipeline.metrics.sources import Database
from iracing_pipeline.warehouse import EmbeddedServerError, database_url, embedded, migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.metrics.exposition import Answer
    from iracing_pipeline.settings import Settings

EVERY_S = 15.0


def serve(
    settings: Settings,
    started: Callable[[str], None],
    *,
    host: str = LOOPBACK,
    port: int = 9410,
    every_s: float = EVERY_S,
    stop: threading.Event | None = None,
) -> None:
    """Answer scrapes until stopped, whatever becomes of database and Dagster.

    Args:
        settings: Locations of data.
        started: Called with the endpoint's address once it answers.
        host: Address to listen on.
        port: Port to listen on; 0 for any that is free.
        every_s: Seconds between two looks at database, Dagster and disks.
        stop: Ends it when set.

    Raises:
        PortInUseError: If it cannot listen there.
    """
    stop = stop or threading.Event()
    database = Database(
        _Url(settings),
        Lake(settings.lake),
        [settings.home, settings.telemetry_dir],
    )
    sources = {
        "database": database.health,
        "racing": database.racing,
        "dagster": _dagster(settings),
        "disks": database.disks,
    }
    exposition = Exposition(sources, up="database")
    if (kept := database.kept()) is not None:
        exposition.seed("racing", kept)
    endpoint = Endpoint(exposition.render, host=host, port=port)
    endpoint.start()
    try:
        started(endpoint.url)
        exposition.refresh()
        exposition.run(every_s, stop)
        while not stop.wait(0.5):  # Windows does not interrupt a wait that has no end
            pass
    except KeyboardInterrupt:
        stop.set()
    finally:
        endpoint.stop()


class _Url:
    """The database's URL; the embedded server is started once, and found again later."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._migrated = False

    def __call__(self) -> str:
        """The URL.

        Raises:
            WarehouseError: If there is no database to be had.
        """
        # Whoever stopped the embedded server meant it: only the first look starts it.
        url = (
            self._settings.database_url or embedded.running(self._settings.home)
            if self._migrated
            else database_url(self._settings)
        )
        if url is None:
            raise EmbeddedServerError(
                "The embedded database is stopped", "Start it with: iracing-pipeline dsn"
            )
        if not self._migrated:
            migrate(url)
            self._migrated = True
        return url


def _dagster(settings: Settings) -> Callable[[], Answer]:
    """Dagster as a source; it is loaded at the first look, which takes a second or two."""
    health: DagsterHealth | None = None

    def ask() -> Answer:
        nonlocal health
        if health is None:
            from iracing_pipeline.definitions import defs  # noqa: PLC0415

            dagster_home.enter(settings)
            health = DagsterHealth(dg.DagsterInstance.get(), defs)
        return health.answer()

    return ask
