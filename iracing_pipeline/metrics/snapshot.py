"""The snapshot of last-known values: stored in the lake, so that it outlives the database."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from iracing_pipeline.lake import NotInLakeError
from iracing_pipeline.metrics import pipeline, racing
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.history.encode import gauge_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.lake import Lake
    from iracing_pipeline.lake.lake import Written
    from iracing_pipeline.warehouse.connection import Connection

_PLACE = ("metrics", "snapshot", "racing.json")
_PUSHED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Last-known values, in Prometheus's text format.

    Attributes:
        taken_at: When it was taken, in seconds since 1970.
        load: Number of the last load that it knows of.
        text: The metrics.
    """

    taken_at: float
    load: int
    text: str

    @classmethod
    def take(cls, connection: Connection) -> Snapshot:
        """Take one.

        Raises:
            psycopg.Error: If the database fails.
        """
        load = pipeline.last_load(connection)
        text = exposition(racing.families(connection)).decode()
        return cls(datetime.now(UTC).timestamp(), load, text)

    @classmethod
    def read(cls, lake: Lake) -> Snapshot | None:
        """The one in the lake; None if there is none, or one of another version.

        Raises:
            LakeError: If the lake cannot be read.
        """
        try:
            stored = json.loads(lake.read_bytes(*_PLACE))
            return cls(float(stored["taken_at"]), int(stored["load"]), str(stored["text"]))
        except (NotInLakeError, ValueError, KeyError, TypeError):
            return None

    def write(self, lake: Lake) -> Written:
        """Put it into the lake, in place of an earlier one.

        Raises:
            LakeError: If the lake cannot be written to.
        """
        return lake.write_bytes(*_PLACE, json.dumps(asdict(self), ensure_ascii=False).encode())

    @property
    def samples(self) -> list[tuple[dict[str, str], float]]:
        """Its values: labels, with ``__name__``, and value of each."""
        return [
            ({"__name__": sample.name, **sample.labels}, sample.value)
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        ]

    def requests(self, time_ms: int) -> Iterator[bytes]:
        """Its values as bodies of remote write, as of one moment.

        Args:
            time_ms: The moment, in milliseconds since 1970.
        """
        rows = self.samples
        for start in range(0, len(rows), _PUSHED_AT_ONCE):
            yield gauge_request(rows[start : start + _PUSHED_AT_ONCE], time_ms)
