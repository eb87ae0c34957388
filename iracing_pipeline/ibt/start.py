"""Start of a recording: by the header, or estimated, and the time zone of the racing PC.

iRacing writes the start into the header in UTC and into the file's name in the local time of the
racing PC. Where the header holds no date, the start is estimated and marked as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

TIME_IN_NAME = re.compile(
    r"(?:(?<!\d)|(?<=%20))(\d{4}-\d\d-\d\d)(?: |_|\+|%20)(\d\d-\d\d-\d\d)(?!\d)", re.ASCII
)
"""The local time as iRacing names files; a space may have become something else on the way."""
_OLDEST = datetime(2003, 1, 1, tzinfo=UTC)  # iRacing's founding is a safe lower bound
_NEWEST = datetime(2100, 1, 1, tzinfo=UTC)

_QUARTER = timedelta(minutes=15)
"""Every time zone is a multiple of this from UTC."""
_NAMED_WITHIN = timedelta(minutes=2)
"""iRacing names the file when it opens it; real files agree to the second."""
_EARLIEST, _LATEST = timedelta(hours=-12), timedelta(hours=14)


class StartSource(StrEnum):
    """Source of the start of a recording."""

    HEADER = "header"
    """``sessionStartDate``: exact, in UTC."""
    FILE_NAME = "file_name"
    """The time in the file's name: local time of an unknown zone, kept as if it were UTC."""
    MODIFIED = "modified"
    """The file's modification time minus the length of its records."""


@dataclass(frozen=True, slots=True)
class Start:
    """When a recording began.

    Attributes:
        time: UTC; for :attr:`StartSource.FILE_NAME` the local time as written in the name.
        source: Source.
    """

    time: datetime
    source: StartSource

    @property
    def warning(self) -> str | None:
        """Warning about an estimate; None for the header's date."""
        if self.source is StartSource.FILE_NAME:
            return "the header holds no start date: the local time in the file's name is used"
        if self.source is StartSource.MODIFIED:
            return "the header holds no start date: estimated from the file's modification time"
        return None


def find_start(seconds: int, file_name: str, *, modified: float, duration_s: float = 0.0) -> Start:
    """Find the start of a recording from the best available source.

    Args:
        seconds: ``sessionStartDate`` of the header, seconds since 1970 in UTC; 0 for none.
        file_name: Name of the file.
        modified: Modification time of the file, seconds since 1970.
        duration_s: Length of its records.

    Raises:
        ValueError: If ``seconds`` is neither 0 nor a date since iRacing's beginnings.
    """
    if seconds and not _OLDEST.timestamp() <= seconds <= _NEWEST.timestamp():
        raise ValueError(f"the header's start time, {seconds}, is no date of iRacing's")
    if seconds:
        return Start(datetime.fromtimestamp(seconds, tz=UTC), StartSource.HEADER)
    named = time_in_name(file_name)
    if named is not None:
        return Start(named.replace(tzinfo=UTC), StartSource.FILE_NAME)
    began = min(max(modified - duration_s, 0.0), _NEWEST.timestamp())
    return Start(datetime.fromtimestamp(int(began), tz=UTC), StartSource.MODIFIED)


def time_in_name(file_name: str) -> datetime | None:
    """The local time in a file's name, without zone; None if there is none.

    >>> time_in_name("car_track 2025-01-30 17-09-29.ibt")
    datetime.datetime(2025, 1, 30, 17, 9, 29)
    """
    for match in reversed(list(TIME_IN_NAME.finditer(file_name))):
        try:
            named = datetime.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H-%M-%S")  # noqa: DTZ007 - it has none
        except ValueError:  # such as month 13
            continue
        if _OLDEST <= named.replace(tzinfo=UTC) <= _NEWEST:
            return named
    return None


def utc_offset(start: Start, file_name: str) -> timedelta | None:
    """Local time of the racing PC minus UTC, a multiple of 15 minutes.

    Returns:
        None where the header holds no date, or the name holds no time or that of another moment.
    """
    named = time_in_name(file_name)
    if start.source is not StartSource.HEADER or named is None:
        return None
    ahead = named.replace(tzinfo=UTC) - start.time
    offset = round(ahead / _QUARTER) * _QUARTER
    fits = abs(ahead - offset) <= _NAMED_WITHIN and _EARLIEST <= offset <= _LATEST
    return offset if fits else None
