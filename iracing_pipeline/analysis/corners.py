"""Figures of each lap in each corner, and the time lost there to another lap.

Everything is read off a grid of two metres at most. The way into a corner begins where the
corner before it ends, but not further back than :data:`WAY_IN_M`; for the first corner that may
be before the line, in the lap before.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import dampers
from iracing_pipeline.analysis.samples import Flags, Floats, every_sample, floats_of
from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.analysis.unrolled import APART
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.traces import Between

if TYPE_CHECKING:
    from iracing_pipeline.analysis.corner_map import Corner, CornerMap
    from iracing_pipeline.analysis.track_grid import Grid
    from iracing_pipeline.analysis.unrolled import Unrolled

WHEEL_SPEEDS = ("LFspeed", "RFspeed", "LRspeed", "RRspeed")

CHANNELS = ("Speed", "Throttle", "Brake", "SteeringWheelAngle", "BrakeABSactive", *WHEEL_SPEEDS)
"""The channels that are read here, where the file has them."""

WAY_IN_M = 400.0
"""No car brakes longer than this."""

PEDAL_OFF = 0.05
THROTTLE_ON = 0.20
BRAKING = 0.10
TURN_IN = 0.25
"""Share of the peak steering angle of the corner at which the car turns in."""
SLIP = 0.15
_LEAST_STEERING_RAD = 0.05
_ROLLING_MPS = 5.0


def lap_corners(
    records: pl.DataFrame,
    unrolled: Unrolled,
    grid: Grid,
    corners: CornerMap,
    *,
    tick_rate_hz: int = 60,
) -> pl.DataFrame:
    """Measure each lap in each corner, as rows of ``racing.lap_corner``.

    Args:
        records: All records of the file, with those of :data:`CHANNELS` that it has.
        unrolled: Its laps, each with half of the lap before, where the first corner may begin.
        grid: The grid of the track.
        corners: Its corners.
        tick_rate_hz: Records a second.
    """
    if not len(unrolled) or not corners.corners:
        return LAP_CORNER.frame()
    in_corner, on_straight = _times(unrolled, corners)
    drive = _Drive.of(records, unrolled, grid)
    shocks = dampers.fastest(records)
    frames = []
    for index, corner in enumerate(corners.corners):
        bounds = _place(corner, corners.corners[index - 1], grid)
        frames.append(
            unrolled.laps.select(LAP_KEY).with_columns(
                pl.lit(corner.number, pl.Int16).alias("corner"),
                pl.lit(grid.track_id, pl.Int32).alias("track_id"),
                pl.lit(corners.version, pl.Int16).alias("map_version"),
                pl.Series("time_s", in_corner[:, index]),
                pl.Series("straight_s", on_straight[:, index]),
                *_metrics(drive, bounds, corner.direction, grid.fine.step_m),
                *_shocks(shocks, unrolled, corner, tick_rate_hz),
                pl.lit(
                    None if drive.wheel_samples is None else drive.wheel_samples * tick_rate_hz,
                    pl.Int32,
                ).alias("wheel_rate_hz"),
            )
        )
    return pl.concat(frames).select(LAP_CORNER.names).sort([*LAP_KEY, "corner"])


def _shocks(
    shocks: tuple[Floats, int] | None, unrolled: Unrolled, corner: Corner, tick_rate_hz: int
) -> tuple[pl.Series, pl.Series]:
    """The fastest damper of each lap from the corner's start to its end, and the samples behind."""
    laps = len(unrolled)
    if shocks is None:
        return (
            pl.Series("peak_shock_mps", [None] * laps, pl.Float64),
            pl.Series("shock_rate_hz", [None] * laps, pl.Int32),
        )
    values, samples = shocks
    start = corner.start_pct - (corner.end_pct < corner.start_pct)
    peaks: list[float | None] = []
    for lap in range(laps):
        first, after = np.searchsorted(
            unrolled.place, [lap * APART + start, lap * APART + corner.end_pct]
        )
        inside = values[unrolled.rows[first:after]]
        peaks.append(float(inside.max()) if len(inside) else None)
    return (
        pl.Series("peak_shock_mps", peaks, pl.Float64),
        pl.Series("shock_rate_hz", [samples * tick_rate_hz] * laps, pl.Int32),
    )


def _times(unrolled: Unrolled, corners: CornerMap) -> tuple[Floats, Floats]:
    """Seconds in each corner and on the straight after it; two of shape (laps, corners).

    The lap is cut at every boundary and each piece given to what it is part of, so that nothing
    is counted twice: the last straight, or a corner that the line lies in, has two pieces.
    """
    each = corners.corners
    edges = np.unique([0.0, 1.0, *(c.start_pct for c in each), *(c.end_pct for c in each)])
    elapsed, _ = unrolled.elapsed(edges)
    in_corner = np.zeros((len(unrolled), len(each)))
    on_straight = np.zeros_like(in_corner)
    for piece, (begin, end) in enumerate(pairwise(edges.tolist())):
        middle, seconds = (begin + end) / 2, elapsed[:, piece + 1] - elapsed[:, piece]
        inside = [i for i, corner in enumerate(each) if _contains(corner, middle)]
        if inside:
            in_corner[:, inside[0]] += seconds
        else:
            before = min(range(len(each)), key=lambda i: (middle - each[i].end_pct) % 1.0)
            on_straight[:, before] += seconds
    return in_corner, on_straight


def _contains(corner: Corner, pct: float) -> bool:
    return (pct - corner.start_pct) % 1.0 < (corner.end_pct - corner.start_pct) % 1.0


@dataclass(frozen=True)
class _Wheels:
    """Wheel speeds, one value a record; all None where the file lacks one of them.

    Attributes:
        samples: Samples a record.
        slowest: Slowest wheel (m/s), at one sample a record.
        fastest_driven: Faster rear wheel (m/s), at one sample a record.
        locked: Share of the record's samples in which a wheel is :data:`SLIP` slower than the
            car, at several samples a record.
        spinning: Share in which a rear wheel is as much faster.
    """

    samples: int | None = None
    slowest: Floats | None = None
    fastest_driven: Floats | None = None
    locked: Floats | None = None
    spinning: Floats | None = None

    @classmethod
    def of(cls, records: pl.DataFrame) -> _Wheels:
        every = [every_sample(records, name) for name in WHEEL_SPEEDS]
        speeds = [wheel for wheel in every if wheel is not None]
        if len(speeds) < len(WHEEL_SPEEDS):
            return cls()
        speed = floats_of(records, "Speed")
        samples = min(wheel.shape[1] for wheel in speeds)
        if samples == 1 or speed is None or any(wheel.shape[1] != samples for wheel in speeds):
            now = [wheel[:, -1] for wheel in speeds]
            return cls(1, np.min(now, axis=0), np.max(now[2:], axis=0))
        # The car's own speed has one value a record: it is on its way from the one before.
        before = np.concatenate([speed[:1], speed[:-1]])[:, None]
        with np.errstate(over="ignore", invalid="ignore"):  # of damaged records
            car = before + (speed[:, None] - before) * np.arange(1, samples + 1) / samples
        return cls(
            samples,
            locked=(np.min(speeds, axis=0) < (1 - SLIP) * car).mean(axis=1),
            spinning=(np.max(speeds[2:], axis=0) > (1 + SLIP) * car).mean(axis=1),
        )


@dataclass(frozen=True)
class _Drive:
    """Channels on the fine grid, from ``first`` points before the line; (laps, points) each."""

    first: int
    known_from: Flags
    clock: Floats
    speed: Floats | None
    throttle: Floats | None
    brake: Floats | None
    steering: Floats | None
    abs_active: Floats | None
    slowest_wheel: Floats | None
    fastest_driven: Floats | None
    locked: Floats | None
    spinning: Floats | None
    wheel_samples: int | None

    @classmethod
    def of(cls, records: pl.DataFrame, unrolled: Unrolled, grid: Grid) -> _Drive:
        fine = grid.fine
        first = int(min(0.5, WAY_IN_M / grid.length_m + 0.01) * fine.intervals)
        pct = np.arange(-first, fine.intervals + 1) / fine.intervals
        flags = records.with_columns(pl.col(pl.Boolean).cast(pl.Int8))

        def seen(values: Floats | None, between: Between = Between.CONTINUOUS) -> Floats | None:
            return None if values is None else unrolled.look_up(values, pct, between)

        wheels = _Wheels.of(records)
        return cls(
            first=first,
            known_from=unrolled.reaches(float(pct[0])),
            clock=unrolled.look_up(unrolled.times, pct, Between.CONTINUOUS),
            speed=seen(floats_of(records, "Speed")),
            throttle=seen(floats_of(records, "Throttle")),
            brake=seen(floats_of(records, "Brake")),
            steering=seen(floats_of(records, "SteeringWheelAngle")),
            abs_active=seen(floats_of(flags, "BrakeABSactive"), Between.DISCRETE),
            slowest_wheel=seen(wheels.slowest),
            fastest_driven=seen(wheels.fastest_driven),
            locked=seen(wheels.locked),
            spinning=seen(wheels.spinning),
            wheel_samples=wheels.samples,
        )

    def part(self, first: int, last: int) -> _Drive:
        """The points from one to another, both included, counted from the line."""
        cut = slice(self.first + first, self.first + last + 1)
        whole = {"first", "known_from", "wheel_samples"}
        names = [field.name for field in fields(self) if field.name not in whole]
        arrays: dict[str, Any] = {name: getattr(self, name) for name in names}
        for name, array in arrays.items():
            arrays[name] = None if array is None else array[:, cut]
        return replace(self, **arrays)


@dataclass(frozen=True, slots=True)
class _Place:
    """Points of a corner on the fine grid, from the line; before it they are below zero."""

    way_in: int
    start: int
    end: int


def _place(corner: Corner, before: Corner, grid: Grid) -> _Place:
    fine = grid.fine
    start, end = corner.start_pct, corner.end_pct
    if end < start:
        start -= 1.0
    since = (corner.start_pct - before.end_pct) % 1.0
    longest = WAY_IN_M / grid.length_m
    way_in = start - min(since if since > 0 else longest, longest)
    lowest = -int(min(0.5, longest + 0.01) * fine.intervals)
    at = [max(round(pct * fine.intervals), lowest) for pct in (way_in, start, end)]
    return _Place(*at)


def _metrics(drive: _Drive, bounds: _Place, direction: int, step_m: float) -> list[pl.Series]:
    whole = drive.part(bounds.way_in, bounds.end)
    start = bounds.start - bounds.way_in
    metres: Floats = np.arange(bounds.way_in, bounds.end + 1, dtype=np.float64) * step_m
    # What happened before the line is unknown where the car was put down after it.
    reached = drive.known_from if bounds.way_in < 0 else np.ones_like(drive.known_from)
    apex, speeds = _speeds(whole, start)
    figures: dict[str, Floats | None] = {
        **speeds,
        "apex_m": None if apex is None else metres[apex],
        **_pedals(whole, metres, apex),
        **_steering(whole, metres, start, direction),
        **_hints(whole),
    }
    unknown_before = {"brake_point_m", "peak_brake", "turn_in_m", "coasting_s", "abs_s", "lock_s"}
    series = []
    for name, values in figures.items():
        if values is None:
            series.append(pl.Series(name, [None] * len(reached), pl.Float64))
            continue
        hidden = np.where(reached, values, np.nan) if name in unknown_before else values
        series.append(pl.Series(name, hidden, pl.Float64).fill_nan(None))
    return series


def _speeds(drive: _Drive, start: int) -> tuple[np.ndarray | None, dict[str, Floats | None]]:
    """Point of the lowest speed in the corner, and the speeds."""
    if drive.speed is None:
        return None, dict.fromkeys(("entry_speed_mps", "min_speed_mps", "exit_speed_mps"))
    inside = drive.speed[:, start:]
    return start + inside.argmin(axis=1), {
        "entry_speed_mps": inside[:, 0],
        "min_speed_mps": inside.min(axis=1),
        "exit_speed_mps": inside[:, -1],
    }


def _pedals(drive: _Drive, metres: Floats, apex: np.ndarray | None) -> dict[str, Floats | None]:
    brake, throttle, points = drive.brake, drive.throttle, np.arange(len(metres))
    figures: dict[str, Floats | None] = dict.fromkeys(
        ("brake_point_m", "peak_brake", "throttle_on_m", "coasting_s")
    )
    if brake is not None:
        peak = brake.argmax(axis=1)
        highest = brake.max(axis=1)
        pressed = _crossing(brake, _last(brake < PEDAL_OFF, points <= peak[:, None]), PEDAL_OFF)
        figures["peak_brake"] = highest
        figures["brake_point_m"] = np.where(
            highest >= BRAKING, metres[0] + pressed * (metres[1] - metres[0]), np.nan
        )
    if throttle is not None and apex is not None:
        closed = _last(throttle < PEDAL_OFF, points <= apex[:, None])
        opened = (throttle >= THROTTLE_ON) & (points > closed[:, None])
        first = np.where(opened.any(axis=1) & (closed >= 0), opened.argmax(axis=1) - 1, -1)
        passed = _crossing(throttle, first, THROTTLE_ON)
        figures["throttle_on_m"] = metres[0] + passed * (metres[1] - metres[0])
    if brake is not None and throttle is not None:
        figures["coasting_s"] = _seconds(drive, (brake < PEDAL_OFF) & (throttle < PEDAL_OFF))
    return figures


def _steering(
    drive: _Drive, metres: Floats, start: int, direction: int
) -> dict[str, Floats | None]:
    if drive.steering is None:
        return {"turn_in_m": None, "steering_rad": None}
    inwards = drive.steering * direction
    peak = start + inwards[:, start:].argmax(axis=1)
    highest = inwards[:, start:].max(axis=1)
    threshold = TURN_IN * highest
    points = np.arange(len(metres))
    before = _last(inwards < threshold[:, None], points <= peak[:, None])
    turned = metres[0] + _crossing(inwards, before, threshold) * (metres[1] - metres[0])
    return {
        "turn_in_m": np.where(highest > _LEAST_STEERING_RAD, turned, np.nan),
        "steering_rad": np.abs(np.diff(drive.steering[:, start:], axis=1)).sum(axis=1),
    }


def _hints(drive: _Drive) -> dict[str, Floats | None]:
    figures: dict[str, Floats | None] = dict.fromkeys(("abs_s", "lock_s", "wheelspin_s"))
    if drive.abs_active is not None:
        figures["abs_s"] = _seconds(drive, drive.abs_active > 0)
    if drive.speed is None or drive.wheel_samples is None:
        return figures
    locked, spinning = drive.locked, drive.spinning
    if drive.slowest_wheel is not None and drive.fastest_driven is not None:
        locked = (drive.slowest_wheel < (1 - SLIP) * drive.speed).astype(np.float64)
        spinning = (drive.fastest_driven > (1 + SLIP) * drive.speed).astype(np.float64)
    rolling = drive.speed > _ROLLING_MPS
    if drive.brake is not None and locked is not None:
        figures["lock_s"] = _seconds(drive, locked * (rolling & (drive.brake > BRAKING)))
    if drive.throttle is not None and spinning is not None:
        figures["wheelspin_s"] = _seconds(
            drive, spinning * (rolling & (drive.throttle > THROTTLE_ON))
        )
    return figures


def _last(holds: Flags, where: Flags) -> np.ndarray:
    """The last point at which something holds, of those asked for; -1 if there is none."""
    both = holds & where
    last = both.shape[1] - 1 - both[:, ::-1].argmax(axis=1)
    return np.where(both.any(axis=1), last, -1)


def _crossing(values: Floats, before: np.ndarray, level: Floats | float) -> Floats:
    """Return where values rise through a level after a point, in points; NaN where that is -1."""
    laps, most = np.arange(len(values)), values.shape[1] - 1
    at = np.clip(before, 0, most - 1)
    low, high = values[laps, at], values[laps, at + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((level - low) / (high - low), 0.0, 1.0)
    crossed = at + np.where(np.isfinite(share), share, 0.0)
    return np.where((before >= 0) & (before < most), crossed, np.nan)


def _seconds(drive: _Drive, holds: Flags | Floats) -> Floats:
    """For how long something held, or held for a share: each step counts as its first point."""
    return np.asarray((np.diff(drive.clock, axis=1) * holds[:, :-1]).sum(axis=1))
