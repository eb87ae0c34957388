"""Dagster's storage in PostgreSQL, over connections that stay open."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine
from sqlalchemy.engine import Engine

from iracing_pipeline.dagster_private import ConfigurableClassData
from iracing_pipeline.warehouse.connection import KEEPALIVES


class PooledPostgresStorage(DagsterPostgresStorage):
    """As Dagster's own, which opens a connection, and logs in, for each event that it writes.

    It stands in ``dagster.yaml`` under ``storage: custom``, with that one's configuration except
    for ``auth_provider``.
    """

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster's own gives its parent likewise
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterPostgresStorage:
        """As Dagster makes it from its configuration."""
        storage = super().from_config_value(inst_data, config_value)  # type: ignore[arg-type]
        engine = _engine(storage.postgres_url)
        parts: tuple[Any, ...] = (
            storage.run_storage,
            storage.event_log_storage,
            storage.schedule_storage,
        )
        for part in parts:
            part._engine = engine  # noqa: SLF001 - Dagster has no setting for it
        return storage


@cache
def _engine(url: str) -> Engine:
    """One for a process: Dagster makes an instance for each tick, and none closes its engine.

    There are as many connections as threads ask for, and two stay. Each is tried before it is used,
    so that one which the server has closed is opened again.
    """
    return create_pg_engine(
        url,
        connect_args=KEEPALIVES,
        isolation_level="AUTOCOMMIT",
        pool_size=2,
        max_overflow=-1,
        pool_pre_ping=True,
        pool_recycle=600,  # seconds
    )
