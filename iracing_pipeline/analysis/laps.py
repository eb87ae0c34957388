"""The laps of a file: cut, timed, classified and measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.analysis import lap_kind
from iracing_pipeline.analysis.lap_timing import (
    Crossing,
    crossing,
    lap_time,
    official_lap_time,
)
from iracing_pipeline.analysis.samples import (
    OFF_TRACK,
    Floats,
    Integers,
    Samples,
    usable_times,
)
from iracing_pipeline.analysis.segments import Edge, Segment, segments
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

_NOT_A_WHOLE_LAP = {"partial", lap_kind.PACE}


def laps(records: pl.DataFrame, *, session_key: str, start: datetime) -> pl.DataFrame:
    """The laps of one file, in the columns of ``racing.telemetry_lap``.

    Args:
        records: All records of the file, with at least the channels of
            :data:`iracing_pipeline.analysis.samples.REQUIRED`; what else it has of
            :data:`iracing_pipeline.analysis.samples.CHANNELS` is used.
        session_key: The session that the laps belong to.
        start: The time of the first record.

    Raises:
        MissingChannelError: If a required channel is not there.
    """
    # Damaged files hold numbers that overflow; what comes of them is left out below.
    with np.errstate(over="ignore", invalid="ignore"):
        return TELEMETRY_LAP.frame(_rows(Samples.of(records), session_key, start))


def _rows(samples: Samples, session_key: str, start: datetime) -> list[dict[str, object]]:
    cut = segments(samples)
    usable = samples.time[usable_times(samples.time)]
    crossings = [crossing(samples, segment) for segment in cut]
    ways = _ways(samples)
    rows: list[dict[str, object]] = []
    for index, segment in enumerate(cut):
        following = cut[index + 1] if segment.ends is Edge.LINE else None
        end = crossings[index + 1] if following is not None else None
        official = official_lap_time(samples, following, end) if following is not None else None
        begin = crossings[index]
        began = begin.time if begin else float(samples.time[segment.rows[0]])
        ended = end.time if end else float(samples.time[segment.rows[-1]])
        if segment.ends is Edge.GREEN and (green := crossings[index + 1]) is not None:
            ended = green.time
        rows.append(
            {
                "session_key": session_key,
                "start_time": start + timedelta(seconds=began - float(usable[0])),
                "start_session_time_s": began,
                "end_session_time_s": ended,
                "simsession_number": _simsession(samples, segment),
                **_lap(samples, segment, begin, end, official=official),
                **_figures(samples, segment, ways, (begin, end)),
            }
        )
    return rows


def _lap(
    samples: Samples,
    segment: Segment,
    begin: Crossing | None,
    end: Crossing | None,
    *,
    official: float | None,
) -> dict[str, object]:
    """One row of the lap table, without its session and its measured figures."""
    rows = segment.rows
    kind = lap_kind.kind(samples, segment)
    valid = official if official is not None and official > 0 else None
    time = lap_time(begin, end) if kind not in _NOT_A_WHOLE_LAP else None
    residual = time.seconds - valid if time is not None and valid is not None else None
    incidents = _gained(samples.incidents, segment)
    reasons = lap_kind.reasons(
        samples, segment, kind, official=official, residual=residual, incidents=incidents
    )
    return {
        "stint": segment.stint,
        "lap_number": segment.lap,
        "kind": kind,
        "reasons": reasons,
        "clean": not reasons,
        "lap_time_s": time.seconds if time else None,
        "lap_time_method": time.method if time else None,
        "official_lap_time_s": valid,
        "residual_s": residual,
        "first_record": int(rows[0]),
        "record_count": int(rows[-1] - rows[0] + 1),
        "incidents": incidents,
        "begins_at": segment.begins.value,
        "ends_at": segment.ends.value,
    }


@dataclass(frozen=True, slots=True)
class _Ways:
    """Running sums over the kept records of a file, at each of their times."""

    rows: Integers
    time: Floats
    metres: Floats | None
    fuel_added: Floats | None
    off_track_s: Floats | None
    pit_road_s: Floats | None


def _ways(samples: Samples) -> _Ways:
    rows = np.flatnonzero(~samples.glitch)
    time = samples.time[rows]
    passed = np.clip(np.diff(time), 0.0, None)

    def sums(steps: Floats) -> Floats:
        return np.concatenate((np.zeros(min(1, len(rows))), np.cumsum(steps)))

    # Each record stands for the time since the one before it.
    pit = samples.on_pit_road[rows][1:]
    metres = fuel_added = off_track = None
    if samples.speed is not None:
        speed = np.nan_to_num(samples.speed[rows])
        metres = sums(passed * (speed[1:] + speed[:-1]) / 2)
    if samples.fuel is not None:
        # Fuel goes in only on pit road; elsewhere a rise is the float's last bit.
        steps = np.nan_to_num(np.diff(samples.fuel[rows]), posinf=0.0, neginf=0.0)
        fuel_added = sums(np.where(pit, np.clip(steps, 0.0, None), 0.0))
    if samples.surface is not None:
        off_track = sums(passed * (samples.surface[rows] == OFF_TRACK)[1:])
    return _Ways(
        rows,
        time,
        metres,
        fuel_added,
        off_track,
        sums(passed * pit) if samples.tells_pits else None,
    )


def _figures(
    samples: Samples,
    segment: Segment,
    ways: _Ways,
    crossings: tuple[Crossing | None, Crossing | None],
) -> dict[str, object]:
    """Measure the figures between both ends of a lap, the step over the line included."""
    rows = segment.rows
    began, ended = _ends(samples, segment, crossings)
    at = np.array([began, ended])
    first, last = np.searchsorted(ways.rows, rows[[0, -1]])
    around = slice(max(int(first) - 1, 0), int(last) + 2)

    def between(total: Floats | None) -> float | None:
        if total is None:
            return None
        start, end = np.interp(at, ways.time[around], total[around])
        return _finite(max(end - start, 0.0))

    return {
        **_fuel(samples, segment, at, added=between(ways.fuel_added)),
        **_conditions(samples, rows),
        "distance_m": between(ways.metres),
        "max_speed_mps": _reduce(samples.speed, rows, np.max),
        "position": _position(samples.position, rows),
        "off_track_s": between(ways.off_track_s),
        "pit_road_s": between(ways.pit_road_s),
        "missed_records": _missed(samples.tick, rows),
    }


def _ends(
    samples: Samples, segment: Segment, crossings: tuple[Crossing | None, Crossing | None]
) -> tuple[float, float]:
    """SessionTime at both ends as the records show the car: at the line, or in a record."""
    begin, end = crossings
    began = float(samples.time[segment.rows[0]])
    if begin is not None:
        began = begin.interpolated if segment.begins is Edge.LINE else begin.time
    return began, float(samples.time[segment.rows[-1]]) if end is None else end.interpolated


def _fuel(
    samples: Samples, segment: Segment, at: Floats, *, added: float | None
) -> dict[str, object]:
    if samples.fuel is None:
        return {}
    rows = segment.rows
    before = int(rows[0]) - (segment.begins is Edge.LINE)
    after = int(rows[-1]) + (segment.ends is Edge.LINE)
    levels = [
        float(np.interp(moment, samples.time[pair], samples.fuel[pair]))
        for moment, pair in zip(at, ([before, rows[0]], [rows[-1], after]), strict=True)
    ]
    start, end = _finite(levels[0]), _finite(levels[1])
    if start is None or end is None or not samples.tells_pits:
        added = None
    return {
        "fuel_start_l": start,
        "fuel_end_l": end,
        "fuel_added_l": added,
        "fuel_used_l": start + added - end
        if start is not None and end is not None and added is not None
        else None,
    }


def _simsession(samples: Samples, segment: Segment) -> int | None:
    if samples.session is None or samples.session[segment.rows[-1]] < 0:
        return None
    return _count(samples.session[segment.rows[-1]])


def _conditions(samples: Samples, rows: Integers) -> dict[str, object]:
    return {
        "air_temp_c": _reduce(samples.air_temp, rows, np.mean),
        "track_temp_c": _reduce(samples.track_temp, rows, np.mean),
        "track_wetness": None if samples.wetness is None else _count(samples.wetness[rows].max()),
    }


def _reduce(
    channel: Floats | None, rows: Integers, how: Callable[[Floats], np.float64]
) -> float | None:
    return None if channel is None else _finite(how(channel[rows]))


def _gained(counter: Integers | None, segment: Segment) -> int | None:
    """Return the rise of a running count during the lap, its first record included."""
    if counter is None:
        return None
    first = segment.rows[0] - 1 if segment.begins is Edge.LINE else segment.rows[0]
    return _count(max(np.int64(0), counter[segment.rows[-1]] - counter[first]))


def _position(position: Integers | None, rows: Integers) -> int | None:
    if position is None or position[rows[-1]] < 1:
        return None
    return _count(position[rows[-1]])


def _missed(tick: Integers | None, rows: Integers) -> int | None:
    if tick is None:
        return None
    return _count(np.clip(np.diff(tick[rows]) - 1, 0, None).sum())


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _count(value: np.integer) -> int | None:
    """A number that fits its column, or None for one that only damage can have made."""
    return int(value) if abs(int(value)) < 2**31 else None
