"""Names and times of files, as they can be stored and compared."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# How a browser names a download that is there already: "result (1).json", "result(1).json".
_AGAIN = re.compile(r"\((\d{1,3})\)\Z", re.ASCII)
_ONE_LATER = timedelta(seconds=2)


def text_of(path: Path | str) -> str:
    r"""A path as text that can be stored and shown: bytes of no text become ``\udcff``."""
    return os.fspath(path).encode(errors="backslashreplace").decode()


def data_time(path: Path, modified_at: datetime, now: datetime) -> datetime:
    """The time of the data in a downloaded file, UTC.

    It is when the file was written. A browser numbers a repeated download, so "(1)" counts as two
    seconds later (the resolution of FAT): files that were copied in one go keep their order.

    Args:
        path: The file.
        modified_at: When it was written, by the file system.
        now: The present: nothing is newer.
    """
    return min(modified_at, now) + download_number(path) * _ONE_LATER


def download_number(path: Path) -> int:
    """The number that a browser gave a repeated download; 0 for the first."""
    again = _AGAIN.search(path.stem.rstrip())
    return int(again[1]) if again else 0


def modified_at(nanoseconds: int) -> datetime:
    """A time of the file system as UTC; one that no calendar has becomes its end."""
    try:
        return datetime.fromtimestamp(nanoseconds // 1000 / 1e6, UTC)
    except (ValueError, OverflowError, OSError):
        return (
            datetime(9999, 1, 1, tzinfo=UTC) if nanoseconds > 0 else datetime(1, 1, 2, tzinfo=UTC)
        )
