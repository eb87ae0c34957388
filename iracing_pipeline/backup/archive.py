"""The zip file: written in one go beside its place, and read member by member."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from iracing_pipeline.backup import manifest
from iracing_pipeline.backup.errors import BackupError, DamagedArchiveError, NoRoomError
from iracing_pipeline.backup.manifest import Manifest, Member
from iracing_pipeline.lake import atomic
from iracing_pipeline.lake.lake import disk_is_full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 20
# Of what zlib can do, the fastest: the disk is the limit then, not the processor.
LEVEL = 1
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises for a damaged directory, a flag or a version that we never write.
NOT_A_ZIP = (zipfile.BadZipFile, RuntimeError, ValueError, OverflowError, struct.error)


class Writer:
    """An archive in the making."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.members: list[Member] = []

    @contextmanager
    def member(self, name: str, *, pack: bool) -> Iterator[Sink]:
        """A member to be written; it is in ``members`` afterwards.

        Args:
            name: Its name.
            pack: Whether it becomes smaller by that; Parquet does not.
        """
        info = zipfile.ZipInfo(name)  # dated 1980: two backups of the same are the same
        info.compress_type = zipfile.ZIP_DEFLATED if pack else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as file:
            sink = Sink(file)
            yield sink
        self.members.append(Member(name, sink.size_bytes, sink.sha256))

    def finish(self, content: Manifest) -> None:
        """Write the manifest, which is the last member: without it, nothing is an archive."""
        self._zip.writestr(manifest.NAME, content.to_json())


class Sink:
    """A member that is written, counted and digested."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of the written bytes."""
        return self._digest.hexdigest()

    def write(self, block: bytes) -> None:
        """Write some more."""
        self._file.write(block)
        self._digest.update(block)
        self.size_bytes += len(block)

    def copy(self, file: IO[bytes]) -> None:
        """Write the rest of another file."""
        while block := file.read(BLOCK):
            self.write(block)


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """An archive that has its name only when it is whole, and that its owner alone may read.

    Raises:
        BackupError: If it cannot be written.
    """
    partial = None
    try:
        partial = atomic.partial(target)
        handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0),
                         0o600)  # fmt: skip
        with (
            os.fdopen(handle, "w+b") as file,
            zipfile.ZipFile(file, "w", compresslevel=LEVEL) as archive,
        ):
            yield Writer(archive)
        atomic.publish(partial, target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    atomic.sweep(target.parent, below=False)  # it may be the root of a disk


def unwritable(target: Path, error: OSError) -> BackupError:
    """Make the error for a ``target`` that cannot be written."""
    if disk_is_full(error):
        return NoRoomError(
            f"{target} cannot be written: the disk is full", "Make room, or choose another disk"
        )
    return BackupError(
        f"{target} cannot be written: {error.strerror or error}",
        "Choose a folder that you may write to, and close programs that have it open",
    )


class Reader:
    """An archive that is read.

    Attributes:
        manifest: Its manifest.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._zip = path, archive
        with self._damage(manifest.NAME):
            info = self._info(manifest.NAME)
            if info.file_size > manifest.MAX_BYTES:
                raise DamagedArchiveError(
                    f"{path} has a {manifest.NAME} of {info.file_size / 1e6:.0f} MB, more than any"
                    " backup has",
                    "Use another backup",
                )
            with archive.open(info) as file:
                self.manifest = Manifest.from_json(file.read(manifest.MAX_BYTES))

    def blocks(self, member: Member) -> Iterator[bytes]:
        """The content of a member, in blocks.

        Raises:
            DamagedArchiveError: If it is not what the manifest says. A size that differs is found
                before the first block, another content after the last one.
        """
        digest, size = hashlib.sha256(), 0
        with self._damage(member.name):
            info = self._info(member.name)
            if info.file_size != member.size_bytes:
                raise self._damaged(member.name)
            # zipfile gives no more bytes than the size in its directory.
            with self._zip.open(info) as file:
                while block := file.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    yield block
        if (size, digest.hexdigest()) != (member.size_bytes, member.sha256):
            raise self._damaged(member.name)

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._zip.getinfo(name)
        # Other methods are never written, and some take gigabytes of memory to unpack.
        if info.compress_type not in METHODS:
            raise self._damaged(name)
        return info

    @contextmanager
    def _damage(self, name: str) -> Iterator[None]:
        try:
            yield
        # A RuntimeError is zipfile's for a flag or a method of packing that we never write.
        except (*NOT_A_ZIP, zlib.error, EOFError, KeyError) as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> DamagedArchiveError:
        return DamagedArchiveError(
            f"{self._path} is damaged: {name} is not as it was written",
            "Nothing was changed. Use another copy of it, or another backup",
        )


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """An archive to read.

    Raises:
        BackupError: If there is none that can be read.
        DamagedArchiveError: If it is cut short, or is no archive.
    """
    try:
        archive = zipfile.ZipFile(path)
    except NOT_A_ZIP as error:
        raise DamagedArchiveError(
            f"{path} is cut short, or is no backup", "Copy it again, or use another backup"
        ) from error
    except OSError as error:
        raise BackupError(
            f"{path} cannot be read: {error.strerror or error}", "Name a backup file"
        ) from error
    with archive:
        yield Reader(path, archive)
