"""The lake's files and Dagster's history, out to an archive and in again."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline import private
from iracing_pipeline.backup.archive import unwritable
from iracing_pipeline.backup.errors import BackupError, DamagedArchiveError, NoRoomError
from iracing_pipeline.backup.manifest import is_member_path
from iracing_pipeline.lake import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iracing_pipeline.backup.archive import Reader, Writer
    from iracing_pipeline.backup.manifest import Member

    Progress = Callable[[str], None]

# Dagster's SQLite files; what else lies in its home are logs, and settings that are recreated.
HISTORY = ("history", "schedules")
_SAID_EVERY = 1 << 30


def save_lake(folder: Path, writer: Writer, progress: Progress) -> tuple[Member, ...]:
    """Write the files of a lake into an archive, each as it is when its turn comes."""
    first, size, mark = len(writer.members), 0, _SAID_EVERY
    for path in files(folder):
        name = f"lake/{path.relative_to(folder).as_posix()}"
        if not is_member_path(name):
            progress(f"lake: {name!r} is left out: no other platform takes its name")
            continue
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue  # deleted since: the state of the database that is saved is older than that
        except OSError as error:
            raise BackupError(
                f"{path} cannot be read: {error.strerror or error}",
                "Let this user read the lake, and close programs that have the file open",
            ) from error
        with file, writer.member(name, pack=False) as sink:
            sink.copy(file)
        size += sink.size_bytes
        if size >= mark:
            progress(f"lake: {len(writer.members) - first} files, {size / 1e9:.1f} GB so far")
            mark += _SAID_EVERY
    progress(f"lake: {len(writer.members) - first} files, {size / 1e6:.1f} MB")
    return tuple(writer.members[first:])


def save_history(home: Path, writer: Writer, progress: Progress) -> tuple[Member, ...]:
    """Write Dagster's SQLite files into an archive, each in one consistent state.

    Raises:
        BackupError: If one of them cannot be read.
    """
    first = len(writer.members)
    with tempfile.TemporaryDirectory(prefix="iracing-backup-") as temporary:
        copy = Path(temporary) / "copy.db"
        for path in files(home):
            if path.suffix != ".db" or path.relative_to(home).parts[0] not in HISTORY:
                continue
            copy.unlink(missing_ok=True)
            _copy_database(path, copy)
            name = f"dagster/{path.relative_to(home).as_posix()}"
            with copy.open("rb") as file, writer.member(name, pack=True) as sink:
                sink.copy(file)
    progress(f"Dagster's history: {len(writer.members) - first} files")
    return tuple(writer.members[first:])


def _copy_database(path: Path, copy: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise BackupError(
            f"{path} cannot be copied: {error}", "See Dagster's home, or save without --history"
        ) from error


def files(folder: Path) -> Iterator[Path]:
    """The files below a folder that are whole, in order."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if not name.endswith(atomic.PARTIAL) and path.is_file():
                yield path


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Replacement:
    """A folder of an archive that is unpacked beside its place, and then takes it.

    Attributes:
        folder: The place.
        members: What belongs there.
        old: Where the folder that was there is kept until all is done.
    """

    def __init__(self, folder: Path, prefix: str, members: Iterable[Member]) -> None:
        """Take those of the archive's members whose name begins with ``prefix``."""
        folder = folder.resolve()  # a link stays where it is
        mark = secrets.token_hex(4)
        self.folder = folder
        self.members = [member for member in members if member.name.startswith(prefix)]
        self.old = folder.with_name(f"{folder.name}.{mark}.before-restore")
        self._new = folder.with_name(f".{folder.name}.{mark}.restoring")
        self._prefix = prefix
        self._taken = False

    def fill(self, reader: Reader) -> None:
        """Unpack the members, beside the place.

        Raises:
            BackupError: If they cannot be written.
            DamagedArchiveError: If one is not as the manifest says.
        """
        target = self._new
        try:
            self._new.mkdir(parents=True, mode=0o700)
            self._refuse_too_large()
            for member in self.members:
                target = self._new / member.name.removeprefix(self._prefix)
                if not target.resolve().is_relative_to(self._new.resolve()):
                    raise DamagedArchiveError(
                        f"The archive names {member.name!r}, which is outside {self.folder}",
                        "Nothing was changed. Use another backup",
                    )
                private.make(target.parent)
                with target.open("xb") as file:
                    for block in reader.blocks(member):
                        file.write(block)
                    file.flush()
                    os.fsync(file.fileno())
                private.file(target)
        except OSError as error:
            raise unwritable(target, error) from error

    def _refuse_too_large(self) -> None:
        size, free = sum(member.size_bytes for member in self.members), _free(self._new)
        if size > free:
            raise NoRoomError(
                f"{self.folder} needs {size / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free",
                "Nothing was changed. Make room on that disk",
            )

    def take(self) -> None:
        """Take the place.

        Raises:
            BackupError: If it cannot.
        """
        try:
            if self.folder.exists():
                atomic.replace(self.folder, self.old)
            atomic.replace(self._new, self.folder)
            self._taken = True
        except OSError as error:
            raise BackupError(
                f"{self.folder} cannot be replaced: {error.strerror or error}",
                "Stop all that uses it, such as iracing-pipeline up; it must not be a mount point",
            ) from error

    def give_back(self) -> None:
        """Undo whatever was done, so that the place is as before."""
        if self._taken:
            atomic.replace(self.folder, self._new)
        if self.old.exists():
            atomic.replace(self.old, self.folder)
        shutil.rmtree(self._new, ignore_errors=True)

    def settle(self) -> None:
        """Delete the folder that was there, and what restores that were killed have unpacked."""
        shutil.rmtree(self.old, ignore_errors=True)
        for left in self.folder.parent.glob(f".{self.folder.name}.*.restoring"):
            shutil.rmtree(left, ignore_errors=True)
