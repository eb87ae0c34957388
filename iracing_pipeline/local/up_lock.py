"""One ``iracing-pipeline up`` for each data folder, and who it is.

The lock belongs to the process: the system releases it when the process ends, however that is.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import filelock

from iracing_pipeline import private
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.lake import atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves a data folder.

    Attributes:
        pid: Its process id; 0 where it is not known.
        url: Address of its Dagster UI; "" where it is not known yet.
    """

    pid: int = 0
    url: str = ""

    def __str__(self) -> str:
        at = f" at {self.url}" if self.url else ""
        return f"running{at}" + (f" (pid {self.pid})" if self.pid else "")


class AlreadyRunningError(PipelineError):
    """Another process serves the data folder."""

    def __init__(self, running: Running) -> None:
        """Name the process."""
        super().__init__(f"Already {running}")
        self.running = running


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the lock of a data folder.

    Raises:
        AlreadyRunningError: If another process holds it.
        OSError: If the folder cannot be written.
    """
    private.close(home)
    lock = _lock(home)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise AlreadyRunningError(_described(home)) from None
    try:
        describe(home, "")
        yield
    finally:
        _file(home).unlink(missing_ok=True)
        lock.release()


def describe(home: Path, url: str) -> None:
    """Write down who holds the lock of a data folder, and at which address.

    Raises:
        OSError: If it cannot be written.
    """
    partial = atomic.partial(_file(home))
    try:
        partial.touch(mode=private.FILE)
        partial.write_text(json.dumps(asdict(Running(os.getpid(), url))), encoding="utf-8")
        atomic.publish(partial, _file(home), durable=False)
    finally:
        partial.unlink(missing_ok=True)


def running(home: Path) -> Running | None:
    """The process that serves a data folder; None where none does."""
    if not home.is_dir():
        return None
    lock = _lock(home)
    try:
        lock.acquire()
    except filelock.Timeout:
        return _described(home)
    except OSError:
        return None  # of another user: the command that asks fails by itself
    lock.release()
    return None


def _lock(home: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(home / "up.lock", timeout=0, mode=0o600)


def _file(home: Path) -> Path:
    return home / "up.json"


def _described(home: Path) -> Running:
    try:
        stored = json.loads(_file(home).read_text(encoding="utf-8"))
        return Running(int(stored["pid"]), str(stored["url"])[:100])
    except (OSError, ValueError, TypeError, KeyError):
        return Running()
