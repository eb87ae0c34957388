"""The corners of a track, found from how the car turned on many laps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import pi, radians
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis.samples import Floats, floats_of
from iracing_pipeline.tables.corners import CORNER_MAP
from iracing_pipeline.tables.traces import Between

if TYPE_CHECKING:
    from iracing_pipeline.analysis.track_grid import Grid
    from iracing_pipeline.analysis.unrolled import Unrolled

CHANNELS = ("Speed", "YawRate", "Lat", "Lon", "LatAccel")
"""The channels that are read here, where the file has them."""

TIGHT_PER_M = 1 / 400
"""A corner is where the curvature gets above this ..."""
STRAIGHT_PER_M = 1 / 1000
"""... and reaches as far as it stays above this."""
LEAST_TURN_RAD = radians(15.0)
"""A bend that turns less is part of a straight."""

# Where a bend is this much less tight than on either side, there are two.
_VALLEY = 0.5
_SEAM_SMOOTHING_M = 20.0
_SMOOTHING_M = 8.0
_DRIVING_MPS = 3.0
_TIGHTEST_PER_M = 1.0
# Lateral acceleration, the least exact source, is off by so much on banked tracks.
_LARGEST_TURN_ERROR_RAD = 1.5
# More laps make the median no better.
_MOST_LAPS = 50


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner.

    Attributes:
        number: From 1 after the line.
        start_pct: LapDistPct where it starts.
        apex_pct: Where the curve is tightest.
        end_pct: Where it ends; less than ``start_pct`` if the line lies in it.
        direction: 1 to the left, -1 to the right.
        turn_rad: How far it turns, positive.
        radius_m: Radius at the apex.
    """

    number: int
    start_pct: float
    apex_pct: float
    end_pct: float
    direction: int
    turn_rad: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class CornerMap:
    """The corners of a track configuration.

    Attributes:
        corners: In driving order; empty where the track has none.
        laps: Laps that they were found from.
        clean: Whether these were clean, and turn the car as a closed lap does.
        version: Version of the map.
    """

    corners: tuple[Corner, ...]
    laps: int
    clean: bool
    version: int = 1

    @classmethod
    def of_rows(cls, rows: pl.DataFrame) -> CornerMap | None:
        """The newest map among rows of ``racing.corner_map`` of one track; None without any."""
        newest = rows.filter(pl.col("version") == pl.col("version").max()).sort("corner")
        if newest.is_empty():
            return None
        first = newest.row(0, named=True)
        corners = tuple(
            Corner(
                number=row["corner"],
                start_pct=row["start_pct"],
                apex_pct=row["apex_pct"],
                end_pct=row["end_pct"],
                direction=1 if row["direction"] == "left" else -1,
                turn_rad=row["turn_rad"],
                radius_m=row["radius_m"],
            )
            for row in newest.rows(named=True)
        )
        return cls(corners, first["lap_count"], first["clean"], first["version"])

    def rows(self, grid: Grid, session_key: str) -> pl.DataFrame:
        """As rows of ``racing.corner_map``.

        Raises:
            ValueError: If the grid is of a track without an id, whose map cannot be kept.
        """
        if grid.track_id is None:
            raise ValueError("the corner map of a track without TrackID cannot be kept")
        rows: list[dict[str, Any]] = [
            {
                "track_id": grid.track_id,
                "version": self.version,
                "corner": corner.number,
                "start_pct": corner.start_pct,
                "apex_pct": corner.apex_pct,
                "end_pct": corner.end_pct,
                "start_m": corner.start_pct * grid.length_m,
                "apex_m": corner.apex_pct * grid.length_m,
                "end_m": corner.end_pct * grid.length_m,
                "direction": "left" if corner.direction > 0 else "right",
                "turn_rad": corner.turn_rad,
                "radius_m": corner.radius_m,
                "lap_count": self.laps,
                "clean": self.clean,
                "session_key": session_key,
            }
            for corner in self.corners
        ]
        return CORNER_MAP.frame(rows)


def find(records: pl.DataFrame, unrolled: Unrolled, grid: Grid) -> CornerMap | None:
    """Find the corners of a track from the laps of one file.

    From clean laps, or, where there are none, from all that were driven from line to line: the
    median over laps hides what went wrong in one of them.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.
        unrolled: Its laps.
        grid: The grid of the track.

    Returns:
        The map; None without laps, or without a channel for the turning of the car.
    """
    fine = grid.fine
    curvature = _curvature(records, unrolled, fine)
    if curvature is None or not len(unrolled):
        return None
    # One damaged record would spread over the lap in the smoothing.
    curvature = np.clip(np.nan_to_num(curvature, nan=0.0), -_TIGHTEST_PER_M, _TIGHTEST_PER_M)
    clean = unrolled.laps.get_column("clean").to_numpy()
    chosen = np.flatnonzero(clean) if clean.any() else np.arange(len(unrolled))
    chosen = chosen[:_MOST_LAPS]
    typical = _smooth_round(np.median(curvature[chosen], axis=0), _SMOOTHING_M / fine.step_m)
    bends = _bends(typical, fine.step_m)
    bends.sort(key=lambda bend: bend.apex)
    corners = tuple(
        Corner(
            number=number,
            start_pct=bend.first % fine.intervals / fine.intervals,
            apex_pct=bend.apex / fine.intervals,
            end_pct=bend.last % fine.intervals / fine.intervals,
            direction=1 if bend.turn > 0 else -1,
            turn_rad=abs(bend.turn),
            radius_m=1.0 / abs(float(typical[bend.apex])),
        )
        for number, bend in enumerate(bends, start=1)
    )
    round_once = _turns_right_round(float(typical.sum() * fine.step_m))
    return CornerMap(corners, len(chosen), bool(clean.any()) and round_once)


def _turns_right_round(turn_rad: float) -> bool:
    """Whether a lap turns the car as a closed lap does: once round, or not at all in an eight."""
    turns = round(turn_rad / (2 * pi))
    return abs(turns) <= 1 and abs(turn_rad - turns * 2 * pi) < _LARGEST_TURN_ERROR_RAD


def is_better(new: CornerMap, kept: CornerMap) -> bool:
    """Whether a new map is to replace the kept one: only if that was found without clean laps."""
    return new.clean and not kept.clean


def _curvature(records: pl.DataFrame, unrolled: Unrolled, fine: Grid) -> Floats | None:
    """Curvature in 1/m, positive to the left, at each point but the last; (laps, intervals).

    Of the first that the file has: yaw rate over speed, the course by position, lateral
    acceleration over speed squared.
    """
    names = ("Speed", "YawRate", "Lat", "Lon", "LatAccel")
    speed, yaw_rate, latitude, longitude, lateral = (floats_of(records, name) for name in names)
    pct = fine.pct[:-1]
    if speed is not None and yaw_rate is not None:
        moving = np.maximum(speed, _DRIVING_MPS)
        return unrolled.look_up(yaw_rate / moving, pct, Between.CONTINUOUS)
    if latitude is not None and longitude is not None and fine.origin is not None:
        return _course_change(unrolled, fine, latitude, longitude)
    if speed is not None and lateral is not None:
        moving = np.maximum(speed, _DRIVING_MPS)
        return unrolled.look_up(lateral / moving**2, pct, Between.CONTINUOUS)
    return None


def _course_change(unrolled: Unrolled, fine: Grid, latitude: Floats, longitude: Floats) -> Floats:
    pct = np.arange(-2, fine.intervals + 2) / fine.intervals
    east, north = (
        unrolled.look_up(values, pct, Between.CONTINUOUS)
        for values in fine.metres(latitude, longitude)
    )
    course = np.unwrap(np.arctan2(np.diff(north, axis=1), np.diff(east, axis=1)), axis=1)
    way = np.hypot(np.diff(north, axis=1), np.diff(east, axis=1))
    change = np.diff(course, axis=1) / np.maximum((way[:, 1:] + way[:, :-1]) / 2, 0.1)
    return np.asarray(change[:, 1 : fine.intervals + 1])


@dataclass(frozen=True, slots=True)
class _Bend:
    """Points of a bend on the closed grid: first to last, which may lie beyond the lap's end."""

    first: int
    last: int
    apex: int
    turn: float


def _bends(curvature: Floats, step_m: float) -> list[_Bend]:
    """Bends of a closed lap, in no special order."""
    count = len(curvature)
    # Begin on the straightest part, so that no bend lies across the seam.
    seam = int(np.argmin(_smooth_round(np.abs(curvature), _SEAM_SMOOTHING_M / step_m)))
    rolled = np.roll(curvature, -seam)
    side = np.where(np.abs(rolled) > STRAIGHT_PER_M, np.sign(rolled), 0.0)
    edges = np.flatnonzero(np.diff(side, prepend=np.nan, append=np.nan))
    bends = []
    for run in pairwise(edges.tolist()):
        for first, after in _split(np.abs(rolled), *run) if side[run[0]] else ():
            part = rolled[first:after]
            turn = float(part.sum() * step_m)
            if np.abs(part).max() < TIGHT_PER_M or abs(turn) < LEAST_TURN_RAD:
                continue
            apex = first + int(np.argmax(np.abs(part)))
            start = (first + seam) % count
            bends.append(_Bend(start, start + after - first, (apex + seam) % count, turn))
    return bends


def _split(bend: Floats, first: int, after: int) -> list[tuple[int, int]]:
    """A run of one side, cut where it is less than half as tight as on both sides of there.

    On a short oval the car turns all the way round, but it turns little on the straights.
    """
    part = bend[first:after]
    tighter_before = np.maximum.accumulate(part)
    tighter_after = np.maximum.accumulate(part[::-1])[::-1]
    lesser = np.minimum(tighter_before, tighter_after)
    if after - first == len(bend):  # all round the lap: its two ends meet on the straightest part
        lesser[:] = part.max()
    loose = part < _VALLEY * lesser
    edges = np.flatnonzero(np.diff(loose, prepend=True, append=True))
    return [(first + int(a), first + int(b)) for a, b in edges.reshape(-1, 2)]


def _smooth_round(values: Floats, width: float) -> Floats:
    """Smooth values round a closed lap with a Gaussian whose sigma is ``width`` points."""
    window = np.exp(-2 * (np.pi * width * np.fft.rfftfreq(len(values))) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(values) * window, len(values)))
