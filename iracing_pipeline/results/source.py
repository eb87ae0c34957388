"""Source of a result, and the rule for the winner of several versions."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Source(Enum):
    """A source of results, with its rank: a higher rank holds more of a race.

    ``results/get`` and the export of it are the same document and rank alike.
    """

    API = ("api", 5)
    EVENT_RESULT = ("event_result", 5)
    EVENT_CSV = ("event_csv", 4)
    SEARCH = ("search", 3)
    ARCHIVE_JSON = ("archive_json", 3)
    ARCHIVE_CSV = ("archive_csv", 2)
    IBT = ("ibt", 1)

    def __init__(self, label: str, rank: int) -> None:
        self.label = label
        self.rank = rank

    @property
    def columns(self) -> dict[str, object]:
        """The two columns that every row from this source carries."""
        return {"source": self.label, "source_rank": self.rank}


def precedence(
    source: Source, source_time: datetime, version: int = 0
) -> tuple[int, datetime, str, int]:
    """The key of the total order of all versions of one subsession; the greatest wins.

    The better source comes first, the newer data second. The label and the version decide between
    equal ranks and times, so that the winner never depends on the order of arrival.

    Args:
        source: Where the version comes from.
        source_time: The time of its data, UTC.
        version: A digest of its content, as a number.
    """
    return source.rank, source_time, source.label, version
