"""Evidence for the length and the corners of a track, and the choice between sessions.

The grid and the corner map of a track are kept for all sessions to come, so no single number of a
file makes them. Four sources tell the length of a lap: LapDist over LapDistPct, the integral of
Speed, the path by position, and TrackLength. A length is believed when at least two agree, and of
two sessions the one is believed that more sessions agree with.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis.samples import Flags, Floats, Samples, floats_of
from iracing_pipeline.tables.bounds import SPEED, TRACK_LENGTH
from iracing_pipeline.tables.traces import TRACK_MEASUREMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    import polars as pl

    from iracing_pipeline.analysis.corner_map import CornerMap
    from iracing_pipeline.analysis.track_grid import Grid

CHANNELS = ("LapDist", "LapDistPct", "Speed", "Lat", "Lon", "SessionTime")
"""The channels that are read here, where the file has them."""

SOURCES_AGREE = 0.1
"""Largest difference of two sources in one file: a line is up to 5 % from the middle of the road,
and old files round TrackLength to ten metres."""
SESSIONS_AGREE = 0.005
"""Largest difference of the length in two sessions; more is a rebuilt or another track."""
APEX_AGREES = 0.015
"""Of the lap: how far apart an apex may lie in two sessions."""
CORNERS_AGREE = 0.6
"""Share of the corners of two maps that must lie in the same places."""

_LEAST_DRIVEN = 0.1  # of a lap
_LARGEST_STEP = 0.02  # of the lap, from record to record
_LONGEST_STEP_S = 1.0
_DEGREE_M = 111_195.0
_NEAR_M = 3_000.0


@dataclass(frozen=True, slots=True)
class Lengths:
    """The length of the lap in metres by each source; None where the file does not tell.

    Attributes:
        lap_dist_m: Median of LapDist / LapDistPct.
        driven_m: Integral of Speed over the share of the lap that was driven.
        path_m: Path by position over the same.
        declared_m: TrackLength.
    """

    lap_dist_m: float | None = None
    driven_m: float | None = None
    path_m: float | None = None
    declared_m: float | None = None

    @property
    def believed(self) -> tuple[float, int] | None:
        """The length and its witnesses; None without a source.

        The length is the one that most sources agree with, where a path that was driven counts
        twice; of equals the most exact one. Its witnesses are the other sources that agree with it,
        less the driven paths that contradict it.
        """
        weighted = (
            (self.lap_dist_m, 1),
            (self.declared_m, 1),
            (self.path_m, 2),
            (self.driven_m, 2),
        )
        given = [(length, weight) for length, weight in weighted if length is not None]
        if not given:
            return None
        best = max(
            (length for length, _ in given),
            key=lambda length: sum(weight for other, weight in given if _agree(length, other)),
        )
        agreeing = sum(_agree(best, other) for other, _ in given) - 1
        driven = (self.path_m, self.driven_m)
        against = sum(other is not None and not _agree(best, other) for other in driven)
        return best, max(agreeing - against, 0)


def lengths(records: pl.DataFrame, samples: Samples, declared_m: float | None) -> Lengths:
    """Measure the lap by everything that a file has.

    Args:
        records: Its records, with those of :data:`CHANNELS` that it has.
        samples: The same as arrays.
        declared_m: TrackLength.
    """
    share, good = _driven(samples)
    driven = path = None
    if share.sum() > _LEAST_DRIVEN:
        driven = _length(_by_speed(samples), share, good)
        path = _length(_by_position(records), share, good)
    return Lengths(_by_lap_dist(records), driven, path, _possible(declared_m))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Length and corners of a track by one session.

    Attributes:
        session_key: The session.
        length_m: Length of the lap.
        witnesses: Other sources that agree with it, less paths that contradict it.
        place: Latitude and longitude of the middle of what was driven; None without positions.
        apexes: LapDistPct of the apexes of its corners; None where no clean lap shows them.
    """

    session_key: str
    length_m: float
    witnesses: int
    place: tuple[float, float] | None = None
    apexes: tuple[float, ...] | None = None

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Measurement:
        """The measurement in a row of ``racing.track_measurement``."""
        latitude, longitude = row["latitude_deg"], row["longitude_deg"]
        apexes = row["apex_pct"]
        return cls(
            row["session_key"],
            row["length_m"],
            row["witness_count"],
            None if latitude is None or longitude is None else (latitude, longitude),
            None if apexes is None else tuple(apexes),
        )

    def same_lap(self, other: Measurement) -> bool:
        """Whether both were driven on the same track, by its length and where it lies."""
        if abs(self.length_m / other.length_m - 1) > SESSIONS_AGREE:
            return False
        if self.place is None or other.place is None:
            return True
        north = (self.place[0] - other.place[0]) * _DEGREE_M
        east = (self.place[1] - other.place[1]) * _DEGREE_M * cos(radians(self.place[0]))
        return hypot(north, east) < max(_NEAR_M, other.length_m / 2)

    def same_corners(self, other: Measurement) -> bool:
        """Whether both found most corners in the same places."""
        if self.apexes is None or other.apexes is None:
            return False
        return agreement(self.apexes, other.apexes) >= CORNERS_AGREE


def agreement(first: Sequence[float], second: Sequence[float]) -> float:
    """Share of the corners of two maps that lie in the same places, from 0 to 1."""
    if not first and not second:
        return 1.0
    pairs = np.abs(np.asarray(first)[:, None] - np.asarray(second)[None, :])
    near = np.minimum(pairs, 1.0 - pairs) < APEX_AGREES
    common = min(near.any(axis=0).sum(), near.any(axis=1).sum()) if near.size else 0
    return float(2 * common / (len(first) + len(second)))


def is_believed(new: Measurement, kept: Measurement, others: Iterable[Measurement]) -> bool:
    """Return whether the grid of a session replaces the kept one.

    Only where both contradict each other, and more sessions agree with the new one; of as many,
    if more sources of its file do.

    Args:
        new: The session.
        kept: The one that the kept grid is of.
        others: All other sessions of the track.
    """
    if not new.witnesses or new.same_lap(kept):
        return False
    witnesses = _beside(new, kept, others)
    for_new = sum(new.same_lap(each) for each in witnesses)
    for_kept = sum(kept.same_lap(each) for each in witnesses)
    return (for_new, new.witnesses) > (for_kept, kept.witnesses)


def corners_are_believed(
    new: Measurement, kept: Measurement, others: Iterable[Measurement]
) -> bool:
    """Return whether the corners of a session replace the kept ones: if more sessions agree."""
    if not new.witnesses or new.apexes is None or new.same_corners(kept):
        return False
    witnesses = [each for each in _beside(new, kept, others) if new.same_lap(each)]
    for_new = sum(new.same_corners(each) for each in witnesses)
    return for_new > sum(kept.same_corners(each) for each in witnesses)


def _beside(
    new: Measurement, kept: Measurement, others: Iterable[Measurement]
) -> list[Measurement]:
    """The sessions that can decide between two others."""
    both = (new.session_key, kept.session_key)
    return [each for each in others if each.witnesses and each.session_key not in both]


def track_measurement(
    grid: Grid, measured: Lengths, corners: CornerMap | None, session_key: str
) -> pl.DataFrame:
    """A measurement as a row of ``racing.track_measurement``; none of a track without an id.

    Args:
        grid: The grid that the session makes by itself.
        measured: The lengths.
        corners: The corners that it makes by itself; None where they are no evidence.
        session_key: The session.
    """
    believed = measured.believed
    if grid.track_id is None or believed is None:
        return TRACK_MEASUREMENT.frame()
    latitude, longitude = grid.origin or (None, None)
    row = {
        "session_key": session_key,
        "track_id": grid.track_id,
        "length_m": grid.length_m,
        "witness_count": believed[1],
        "lap_dist_m": measured.lap_dist_m,
        "driven_m": measured.driven_m,
        "path_m": measured.path_m,
        "declared_m": measured.declared_m,
        "latitude_deg": latitude,
        "longitude_deg": longitude,
        "apex_pct": None if corners is None else [each.apex_pct for each in corners.corners],
    }
    return TRACK_MEASUREMENT.frame([row])


def _agree(first: float, second: float) -> bool:
    return abs(first / second - 1) < SOURCES_AGREE


def _possible(length: float | None) -> float | None:
    if length is None or not TRACK_LENGTH.lower < length < TRACK_LENGTH.upper:
        return None
    return length


def _driven(samples: Samples) -> tuple[Floats, Flags]:
    """Share of the lap from each record to the next, and between which the car drove on."""
    with np.errstate(invalid="ignore", over="ignore"):
        step = (np.diff(samples.pct) + 0.5) % 1 - 0.5
        passed = np.diff(samples.time)
    damaged = np.asarray(samples.glitch)
    good = (step > 0) & (step < _LARGEST_STEP) & (passed > 0) & (passed < _LONGEST_STEP_S)
    good &= ~(damaged[1:] | damaged[:-1])
    return np.where(good, step, 0.0), good


def _length(metres: Floats | None, share: Floats, good: Flags) -> float | None:
    """Metres for a whole lap, of the steps that are known."""
    if metres is None:
        return None
    valid = good & (metres >= 0) & (metres < SPEED.upper)
    driven = share[valid].sum()
    if driven < _LEAST_DRIVEN:
        return None
    return _possible(round(float(metres[valid].sum() / driven), 2))


def _by_speed(samples: Samples) -> Floats | None:
    if samples.speed is None:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        return (samples.speed[1:] + samples.speed[:-1]) / 2 * np.diff(samples.time)


def _by_position(records: pl.DataFrame) -> Floats | None:
    latitude, longitude = floats_of(records, "Lat"), floats_of(records, "Lon")
    if latitude is None or longitude is None:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        parallel = np.cos(np.radians(latitude[1:]))
        return np.hypot(np.diff(latitude), np.diff(longitude) * parallel) * _DEGREE_M


_FAR_FROM_LINE = 0.2


def _by_lap_dist(records: pl.DataFrame) -> float | None:
    # LapDist and LapDistPct are float32: their ratio is good where both are far from zero.
    distance, pct = floats_of(records, "LapDist"), floats_of(records, "LapDistPct")
    if distance is None or pct is None:
        return None
    far = (pct > _FAR_FROM_LINE) & (pct <= 1.0) & (distance > 0) & (distance < TRACK_LENGTH.upper)
    return _possible(round(float(np.median(distance[far] / pct[far])), 2)) if far.any() else None
