"""Restore a backup: all of it in one transaction, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.backup import database
from iracing_pipeline.backup.archive import reading
from iracing_pipeline.backup.errors import (
    BackupError,
    DamagedArchiveError,
    NoRoomError,
    OccupiedError,
)
from iracing_pipeline.backup.folders import HISTORY, Replacement, files
from iracing_pipeline.warehouse.migrate import migrating, refuse_newer, revisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iracing_pipeline.backup.archive import Reader
    from iracing_pipeline.backup.manifest import Manifest
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.migrate import Migration

    Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """Result of a restore.

    Attributes:
        manifest: Manifest of the archive.
        left: Tables that stay in the archive, as no migration makes them.
        logins: Logins to iRacing that the database held and holds still.
    """

    manifest: Manifest
    left: tuple[str, ...]
    logins: int


def restore(
    source: Path,
    url: str,
    lake: Lake,
    progress: Progress,
    *,
    replace: bool = False,
    with_lake: bool = True,
    history: Path | None = None,
) -> Restored:
    """Restore a backup into an empty database and an empty lake, and migrate it to this version.

    The database changes in one transaction. The lake is unpacked beside its place and renamed,
    last before the transaction is committed. Whatever goes wrong, all is as before.

    Args:
        source: The archive.
        url: The database.
        lake: The lake.
        progress: Called with what was restored, line by line.
        replace: Whether what is there is deleted.
        with_lake: Whether the archive's lake is restored.
        history: Dagster's home, to restore its history if the archive has it; None to leave it.

    Raises:
        UnavailableError: If the database cannot be reached.
        MigrationError: If the archive is of a newer version.
        OccupiedError: If there is something and it is not to be replaced.
        DamagedArchiveError: If the archive is not as it was written.
        BackupError: If something else is in the way.
    """
    with reading(source) as reader:
        manifest = reader.manifest
        refuse_newer(manifest.revision, f"The backup {source}")
        if manifest.revision not in revisions():
            raise DamagedArchiveError(
                f"The backup {source} is at revision {manifest.revision}, which never was",
                "Nothing was changed. Use another backup",
            )
        places = _places(manifest, lake if with_lake else None, history)
        _refuse_own_place(source, places)
        try:
            with migrating(url) as migration, _failures():
                left, logins = _database(migration, reader, places, progress, replace=replace)
                if with_lake and (stored := manifest.folders.get("lake")) is not None:
                    database.move(migration.connection, stored.place, str(lake.root))
                for place in places:
                    place.fill(reader)
                    progress(f"{place.folder.name}: {len(place.members)} files")
                # Last, as only a commit is still to come that could fail.
                for place in places:
                    place.take()
        except BaseException:
            for place in reversed(places):
                place.give_back()
            raise
        for place in places:
            place.settle()
    return Restored(manifest, left, logins)


def _places(manifest: Manifest, lake: Lake | None, history: Path | None) -> list[Replacement]:
    """The folders to replace."""
    replacements = []
    stored = manifest.folders.get("lake")
    if lake is not None and stored is not None and stored.included:
        if lake.local is None:
            raise BackupError(
                f"The backup holds a lake that is a folder, and IRACING_LAKE names {lake.root}",
                "Restore with --no-lake, and copy the folder lake/ of the zip file there",
            )
        replacements.append(Replacement(lake.local, "lake/", stored.files))
    stored = manifest.folders.get("dagster")
    if history is not None and stored is not None:
        replacements += [
            Replacement(history / name, f"dagster/{name}/", stored.files) for name in HISTORY
        ]
    return replacements


def _refuse_own_place(source: Path, places: list[Replacement]) -> None:
    for place in places:
        if source.resolve().is_relative_to(place.folder):
            raise BackupError(
                f"The backup lies in {place.folder}, which is to be replaced",
                "Move it to another folder first",
            )


def _database(
    migration: Migration,
    reader: Reader,
    places: list[Replacement],
    progress: Progress,
    *,
    replace: bool,
) -> tuple[tuple[str, ...], int]:
    """Fill the database and migrate it; what stays in the archive, and the logins kept."""
    connection = migration.connection
    connection.execute(database.FORM.encode())
    if not replace:
        _refuse_occupied(connection, places)
    logins = database.tokens(connection)
    database.clear(connection)
    migration.upgrade(reader.manifest.revision)
    left = database.load(connection, reader, progress)
    migration.complete()
    database.keep_tokens(connection, logins)
    return tuple(left), len(logins)


def _refuse_occupied(connection: Connection, places: list[Replacement]) -> None:
    there = [f"{name} ({rows} rows)" for name, rows in database.held(connection).items()]
    there += [f"{name} (not of this project)" for name in database.foreign(connection)]
    there += [str(place.folder) for place in places if next(files(place.folder), None)]
    if there:
        more = f" and {len(there) - 12} more" if len(there) > 12 else ""
        raise OccupiedError(
            f"There is something already: {', '.join(there[:12])}{more}",
            "Name another database and IRACING_HOME, or add --replace to delete all of it",
        )


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise NoRoomError(
            "The database server's disk is full", "Nothing was changed. Make room on it"
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise BackupError(
            "Another program uses the database",
            "Stop all that uses it, such as iracing-pipeline up and dashboards, and try again",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupError(
            f"The database's user may not restore into it: {error.diag.message_primary}",
            "Set IRACING_DATABASE_URL to that of the owner of the database",
        ) from error
    except psycopg.Error as error:
        raise BackupError(
            f"The database did not take the backup: {' '.join(str(error).split())}",
            "Nothing was changed",
        ) from error
