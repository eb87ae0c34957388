"""Which operating-system account runs the server.

PostgreSQL refuses to run as root. When we are root, as in most containers, the server runs as
``nobody`` with root's group besides its own, so that folders closed to others can be opened to
that one group instead of to everybody.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iracing_pipeline.warehouse.errors import EmbeddedServerError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

ROOT_GROUP = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The account that runs the server: ours, or another one when we are root.

    Attributes:
        uid: Its user id; None when it is our own.
        gid: Its group id; None when it is our own.
    """

    uid: int | None = None
    gid: int | None = None

    @property
    def note(self) -> str:
        """Note for a message when the server runs as another account."""
        return "" if self.uid is None else f" by user id {self.uid} (PostgreSQL refuses root)"

    def popen_options(self) -> dict[str, Any]:
        """Options for ``subprocess`` that make a child run as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": [ROOT_GROUP]}

    def own(self, path: Path) -> None:
        """Give a file or folder to this account."""
        if sys.platform != "win32" and self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reach(self, path: Path) -> None:
        """Let this account pass through every folder above ``path``.

        Raises:
            EmbeddedServerError: If a folder on the way is closed and is not root's to open.
        """
        if self.uid is None:
            return
        for parent in reversed(path.parents):
            status = parent.stat()
            if status.st_mode & stat.S_IXOTH or status.st_uid == self.uid:
                continue
            if status.st_gid != ROOT_GROUP:
                raise EmbeddedServerError(
                    f"The server cannot be run{self.note}: {parent} is closed to it",
                    f"Run: chmod o+x {parent}, or set IRACING_DATABASE_URL",
                )
            if not status.st_mode & stat.S_IXGRP:
                logger.info("Letting group root pass through %s for the embedded server", parent)
                parent.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXGRP)


def choose(data: Path) -> Account:
    """The account for a server on the folder ``data``: who owns it, or ``nobody`` for a new one.

    Raises:
        EmbeddedServerError: If we are root and there is no such account.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return Account()
    if data.exists():
        status = data.stat()
        return Account(status.st_uid, status.st_gid)
    import pwd  # noqa: PLC0415 - does not exist on Windows

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerError(
            "PostgreSQL refuses to run as root, and there is no user nobody to run it instead",
            "Run as a normal user, or set IRACING_DATABASE_URL",
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)
