"""A circuit as a curve: curvature by distance, from straights and bends that close."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.demo.arrays import Floats


NODE_SPACING_M = 3.0
"""Distance between grid nodes, near enough: a lap has a whole number of them."""

_EARTH_RADIUS_M = 6_371_008.8

_SHOULDER = 0.88  # curvature at the ends of the arc, as a fraction of that at the apex


@dataclass(frozen=True, slots=True)
class Straight:
    """A straight; one of length None takes the length that closes the circuit."""

    length_m: float | None


@dataclass(frozen=True, slots=True)
class Bend:
    """A bend: a clothoid in, an arc that is tightest at its middle, a clothoid out.

    Attributes:
        name: Name of the corner.
        radius_m: Radius at the apex.
        angle_deg: How far it turns; positive to the left.
        easing_m: Length of the clothoid at either end.
        bank_deg: Banking towards the inside between the clothoids.
    """

    name: str
    radius_m: float
    angle_deg: float
    easing_m: float = 25.0
    bank_deg: float = 0.0

    @property
    def breakpoints(self) -> tuple[tuple[float, float], ...]:
        """Metres from its start, and the curvature there in 1/m (positive to the left)."""
        turn = math.radians(abs(self.angle_deg)) * self.radius_m
        easing = min(self.easing_m, turn / _SHOULDER)
        arc = (turn - _SHOULDER * easing) / (0.5 + 0.5 * _SHOULDER)
        apex = math.copysign(1.0 / self.radius_m, self.angle_deg)
        return (
            (easing, _SHOULDER * apex),
            (easing + arc / 2, apex),
            (easing + arc, _SHOULDER * apex),
            (2 * easing + arc, 0.0),
        )

    @property
    def length_m(self) -> float:
        """From where the road begins to bend to where it is straight again."""
        return self.breakpoints[-1][0]


@dataclass(frozen=True, slots=True)
class Corner:
    """Position of a corner, in metres from the line; snapped to grid nodes."""

    name: str
    start_m: float
    apex_m: float
    end_m: float
    direction: int
    radius_m: float


@dataclass(frozen=True, slots=True)
class PitLane:
    """The pit lane, by distance from the line alongside the track.

    ``entry_m`` to ``exit_m`` is pit road (between the cones), over the line where exit < entry.
    """

    entry_m: float
    stall_m: float
    exit_m: float
    speed_limit_mps: float
    offset_m: float


@dataclass(frozen=True, slots=True)
class Place:
    """The track as in iRacing's session info."""

    track_id: int
    path: str
    name: str
    config: str
    city: str
    country: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    north_offset_rad: float
    kind: str
    turns: int
    category: str


@dataclass(frozen=True)
class Circuit:
    """A closed circuit.

    Attributes:
        place: Names, identity and position.
        segments: Straights and bends in driving order, from the line; exactly two straights of
            length None, which are not parallel, take the lengths that close the curve.
        heading_deg: Direction at the line, counter-clockwise from east.
        width_m: Width of the track.
        hills: Elevation as a sum of waves round the lap: amplitude in metres, waves a lap, phase
            in radians.
        pit: The pit lane.
        sector_starts: Fraction of the lap at which each sector starts, from 0.0.
    """

    place: Place
    segments: tuple[Straight | Bend, ...]
    heading_deg: float
    width_m: float
    hills: tuple[tuple[float, int, float], ...]
    pit: PitLane
    sector_starts: tuple[float, ...]

    @cached_property
    def _lengths(self) -> tuple[float, ...]:
        return _closing_lengths(self.segments)

    @cached_property
    def length_m(self) -> float:
        """Length of the lap."""
        return float(sum(self._lengths))

    @cached_property
    def nodes(self) -> int:
        """Grid nodes a lap; node 0 lies on the line."""
        return round(self.length_m / NODE_SPACING_M)

    @property
    def spacing_m(self) -> float:
        """Exact distance between grid nodes."""
        return self.length_m / self.nodes

    def node(self, distance_m: float) -> int:
        """Grid node nearest to a distance from the line."""
        return round(distance_m / self.spacing_m)

    @cached_property
    def curvature(self) -> Floats:
        """Curvature at each node in 1/m, positive to the left; shape (nodes,)."""
        at, value = _curvature_breakpoints(self.segments, self._lengths)
        return np.interp(self._grid, at, value)

    @cached_property
    def bank(self) -> Floats:
        """Banking towards the inside at each node in radians; shape (nodes,)."""
        at, value = _curvature_breakpoints(self.segments, self._lengths)
        banks = [s.bank_deg for s in self.segments if isinstance(s, Bend)]
        tilt = np.zeros_like(value)
        tilt[value != 0] = np.repeat(np.radians(banks), 3)
        return np.interp(self._grid, at, tilt)

    @cached_property
    def elevation(self) -> Floats:
        """Height over the line at each node in metres; shape (nodes,)."""
        angle = 2 * np.pi * self._grid / self.length_m
        height = sum((a * np.sin(k * angle + p) for a, k, p in self.hills), np.zeros(self.nodes))
        return np.asarray(height - height[0])

    @cached_property
    def grade(self) -> Floats:
        """Climb per metre driven at each node; shape (nodes,)."""
        rise: Floats = np.roll(self.elevation, -1) - np.roll(self.elevation, 1)
        return rise / (2 * self.spacing_m)

    @cached_property
    def heading(self) -> Floats:
        """Direction at each node in radians, counter-clockwise from east; shape (nodes,)."""
        at, value = _curvature_breakpoints(self.segments, self._lengths)
        fine, angle = _integrate_heading(at, value)
        return math.radians(self.heading_deg) + np.interp(self._grid, fine, angle)

    @cached_property
    def position(self) -> tuple[Floats, Floats]:
        """Metres east and north of the line at each node; two of shape (nodes,)."""
        at, value = _curvature_breakpoints(self.segments, self._lengths)
        fine, angle = _integrate_heading(at, value)
        x, y = _integrate_position(fine, angle + math.radians(self.heading_deg))
        return np.interp(self._grid, fine, x), np.interp(self._grid, fine, y)

    @cached_property
    def racing_line(self) -> Floats:
        """Offset of the driven line from the centre, metres to the left; shape (nodes,).

        Inside at the apex, outside before and after it.
        """
        bend = np.sign(self.curvature) * np.sqrt(np.abs(self.curvature))
        inside = _smooth_round(bend, 25.0 / self.spacing_m)
        outside = _smooth_round(bend, 90.0 / self.spacing_m)
        line = inside - 0.9 * outside
        half = self.width_m / 2 - 1.2
        return np.asarray(line / np.max(np.abs(line)) * half)

    @cached_property
    def corners(self) -> tuple[Corner, ...]:
        """Corners in driving order."""
        corners = []
        start = 0.0
        for segment, length in zip(self.segments, self._lengths, strict=True):
            if isinstance(segment, Bend):
                corner = Corner(
                    name=segment.name,
                    start_m=self.node(start) * self.spacing_m,
                    apex_m=self.node(start + length / 2) * self.spacing_m,
                    end_m=self.node(start + length) * self.spacing_m,
                    direction=1 if segment.angle_deg > 0 else -1,
                    radius_m=segment.radius_m,
                )
                corners.append(corner)
            start += length
        return tuple(corners)

    def lat_lon(self, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude in degrees of positions in metres from the line."""
        metres_a_degree = math.radians(_EARTH_RADIUS_M)
        parallel = metres_a_degree * math.cos(math.radians(self.place.latitude_deg))
        latitude = self.place.latitude_deg + north_m / metres_a_degree
        return latitude, self.place.longitude_deg + east_m / parallel

    @cached_property
    def _grid(self) -> Floats:
        return np.arange(self.nodes, dtype=np.float64) * self.spacing_m


def _closing_lengths(segments: Sequence[Straight | Bend]) -> tuple[float, ...]:
    """Lengths of all segments, the two free straights solved so that the end meets the start.

    A straight only moves what follows it along its own direction, so the two unknown lengths are
    the solution of two linear equations.
    """
    turned = sum(s.angle_deg for s in segments if isinstance(s, Bend))
    if not math.isclose(abs(turned), 360.0):
        raise ValueError(f"the bends turn by {turned:g} degrees, a circuit by 360")
    lengths = [s.length_m or 0.0 for s in segments]  # nothing yet where it is free
    free = [i for i, s in enumerate(segments) if s.length_m is None]
    at, value = _curvature_breakpoints(segments, lengths)
    fine, angle = _integrate_heading(at, value)
    x, y = _integrate_position(fine, angle)
    starts = np.cumsum([0.0, *lengths])
    directions = [float(np.interp(starts[i], fine, angle)) for i in free]
    along = np.array([np.cos(directions), np.sin(directions)])
    solved = np.linalg.solve(along, [-x[-1], -y[-1]])
    if solved.min() <= 0:
        raise ValueError(f"the free straights would need {solved[0]:.0f} and {solved[1]:.0f} m")
    for i, length in zip(free, solved, strict=True):
        lengths[i] = float(length)
    return tuple(lengths)


def _curvature_breakpoints(
    segments: Sequence[Straight | Bend], lengths: Sequence[float]
) -> tuple[Floats, Floats]:
    """Distances at which curvature changes its slope, and the curvature there."""
    at, value = [0.0], [0.0]
    for segment, length in zip(segments, lengths, strict=True):
        start = at[-1]
        if isinstance(segment, Bend):
            at += [start + along for along, _ in segment.breakpoints]
            value += [curvature for _, curvature in segment.breakpoints]
        else:
            at.append(start + length)
            value.append(0.0)
    return np.array(at), np.array(value)


def _integrate_heading(at: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Heading on a fine grid that holds every breakpoint; exact for linear curvature."""
    fine = np.unique(np.concatenate([np.arange(0.0, at[-1], 0.25), at]))
    curvature = np.interp(fine, at, value)
    steps = np.diff(fine) * (curvature[1:] + curvature[:-1]) / 2
    return fine, np.concatenate([[0.0], np.cumsum(steps)])


def _integrate_position(fine: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """East and north along a curve of given heading (midpoint rule)."""
    step = np.diff(fine)
    middle = (angle[1:] + angle[:-1]) / 2
    x = np.concatenate([[0.0], np.cumsum(step * np.cos(middle))])
    y = np.concatenate([[0.0], np.cumsum(step * np.sin(middle))])
    return x, y


def _smooth_round(values: Floats, width: float) -> Floats:
    """Smooth values round a closed lap with a Gaussian of ``width`` nodes."""
    frequency = np.fft.rfftfreq(len(values))
    window = np.exp(-2 * (np.pi * width * frequency) ** 2)
    return np.fft.irfft(np.fft.rfft(values) * window, len(values))
