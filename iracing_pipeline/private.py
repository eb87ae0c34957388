"""Folders and files that other accounts of the machine cannot read.

On Windows a folder in the user's profile is closed to others by itself, and nothing is done here.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER, FILE = 0o700, 0o600


def make(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner alone.

    Raises:
        OSError: If it cannot be made.
    """
    missing = [folder, *folder.parents]
    for each in reversed([each for each in missing if not each.exists()]):
        each.mkdir(mode=FOLDER, exist_ok=True)


def close(folder: Path) -> None:
    """Make a folder, or take away what other accounts may do in one of our own.

    Root keeps its group's right to pass through: the embedded server runs under another account
    that is in that group.

    Raises:
        OSError: If it cannot be made.
    """
    make(folder)
    if os.name == "nt":
        return
    status = folder.stat()
    kept = FOLDER | (stat.S_IXGRP if os.geteuid() == 0 else 0)
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & ~kept:
        with suppress(PermissionError):  # a mount that keeps no modes
            folder.chmod(stat.S_IMODE(status.st_mode) & kept)


def file(path: Path) -> None:
    """Close a file of our own to other accounts."""
    if os.name != "nt":
        with suppress(PermissionError):
            path.chmod(FILE)


def from_now_on() -> None:
    """Close to others what this process and its children make from now on."""
    if os.name != "nt":
        os.umask(0o077)


def secret(path: Path, make_one: Callable[[], str]) -> str:
    """The secret that a file holds; the file is made first where it is missing.

    Raises:
        OSError: If it cannot be read or made.
    """
    if not path.exists():
        make(path.parent)
        with suppress(FileExistsError):  # somebody else was faster
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(make_one())
    return path.read_text(encoding="utf-8").strip()
