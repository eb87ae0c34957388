"""Thin Dagster resources around the layers below.

A field that is not set has its default from the environment, read when the resource is used: a path
or URL then may come from a ``*_FILE`` variable, which ``dg.EnvVar`` cannot read, and no secret is
shown in the UI.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import dagster as dg
from pydantic import Field, PrivateAttr

from iracing_pipeline.data_api import DataApi
from iracing_pipeline.data_api.connect import connect
from iracing_pipeline.ingest.metric_history import Selection
from iracing_pipeline.lake import Lake
from iracing_pipeline.metrics.history.channels import chosen
from iracing_pipeline.metrics.history.delivery import Destination
from iracing_pipeline.metrics.history.route import destinations, place_names
from iracing_pipeline.settings import DataApiAccount, MetricSettings, Settings
from iracing_pipeline.warehouse import (
    Connection,
    Warehouse,
    WarehouseError,
    database_url,
    migrate,
    require_current,
    run_lock,
)
from iracing_pipeline.warehouse.pooling import refuse_shared_sessions

_migrated: set[str] = set()


class LakeResource(dg.ConfigurableResource[None]):
    """The lake: Parquet files and payloads in a folder or an object store."""

    uri: str | None = Field(
        default=None,
        description="URI of the lake, such as s3://bucket/lake. Default: IRACING_LAKE, or the"
        " folder lake in IRACING_HOME.",
    )

    def open(self) -> Lake:
        """The lake."""
        return Lake(self.uri or Settings.from_env().lake)


class WarehouseResource(dg.ConfigurableResource[Any]):
    """The database.

    While a run has it, the run's lock is held: see ``defs.operations.abandoned_runs``. A run
    migrates the database; a sensor or a schedule does not: it may take longer than a tick.
    """

    url: str | None = Field(
        default=None,
        description="PostgreSQL URL. Default: IRACING_DATABASE_URL, or the embedded server in"
        " IRACING_HOME.",
    )
    _migrates: bool = PrivateAttr(default=True)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """The resource, for a run or a tick."""
        with ExitStack() as stack:
            self._migrates = context.run is not None
            if context.run is not None:
                # What is wrong with the database, the step that uses it says.
                with suppress(WarehouseError):
                    connection = self._warehouse().open(autocommit=True)
                    stack.callback(connection.close)
                    run_lock.hold(connection, context.run.run_id)
            yield self

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[Connection]:
        """A connection to the migrated database, committed at the end.

        Raises:
            MigrationError: In a tick, if the database is not at this version's state.
        """
        with self._warehouse().connect(autocommit=autocommit) as connection:
            yield connection

    def _warehouse(self) -> Warehouse:
        url = self.url or database_url(Settings.from_env())
        if url not in _migrated:  # once a process: the state is then known
            refuse_shared_sessions(Warehouse(url))
            if self._migrates:
                migrate(url)
            else:
                require_current(url)
            _migrated.add(url)
        return Warehouse(url)


class TelemetryFolder(dg.ConfigurableResource[None]):
    """The folder that iRacing writes .ibt files to."""

    folder: str | None = Field(
        default=None,
        description="Path of the folder. Default: IRACING_TELEMETRY_DIR, or the folder telemetry in"
        " Documents/iRacing.",
    )

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.folder) if self.folder else Settings.from_env().telemetry_dir


class MetricPlaces(dg.ConfigurableResource[None]):
    """Destinations of metrics: ``IRACING_PROMETHEUS_URL``, ``IRACING_CLOUD_PUSH_URL``."""

    @property
    def settings(self) -> MetricSettings:
        """The settings in the environment."""
        return MetricSettings.from_env()

    @property
    def names(self) -> list[str]:
        """The places there are."""
        return place_names(self.settings)

    @property
    def selection(self) -> Selection:
        """The channels of a session that are sent."""
        settings = self.settings
        return Selection(chosen(settings.channels), settings.hz)

    def open(self) -> dict[str, Destination]:
        """The places, by name."""
        return destinations(self.settings)


class ResultsFolder(dg.ConfigurableResource[None]):
    """The folder for exported results."""

    folder: str | None = Field(
        default=None,
        description="Path of the folder. Default: IRACING_RESULTS_DIR, or the folder results in"
        " IRACING_HOME.",
    )

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.folder) if self.folder else Settings.from_env().results_dir

    @property
    def member(self) -> str | None:
        """The member account, by ``IRACING_MEMBER``."""
        return Settings.from_env().member


class DataApiResource(dg.ConfigurableResource[None]):
    """iRacing's Data API, with the account in the environment."""

    @property
    def configured(self) -> bool:
        """Whether there is an account."""
        return DataApiAccount.from_env() is not None

    def connect(self) -> DataApi:
        """The Data API.

        Raises:
            dagster.Failure: If there is no account.
        """
        account = DataApiAccount.from_env()
        if account is None:
            raise dg.Failure(
                "IRACING_CLIENT_ID is not set, so iRacing cannot be asked. Set it, or drop exported"
                " results in the results folder.",
                allow_retries=False,
            )
        settings = Settings.from_env()
        return connect(account, settings.home, database_url(settings))


RESOURCES = {
    "lake": LakeResource(),
    "warehouse": WarehouseResource(),
    "telemetry_folder": TelemetryFolder(),
    "metric_places": MetricPlaces(),
    "results_folder": ResultsFolder(),
    "data_api": DataApiResource(),
}
"""The resources of the code location, by the name of the argument that takes them."""
