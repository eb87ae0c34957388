"""Facts of a recording without its samples, from a file or from the lake."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from iracing_pipeline.ibt import session_info
from iracing_pipeline.ibt.start import Start, StartSource, utc_offset

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one recording.

    Attributes:
        session_key: Identity by content; the same for a renamed, copied or grown file.
        file_name: Name of the ``.ibt`` file.
        start: When iRacing opened the file, UTC. The first record has this time.
        start_source: Source of the start; see :class:`StartSource`.
        tick_rate: Records a second.
        record_count: Records.
        version: Header version.
        closed: Whether iRacing closed the file properly.
        warnings: Repairs and omissions, in words.
        units: Channel name to unit as iRacing writes it; ``%`` means a ratio of 0 to 1.
        descriptions: Channel name to iRacing's description.
        session_info_text: The session info as written.
        lists: Array channels whose values are not samples within the tick.
    """

    session_key: str
    file_name: str
    start: datetime
    tick_rate: int
    record_count: int
    version: int
    closed: bool
    warnings: tuple[str, ...]
    units: dict[str, str]
    descriptions: dict[str, str]
    session_info_text: str
    start_source: StartSource = StartSource.HEADER
    lists: tuple[str, ...] = ()

    @property
    def utc_offset(self) -> timedelta | None:
        """Local time of the racing PC minus UTC; None where the file does not show it."""
        return utc_offset(Start(self.start, self.start_source), self.file_name)

    def session_info(self, sections: Collection[str] | None = None) -> dict[str, Any]:
        """The session info, or some sections of it, as nested dicts and lists."""
        return session_info.parse(self.session_info_text, sections)

    def to_metadata(self) -> dict[str, str]:
        """As key-value metadata of a Parquet file."""
        return {_KEY: json.dumps(asdict(self), default=datetime.isoformat, ensure_ascii=False)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Facts:
        """Back from :meth:`to_metadata`.

        Raises:
            KeyError: If the metadata are not those of a recording.
        """
        stored = json.loads(metadata[_KEY])
        stored["start"] = datetime.fromisoformat(stored["start"])
        stored["warnings"] = tuple(stored["warnings"])
        stored["start_source"] = StartSource(stored.get("start_source", StartSource.HEADER))
        stored["lists"] = tuple(stored.get("lists", ()))
        return cls(**stored)


_KEY = "iracing"
