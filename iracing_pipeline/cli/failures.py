"""Messages for failures of the system: a folder that cannot be written, a full disk."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENOENT,
    errno.ENAMETOOLONG,
    errno.EINVAL,
}
_ROOM = "The disk is full{where}. Make room on it and run the command again."
_FOLDER = (
    "{path} cannot be used: {why}. Set IRACING_HOME to a folder that you may write to, or allow"
    " this user to write there."
)


_PLACE = "{path} cannot be used: {why}. Name another path, or allow this user to use this one."


def sentence(error: BaseException) -> str | None:
    """Return the message for an error that the system caused; None for every other one."""
    from iracing_pipeline.lake import disk_is_full  # noqa: PLC0415 - polars takes half a second

    for each in _chain(error):
        if isinstance(each, Exception) and disk_is_full(each):
            named = isinstance(each, OSError) and each.filename
            return _ROOM.format(where=f": {named}" if named else "")
        if isinstance(each, OSError) and each.errno in _CLOSED and each.filename:
            advice = _FOLDER if _is_of_home(str(each.filename)) else _PLACE
            return advice.format(path=each.filename, why=each.strerror)
        if isinstance(each, OSError) and each.errno in {errno.EMFILE, errno.ENFILE}:
            return "Too many files are open. Close programs, or raise the limit (ulimit -n)."
        if isinstance(each, sqlite3.Error):
            return _of_sqlite(str(each))
        if type(each).__name__ == "DiskFull":  # PostgreSQL's
            return _ROOM.format(where="")
    return None


def _is_of_home(path: str) -> bool:
    """Return whether a path is in the data folder, or in a folder above it."""
    try:
        home = Settings.from_env().home
    except SettingsError:
        return False
    return Path(path).is_relative_to(home) or home.is_relative_to(path)


def _of_sqlite(message: str) -> str | None:
    if "disk is full" in message:
        return _ROOM.format(where=": Dagster's storage cannot be written")
    if "readonly" in message or "unable to open" in message or "disk I/O" in message:
        return _FOLDER.format(path="Dagster's storage", why=message)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
