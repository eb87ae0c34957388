"""Make a backup: one state of the database, then the lake's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline import __version__
from iracing_pipeline.backup import database, folders
from iracing_pipeline.backup.archive import Writer, writing
from iracing_pipeline.backup.errors import BackupError
from iracing_pipeline.backup.manifest import Manifest, StoredFolder
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.migrate import revision_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse.connection import Connection

    Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """A written backup.

    Attributes:
        path: The archive.
        size_bytes: Its size.
        manifest: Its manifest.
    """

    path: Path
    size_bytes: int
    manifest: Manifest


def write(
    target: Path,
    url: str,
    lake: Lake,
    progress: Progress,
    *,
    with_lake: bool = True,
    history: Path | None = None,
) -> Written:
    """Make a backup; nothing is locked, and loads may continue meanwhile.

    Args:
        target: The archive to make; an earlier one of the name is there until this one is whole.
        url: The database, at whatever revision it is.
        lake: The lake. One in an object store is named in the archive and left where it is.
        progress: Called with what was saved, line by line.
        with_lake: Whether the files of a local lake go into the archive.
        history: Dagster's home, to save its SQLite files; None to leave them.

    Raises:
        UnavailableError: If the database cannot be reached.
        BackupError: If the backup cannot be made; there is then no archive.
    """
    with writing(target) as writer:
        try:
            with Warehouse(url).connect() as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                manifest = _database(connection, writer, progress)
        except psycopg.Error as error:
            raise _failure(error) from error
        # After the database: whatever its rows speak of is in the lake by then.
        manifest.folders["lake"] = _lake(lake, writer, progress, included=with_lake)
        if history is not None:
            saved = folders.save_history(history, writer, progress)
            manifest.folders["dagster"] = StoredFolder(str(history), included=True, files=saved)
        writer.finish(manifest)
    return Written(target, target.stat().st_size, manifest)


def _database(connection: Connection, writer: Writer, progress: Progress) -> Manifest:
    revision = revision_of(connection)
    if revision is None:
        raise BackupError(
            "There is nothing to save: the database has no tables yet",
            "Check that IRACING_HOME and IRACING_DATABASE_URL are those of the pipeline",
        )
    saved = database.save(connection, writer, progress)
    return Manifest(
        version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=revision,
        server=connection.info.parameter_status("server_version") or "",
        tables=saved,
        sequences=database.sequences(connection),
    )


def _lake(lake: Lake, writer: Writer, progress: Progress, *, included: bool) -> StoredFolder:
    if lake.local is None:
        progress(f"lake: left where it is, in {lake.root}")
        return StoredFolder(str(lake.root), included=False)
    if not included:
        return StoredFolder(str(lake.local), included=False)
    saved = folders.save_lake(lake.local, writer, progress)
    return StoredFolder(str(lake.local), included=True, files=saved)


def _failure(error: psycopg.Error) -> BackupError:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return BackupError(
            f"The database's user may not read all of it: {error.diag.message_primary}",
            "Set IRACING_DATABASE_URL to that of the owner of the tables",
        )
    return BackupError(
        f"The database cannot be saved: {' '.join(str(error).split())}",
        "See that it runs, and try again",
    )
