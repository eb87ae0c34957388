"""Where a result comes from, and which source wins."""

from __future__ import annotations

from enum import Enum


class Source(Enum):
    """A source of results, with its rank: a row is only replaced by one of the same or a higher.

    ``results/get`` and the export of it are the same document and rank alike.
    """

    API = ("api", 4)
    EVENT_RESULT = ("event_result", 4)
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
