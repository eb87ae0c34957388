"""Outages in PostgreSQL, so that the next process does not ask what this one saw failing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from iracing_pipeline.data_api.errors import ApiUnavailableError
from iracing_pipeline.data_api.outages import Outage

if TYPE_CHECKING:
    from collections.abc import Iterator


class DatabaseOutageStore:
    """The rows of ``ops.api_outage``.

    Args:
        dsn: Connection string of the database.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def load(self) -> list[Outage]:
        """All outages.

        Raises:
            ApiUnavailableError: If the database does not answer.
        """
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT endpoint, since, failures, probe_at, reason FROM ops.api_outage"
            ).fetchall()
        return [Outage(n, s.timestamp(), f, p.timestamp(), r) for n, s, f, p, r in rows]

    def save(self, outage: Outage) -> None:
        """Write one outage.

        Raises:
            ApiUnavailableError: If the database does not answer.
        """
        with self._connected() as connection:
            connection.execute(
                "INSERT INTO ops.api_outage (endpoint, since, failures, probe_at, reason)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (endpoint) DO UPDATE SET"
                " since = excluded.since, failures = excluded.failures,"
                " probe_at = excluded.probe_at, reason = excluded.reason",
                [
                    outage.endpoint,
                    datetime.fromtimestamp(outage.since, UTC),
                    outage.failures,
                    datetime.fromtimestamp(outage.probe_at, UTC),
                    outage.reason,
                ],
            )

    def remove(self, endpoint: str) -> None:
        """Forget an outage that ended.

        Raises:
            ApiUnavailableError: If the database does not answer.
        """
        with self._connected() as connection:
            connection.execute("DELETE FROM ops.api_outage WHERE endpoint = %s", [endpoint])

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise ApiUnavailableError(
                "The database that keeps outages does not answer. Check IRACING_DATABASE_URL."
            ) from error
