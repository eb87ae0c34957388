"""The sources of the scrape endpoint that ask the database."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.lake import LakeError
from iracing_pipeline.metrics import pipeline
from iracing_pipeline.metrics.exposition import Answer, SourceError
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.snapshot import Snapshot
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse.connection import Connection

PATIENCE_MS = 10_000
"""A query that takes longer is given up: the source is then not up."""


class Database:
    """The pipeline's database as a source."""

    def __init__(self, url: Callable[[], str], lake: Lake, folders: Sequence[Path] = ()) -> None:
        """Take what it needs; nothing is connected yet.

        Args:
            url: Gives the database's URL, which changes when the embedded server restarts.
            lake: The lake with the snapshot.
            folders: Folders whose disks are watched.
        """
        self._url, self._lake, self._folders = url, lake, folders
        self._snapshot: Snapshot | None = None

    def health(self) -> Answer:
        """State of the pipeline, by the tables in ``ops``.

        Raises:
            SourceError: If the database does not answer.
        """
        with _failures(), self._connect() as connection:
            text = exposition(pipeline.families(connection))
        return Answer(text, time.time())

    def racing(self) -> Answer:
        """Last-known values of the driver; queried again only after a load.

        Raises:
            SourceError: If the database does not answer.
        """
        with _failures(), self._connect() as connection:
            snapshot = self._snapshot
            if snapshot is None or snapshot.load != pipeline.last_load(connection):
                snapshot = self._snapshot = Snapshot.take(connection)
        return Answer(snapshot.text.encode(), time.time())

    def disks(self) -> Answer:
        """Room on the disks.

        Raises:
            SourceError: If a disk cannot be asked.
        """
        try:
            return Answer(exposition(pipeline.disks(self._folders)), time.time())
        except OSError as error:
            raise SourceError(f"a disk cannot be asked: {error}") from error

    def kept(self) -> Answer | None:
        """The snapshot in the lake; None without one that can be read."""
        try:
            snapshot = Snapshot.read(self._lake)
        except LakeError:
            return None
        return None if snapshot is None else Answer(snapshot.text.encode(), snapshot.taken_at)

    def _connect(self) -> AbstractContextManager[Connection]:
        connection = Warehouse(self._url()).open(autocommit=True)
        # For the session: a database that hangs must not stop us from seeing that it does.
        connection.execute(f"SET statement_timeout = {PATIENCE_MS}".encode())
        return _closing(connection)


@contextmanager
def _closing(connection: Connection) -> Iterator[Connection]:
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (WarehouseError, psycopg.Error) as error:
        raise SourceError(" ".join(str(error).split())) from error
