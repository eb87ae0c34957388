"""The lake itself: one URI, and files by kind, key and name below it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from upath import UPath

from iracing_pipeline import private
from iracing_pipeline.lake import atomic
from iracing_pipeline.lake.errors import LakeError, NotInLakeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

SCANNED_BY_POLARS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}
# What Windows does not allow in a name, and what a glob or a URL would read as something else.
NAME = re.compile(r"""[^<>:"/\\|?*\[\]#%\x00-\x1f]*[^<>:"/\\|?*\[\]#%\x00-\x1f. ]""")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

# ENOSPC and EDQUOT; on Windows, the system's own numbers for the same.
DISK_FULL = {errno.ENOSPC, errno.EDQUOT} if os.name != "nt" else {errno.ENOSPC, 39, 112}


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written.

    Attributes:
        uri: A path for a local lake, else a URI.
        size_bytes: Its size.
    """

    uri: str
    size_bytes: int


class Lake:
    """Files by kind, key and name, in a folder or an object store.

    A file is there whole or not at all: local files are written under another name in the same
    folder and renamed, objects are uploaded in one request.
    """

    def __init__(self, uri: str | Path, *, durable: bool = True) -> None:
        """Take a folder or a URI; nothing is read or made yet.

        Args:
            uri: A folder, or ``s3://bucket/prefix``, ``gs://...``, ``az://...``.
            durable: Whether a local write waits until the disk has the bytes.

        Raises:
            LakeError: If the URI needs a package that is not installed, or makes no sense.
        """
        text = str(uri)
        scheme = text.partition("://")[0].lower() if "://" in text else "file"
        self._durable = durable
        self.local: Path | None = None
        if scheme == "file":
            local = UPath(text).path if "://" in text else text
            self.local = Path(local).expanduser().absolute()
            self.root: UPath | Path = self.local
            return
        self._scheme = scheme
        if ":" in text.partition("://")[2].partition("@")[0].partition("/")[0] and "@" in text:
            # Not repeated: what stands before the "@" may be a password.
            raise LakeError(
                f"The address of the lake {scheme}:// holds credentials, and logs would show them",
                "Take them out of IRACING_LAKE and set the store's own variables, such as"
                " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        try:
            # Without a cache of listings, which would hide what other processes have written.
            self.root = UPath(text, use_listings_cache=False)
            self.root.fs  # noqa: B018 - makes the file system, which is what may fail
        except ImportError as error:
            raise LakeError(
                f"The lake {scheme}:// needs a package that is not installed: {error}",
                f"Install it with: pip install 'iracing-pipeline[{EXTRAS.get(scheme, scheme)}]'",
            ) from error
        except ValueError as error:
            raise LakeError(
                f"The lake {text} cannot be used: {error}",
                "Set IRACING_LAKE to a folder, or to a URI with s3://, gs:// or az://",
            ) from error

    def __repr__(self) -> str:
        return f"Lake({str(self.root)!r})"

    def path(self, kind: str, key: str, name: str) -> UPath | Path:
        """Return the path of a file: a ``Path`` in a local lake, else a ``UPath``.

        Raises:
            LakeError: If a part cannot be a file's name on every platform.
        """
        for part in (kind, key, name):
            if not NAME.fullmatch(part) or RESERVED.fullmatch(part) or part.startswith("."):
                raise LakeError(
                    f"{part!r} cannot be a name in the lake",
                    "Use letters, digits, spaces, dots, dashes and underscores",
                )
        return self.root / kind / key / name

    def uri(self, kind: str, key: str, name: str) -> str:
        """Return the URI of a file, as polars and other tools take it."""
        return str(self.path(kind, key, name))

    def write(self, kind: str, key: str, name: str, sink: Callable[[Path], object]) -> Written:
        """Write a file, replacing an earlier one.

        Args:
            kind: Such as ``telemetry``.
            key: Such as a session key.
            name: Such as ``frames.parquet``.
            sink: Called once with a local path to write the file to, such as
                ``frame.lazy().sink_parquet``.

        Raises:
            LakeError: If it cannot be stored. What ``sink`` raises passes through. The earlier
                file, if there was one, is then still there.
        """
        target = self.path(kind, key, name)
        if isinstance(target, UPath):
            return self._upload(target, sink)
        with self._failures(target):
            private.make(target.parent)
            partial = atomic.partial(target)
        try:
            self._fill(target, partial, sink)
            with self._failures(target):
                private.file(partial)
                size = partial.stat().st_size
                atomic.publish(partial, target, durable=self._durable)
        finally:
            partial.unlink(missing_ok=True)
        atomic.sweep(target.parent)
        return Written(str(target), size)

    def write_bytes(self, kind: str, key: str, name: str, content: bytes) -> Written:
        """Write a file that is in memory, as ``write`` does."""
        return self.write(kind, key, name, lambda path: path.write_bytes(content))

    def scan(self, kind: str, key: str, name: str) -> pl.LazyFrame:
        """A Parquet file as a lazy frame, read when it is collected.

        Raises:
            NotInLakeError: If there is no such file.
        """
        target = self._existing(kind, key, name)
        if isinstance(target, UPath) and self._scheme not in SCANNED_BY_POLARS:
            return pl.read_parquet(self.read_bytes(kind, key, name)).lazy()
        return pl.scan_parquet(str(target), glob=False)

    def read_bytes(self, kind: str, key: str, name: str) -> bytes:
        """The content of a file.

        Raises:
            NotInLakeError: If there is no such file.
        """
        target = self._existing(kind, key, name)
        with self._failures(target):
            if isinstance(target, UPath):
                # In one request: one that is opened first is lost when another writer replaces it.
                return bytes(target.fs.cat_file(target.path))
            return target.read_bytes()

    def exists(self, kind: str, key: str, name: str) -> bool:
        """Return whether a file exists."""
        target = self.path(kind, key, name)
        with self._failures(target):
            return target.exists()

    def keys(self, kind: str) -> list[str]:
        """The keys there are of a kind, in order."""
        folder = self.root / kind
        with self._failures(folder):
            return sorted(p.name for p in folder.iterdir()) if folder.exists() else []

    def delete(self, kind: str, key: str, name: str) -> bool:
        """Delete a file; whether there was one."""
        target = self.path(kind, key, name)
        with self._failures(target):
            if not target.exists():
                return False
            target.unlink()
            if isinstance(target, Path) and not any(target.parent.iterdir()):
                target.parent.rmdir()
            return True

    def free_bytes(self) -> int | None:
        """Free bytes on the disk of a local lake; None for an object store, or if unknown."""
        if self.local is None:
            return None
        there = next((p for p in (self.local, *self.local.parents) if p.exists()), None)
        try:
            return None if there is None else shutil.disk_usage(there).free
        except OSError:
            return None

    def sweep(self, older_than: timedelta = atomic.ABANDONED_AFTER) -> int:
        """Delete what killed writers left in a local lake; how many files."""
        return atomic.sweep(self.local, older_than=older_than) if self.local else 0

    def _upload(self, target: UPath, sink: Callable[[Path], object]) -> Written:
        with tempfile.TemporaryDirectory(prefix="iracing-lake-") as folder:
            local = Path(folder) / target.name
            self._fill(target, local, sink)
            with self._failures(target):
                size = local.stat().st_size
                target.fs.put_file(str(local), target.path)
        return Written(str(target), size)

    @staticmethod
    def _fill(target: UPath | Path, path: Path, sink: Callable[[Path], object]) -> None:
        try:
            sink(path)
        except Exception as error:
            if disk_is_full(error):
                raise LakeError(
                    f"{target} cannot be written: the disk is full",
                    f"Make room on the disk of {path.parent} and run it again",
                ) from error
            raise

    def _existing(self, kind: str, key: str, name: str) -> UPath | Path:
        target = self.path(kind, key, name)
        with self._failures(target):
            if target.exists():
                return target
        raise NotInLakeError(
            f"{target} is not in the lake",
            "Materialize the asset that writes it again",
        )

    @contextmanager
    def _failures(self, target: UPath | Path) -> Iterator[None]:
        # Object stores' packages raise errors of their own too, for credentials above all.
        kinds = OSError if self.local is not None else Exception
        try:
            yield
        except kinds as error:
            message = (isinstance(error, OSError) and error.strerror) or str(error).rstrip(".")
            raise LakeError(f"{target} cannot be used: {message}", self._advice) from error

    @property
    def _advice(self) -> str:
        if self.local is None:
            return (
                f"Check that IRACING_LAKE names a bucket there is, and that the address and the"
                f" credentials of {self._scheme}:// in the environment are right and allow it"
            )
        return (
            "Check that IRACING_LAKE can be written to, that the disk has room and that no other"
            " program has the file open"
        )


def disk_is_full(error: Exception) -> bool:
    """Whether an error of the system or of polars says that there is no room left."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in DISK_FULL
    # polars has no number for it, but repeats what the system said.
    match = re.search(r"\(os error (\d+)\)", str(error))
    return match is not None and int(match[1]) in DISK_FULL
