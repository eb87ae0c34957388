"""Write a local file under another name and publish it whole."""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PARTIAL = ".partial"
ABANDONED_AFTER = timedelta(days=1)
REPLACE_TRIES = 8
WINDOWS = os.name == "nt"


def partial(target: Path) -> Path:
    """Return the temporary path for a file that will become ``target``; its folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}{PARTIAL}")


def publish(written: Path, target: Path, *, durable: bool = True) -> None:
    """Give a file that is whole its name.

    Args:
        written: The file, in the folder of ``target``.
        target: The file to make or replace.
        durable: Whether the bytes shall be on the disk before the file has its name, so that a
            power cut cannot leave an empty file behind a committed row.
    """
    if durable:
        _sync(written)
    replace(written, target)
    if durable and not WINDOWS:
        _sync(target.parent)


def replace(source: Path, target: Path) -> None:
    """Rename over the target; on Windows, wait a little for whoever has it open.

    Virus scanners and indexers open a new file for a moment, and a reader may have the old one.
    """
    for wait in range(REPLACE_TRIES):
        try:
            source.replace(target)
        except PermissionError:
            if not WINDOWS or wait == REPLACE_TRIES - 1:
                raise
            time.sleep(0.02 * 2**wait)
        else:
            return


def sweep(folder: Path, *, older_than: timedelta = ABANDONED_AFTER, below: bool = True) -> int:
    """Delete what killed writers left in a folder, and ``below`` it; how many files.

    Only files that nobody has written to for ``older_than``: a younger one may be in the making.
    """
    before = time.time() - older_than.total_seconds()
    swept = 0
    pattern = f".*{PARTIAL}"
    for left in folder.rglob(pattern) if below else folder.glob(pattern):
        try:
            if left.stat().st_mtime < before:
                left.unlink()
                swept += 1
        except OSError:  # its writer has just published it, or still has it open (Windows)
            continue
    return swept


def _sync(path: Path) -> None:
    # Windows flushes only handles that may write; a folder can be opened only for reading.
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
