"""Records of laps, unrolled: where on its lap each record is, and channels at any place of it.

A car may stand, reverse or cross the line backwards; what counts is the first time that it got
to a place, so records that are no further round the lap than an earlier one are left out. Places
before the line, and after the next one, belong to the laps before and after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.tables.traces import Between

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from iracing_pipeline.analysis.samples import Floats, Integers, Samples

APART = 4.0
"""Laps lie this far apart on the one axis of :attr:`Unrolled.place`."""

_LARGEST_STEP = 0.02  # of the lap, from one record to the next; more is a teleport
_ROWS_BEYOND_THE_LINE = 8
# Of the lap: over so much of it, what the line's two clocks disagree by is made up for.
_BESIDE_THE_LINE = 0.005
# One vote among those of the file; measured on real files.
_USUAL_LAG_S = 0.0145


@dataclass(frozen=True)
class Unrolled:
    """Some laps of a file, ready to be looked up by place.

    Attributes:
        laps: The laps, as rows of ``racing.telemetry_lap``; one for each first index below.
        rows: Index in the file of each record that got further than those before it.
        place: Its place: the number of the lap times a constant, plus LapDistPct.
        times: SessionTime of each record of the file.
        slips: By how much SessionTime gained on the physics just as it reached each record.
    """

    laps: pl.DataFrame
    rows: Integers
    place: Floats
    times: Floats
    slips: Floats

    def __len__(self) -> int:
        return self.laps.height

    def look_up(self, values: Floats, pct: Floats, between: Between) -> Floats:
        """A channel at places of each lap; shape (laps, places).

        Args:
            values: The channel, one value a record of the file.
            pct: LapDistPct of the places, increasing; below 0 before the lap's first line.
            between: How to interpolate.
        """
        if not len(self):
            return np.empty((0, len(pct)))
        wanted = (np.arange(len(self))[:, None] * APART + pct).ravel()
        at_records = values[self.rows]
        if between is Between.DISCRETE:
            at = np.clip(np.searchsorted(self.place, wanted, side="right") - 1, 0, None)
            looked_up = at_records[at]
        elif between is Between.ANGLE:
            looked_up = np.interp(wanted, self.place, np.unwrap(at_records))
            looked_up = (looked_up + np.pi) % (2 * np.pi) - np.pi
        else:
            looked_up = np.interp(wanted, self.place, at_records)
        return np.asarray(looked_up.reshape(len(self), len(pct)))

    def elapsed(self, pct: Floats) -> tuple[Floats, Floats]:
        """Seconds since the line at places of each lap, and by how much the lines disagree.

        LapDistPct lags the lap clock by much the same everywhere, so that is taken off. What the
        two still disagree by at a line is of that line alone: it is made up for beside it, and
        places away from the line are not moved.

        Returns:
            Elapsed time, shape (laps, places), 0 at the first line and the lap time at the
            second; lap time minus the time between both lines by LapDistPct, shape (laps,).
        """
        lines = self._session_time(np.array([0.0, 1.0]))
        lap_time = self.laps.get_column("lap_time_s").to_numpy()
        closure = lap_time - (lines[:, 1] - lines[:, 0])
        late = self._late(lines)
        begins = lines[:, :1] - late[:, :1]
        beside = np.clip(1.0 - np.array([pct, 1.0 - pct]) / _BESIDE_THE_LINE, 0.0, 1.0)
        made_up = late[:, :1] * beside[0] + late[:, 1:] * beside[1]
        elapsed = self._session_time(pct) - begins - made_up
        # The arithmetic above is exact to a picosecond; the ends are to be exact.
        elapsed[:, pct == 0.0] = 0.0
        elapsed[:, pct == 1.0] = lap_time[:, None]
        return elapsed, closure

    def _session_time(self, pct: Floats) -> Floats:
        """SessionTime at places of each lap; shape (laps, places).

        The car goes on evenly where the clock slips, so places are timed without the slips. Those
        that the clock had made by then are put back: LapDistPct shows the place that it was at
        before, so the clock may slip between its being there and its being seen there.
        """
        even = self.look_up(self.times - np.cumsum(self.slips), pct, Between.CONTINUOUS)
        at = np.flatnonzero(self.slips)
        if not len(at):
            return even
        gained = np.concatenate(([0.0], np.cumsum(self.slips[at])))
        slipped = self.times[at] - gained[1:]
        return even + gained[np.searchsorted(slipped, even - _USUAL_LAG_S, side="right")]

    def _late(self, lines: Floats) -> Floats:
        """How much later than usual LapDistPct passes each line; shape (laps, 2).

        Zero where the lap was not timed by the lap clock, which then says nothing.
        """
        clock = self.laps.select("start_session_time_s", "end_session_time_s").to_numpy()
        by_clock = self.laps.get_column("lap_time_method").eq_missing("clock").to_numpy()
        lag = lines - clock
        usual = float(np.median([*lag[by_clock].ravel(), _USUAL_LAG_S]))
        return np.asarray(np.where(by_clock[:, None], lag - usual, 0.0))

    def reaches(self, pct: float) -> NDArray[np.bool_]:
        """Of which laps the records go back to a place before the line; shape (laps,)."""
        lines = np.arange(len(self)) * APART
        first = np.searchsorted(self.place, lines - APART / 4)
        return np.asarray(self.place[first] <= lines + pct)


def unroll(samples: Samples, laps: pl.DataFrame, *, before: float = 0.0) -> Unrolled:
    """Unroll the laps that were driven from line to line.

    Args:
        samples: The file.
        laps: Its laps; those without a lap time are left out, as are those whose records do not
            reach from line to line, and the first of a race, which begins at the green flag.
        before: How much of the lap before each lap to have too, as far as there is any.
    """
    from_line = laps.get_column("begins_at").eq_missing("line")
    timed = laps.filter(laps.get_column("lap_time_s").is_not_null() & from_line)
    step = (np.diff(samples.pct) + 0.5) % 1 - 0.5
    not_in_world = np.asarray(samples.glitch)
    broken = (np.abs(step) > _LARGEST_STEP) | not_in_world[1:] | not_in_world[:-1]
    broken |= ~(np.diff(samples.time) > 0)  # not for NaN either
    # A damaged row is left out of the sum, so that it does not spoil the laps after it.
    way = np.concatenate(([0.0], np.cumsum(np.where(broken, 0.0, step)))) + samples.pct[0]
    breaks = np.flatnonzero(broken)
    kept: list[int] = []
    rows: list[Integers] = []
    positions: list[Floats] = []
    firsts = timed.get_column("first_record").to_numpy()
    counts = timed.get_column("record_count").to_numpy()
    for number, (first, count) in enumerate(zip(firsts, counts, strict=True)):
        part = _one(samples, way, breaks, (int(first), int(count)), before)
        if part is not None:
            positions.append(part[1] + len(kept) * APART)
            rows.append(part[0])
            kept.append(number)
    empty = np.empty(0)
    return Unrolled(
        laps=timed[kept],
        rows=np.concatenate(rows) if rows else empty.astype(np.int64),
        place=np.concatenate(positions) if positions else empty,
        times=samples.time,
        slips=_slips(samples),
    )


def _slips(samples: Samples) -> Floats:
    """By how much SessionTime gained on the physics at each record.

    A tick, where SessionTick rose by one and SessionTime by two; zero without SessionTick.
    """
    slips = np.zeros(len(samples.time))
    if samples.tick is None or len(slips) < 2:
        return slips
    step = np.diff(samples.time)
    tick = float(np.nanmedian(step))
    slipped = (np.diff(samples.tick) == 1) & (step > 1.5 * tick) & (step < 2.5 * tick)
    slips[1:][slipped] = step[slipped] - tick
    return slips


def _one(
    samples: Samples, way: Floats, breaks: Integers, lap: tuple[int, int], before: float
) -> tuple[Integers, Floats] | None:
    """Records and places of one lap; None where they do not reach from line to line."""
    first, count = lap
    last = first + count - 1
    at = int(np.searchsorted(breaks, first))
    earliest = int(breaks[at - 1]) + 1 if at else 0
    latest = int(breaks[at]) if at < len(breaks) else len(way) - 1
    start = way[first] - _beyond_line(float(samples.pct[first]))
    begin = first - 2
    if before > 0:
        # The way never falls much, so the first record beyond the place is near enough.
        begin = int(np.searchsorted(way[earliest:first], start - before)) + earliest - 1
    begin = max(begin, earliest)
    rows = np.arange(begin, min(last + _ROWS_BEYOND_THE_LINE, latest) + 1)
    position = way[rows] - start
    further = np.concatenate(([True], position[1:] > np.maximum.accumulate(position)[:-1]))
    rows, position = rows[further], position[further]
    if not len(rows) or latest < last or position[0] > 0.0 or position[-1] < 1.0:
        return None
    return rows, position


def _beyond_line(pct: float) -> float:
    """How far beyond the line a lap's first record is; below zero where it reads so."""
    return pct - 1.0 if pct > 0.5 else pct
