"""From the full-rate records of a session to series for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.metrics.history.series import GLITCH, Grid, SessionSeries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Protocol

    from iracing_pipeline.metrics.history.channels import ChannelMetric

    class Records(Protocol):
        """Source of records."""

        @property
        def schema(self) -> pl.Schema:
            """Channel name to type."""

        def read(self, columns: Sequence[str]) -> pl.DataFrame:
            """Some channels of all records."""


class NoTimeError(PipelineError, ValueError):
    """The records do not say when they were made."""


def labels(session_key: str, car: str | None, track: str | None) -> dict[str, str]:
    """The labels of a session's series; what is not known is left out."""
    values = {"session": session_key, "car": car, "track": track}
    return {name: value for name, value in values.items() if value}


def track_label(name: str | None, config: str | None) -> str | None:
    """The track and its configuration, as one text."""
    return f"{name} ({config})" if name and config else name


def downsample(
    records: Records,
    *,
    start: datetime,
    labels: Mapping[str, str],
    channels: Iterable[ChannelMetric],
    hz: int,
) -> SessionSeries:
    """Take some channels down to ``hz`` values a second, at their true times.

    Channels are read one by one, so that memory holds one at full rate. What the session lacks is
    left out. Of a channel logged at 360 Hz the value at the tick is taken.

    Args:
        records: The session's records at full rate.
        start: Time of the first record, UTC.
        labels: Labels of all series.
        channels: What to take.
        hz: Values a second; a divisor of 1000.

    Raises:
        NoTimeError: If there is no ``SessionTime``.
    """
    schema = records.schema
    if "SessionTime" not in schema:
        raise NoTimeError("The session has no channel SessionTime, so its values have no times.")
    clock = records.read(["SessionTime", *(name for name in GLITCH if name in schema)])
    grid = Grid.of(start, _at_the_tick(clock), hz=hz)
    metrics = {}
    for channel in channels:
        source = next((name for name in channel.sources if name in schema), None)
        if source is None or isinstance(schema[source], pl.List):
            continue
        column = _at_the_tick(records.read([source])).get_column(source)
        metrics[channel.metric] = (channel, grid.take(column, channel))
    return SessionSeries(labels, grid.times, metrics)


def _at_the_tick(records: pl.DataFrame) -> pl.DataFrame:
    """One value a record: the last sample of a channel that was logged at 360 Hz."""
    arrays = [name for name, dtype in records.schema.items() if isinstance(dtype, pl.Array)]
    return records.with_columns(pl.col(arrays).arr.last()) if arrays else records
