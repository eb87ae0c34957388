"""Downsampled channels of one session on a grid of whole milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import numpy.typing as npt
    import polars as pl

    from iracing_pipeline.metrics.history.channels import ChannelMetric

    Floats = npt.NDArray[np.float64]
    Millis = npt.NDArray[np.int64]

GLITCH = ("PlayerTrackSurface", "Lap", "Speed")
"""Channels that mark records in which the car is not in the world."""

_LONGEST_S = 30 * 86_400.0
_HORIZON = 0.5


@dataclass(frozen=True, slots=True)
class SessionSeries:
    """Several metrics of one session, on the same times.

    Attributes:
        labels: ``session``, ``car`` and ``track``; a label without a value is left out.
        times: Milliseconds since 1970, rising, multiples of the period. Shape ``(n,)``.
        metrics: Name of each metric to its channel and its values, of shape ``(n,)``; NaN where
            there is none.
    """

    labels: Mapping[str, str]
    times: Millis
    metrics: Mapping[str, tuple[ChannelMetric, Floats]]

    @property
    def samples(self) -> int:
        """How many values there are."""
        return sum(int(np.isfinite(values).sum()) for _, values in self.metrics.values())

    def between(self, first: int, after: int) -> SessionSeries:
        """The part from ``first`` until before ``after``, in milliseconds since 1970."""
        return self.part(*np.searchsorted(self.times, (first, after)).tolist())

    def part(self, start: int, stop: int) -> SessionSeries:
        """The times of some indices: a view, no copy."""
        cut = slice(start, stop)
        metrics = {name: (each, values[cut]) for name, (each, values) in self.metrics.items()}
        return SessionSeries(self.labels, self.times[cut], metrics)

    def parts(self, samples: int) -> Iterator[SessionSeries]:
        """In order of time, in parts of about so many samples."""
        length = max(1, samples // max(1, len(self.metrics)))
        for start in range(0, len(self.times), length):
            yield self.part(start, start + length)

    def every(self, period_ms: int) -> SessionSeries:
        """Only the times that are multiples of a longer period."""
        kept = self.times % period_ms == 0
        metrics = {name: (each, values[kept]) for name, (each, values) in self.metrics.items()}
        return SessionSeries(self.labels, self.times[kept], metrics)


@dataclass(frozen=True, slots=True)
class Grid:
    """Which records stand for which times.

    A time ``t`` of the grid is given the last record of the period that ends in it. So no value is
    made up, and where there are no records there is no value.

    Attributes:
        times: Milliseconds since 1970, multiples of the period. Shape ``(n,)``.
        records: Index of the record for each. Shape ``(n,)``.
    """

    times: Millis
    records: npt.NDArray[np.intp]

    @classmethod
    def of(cls, start: datetime, records: pl.DataFrame, *, hz: int) -> Grid:
        """Lay the grid over the records.

        Args:
            start: Time of the first record, UTC.
            records: ``SessionTime``, and of :data:`GLITCH` what there is.
            hz: Points a second; a divisor of 1000.
        """
        seconds = records["SessionTime"].to_numpy().astype(np.float64)
        usable = np.abs(seconds) < _LONGEST_S  # false for NaN
        if not usable.any():
            return cls(np.empty(0, np.int64), np.empty(0, np.intp))
        since = seconds - seconds[usable][0]
        usable &= _in_the_world(records)
        rows = np.flatnonzero(usable)
        # A clock that falls back would put two values at one time: those before win.
        rising = np.ones(len(rows), np.bool_)
        rising[1:] = since[rows][1:] > np.maximum.accumulate(since[rows])[:-1]
        rows = rows[rising]
        period = 1000 // hz
        # A record a hair after the grid's time, by the rounding of floats, is at it.
        began = start.timestamp() * 1000.0
        cell = np.ceil((began + since[rows] * 1000.0 - _HORIZON) / period).astype(np.int64)
        last = np.flatnonzero(np.diff(cell, append=cell[-1:] + 1))
        return cls(cell[last] * period, rows[last])

    def take(self, column: pl.Series, channel: ChannelMetric) -> Floats:
        """The values of a channel at the times of the grid, rounded; NaN if there is none."""
        values = column.gather(self.records).to_numpy().astype(np.float64)
        values *= channel.factor
        values /= channel.step
        np.round(values, out=values)
        values *= channel.step
        values += 0.0  # no negative zero
        values[~np.isfinite(values)] = np.nan
        return values


def _in_the_world(records: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """False for the records that iRacing writes while the car is put elsewhere."""
    not_in_world = {"PlayerTrackSurface": -1, "Lap": 0, "Speed": 0}
    if not all(name in records.columns for name in GLITCH):
        return np.ones(records.height, np.bool_)
    glitch = np.ones(records.height, np.bool_)
    for name, value in not_in_world.items():
        glitch &= records[name].to_numpy() == value
    return ~glitch
