"""The laps of a file: cut, timed, classified and measured."""

from __future__ import annotations

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
    Flags,
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
    times = samples.time[usable_times(samples.time)]
    crossings = [crossing(samples, segment) for segment in cut]
    rows: list[dict[str, object]] = []
    for index, segment in enumerate(cut):
        following = cut[index + 1] if segment.ends is Edge.LINE else None
        end = crossings[index + 1] if following is not None else None
        official = official_lap_time(samples, following, end) if following is not None else None
        begin = crossings[index]
        began = begin.time if begin else float(samples.time[segment.rows[0]])
        rows.append(
            {
                "session_key": session_key,
                "start_time": start + timedelta(seconds=began - float(times[0])),
                "start_session_time_s": began,
                **_lap(samples, segment, begin, end, official),
            }
        )
    return rows


def _lap(
    samples: Samples,
    segment: Segment,
    begin: Crossing | None,
    end: Crossing | None,
    official: float | None,
) -> dict[str, object]:
    """One row of the lap table, without the session it belongs to."""
    rows = segment.rows
    kind = lap_kind.kind(samples, segment)
    time = lap_time(begin, end) if kind != "partial" else None
    valid = official if official is not None and official > 0 else None
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
        "end_session_time_s": end.time if end else float(samples.time[rows[-1]]),
        "first_record": int(rows[0]),
        "record_count": len(rows),
        **_fuel(samples, rows),
        **_conditions(samples, rows),
        "distance_m": _distance(samples, rows),
        "max_speed_mps": _reduce(samples.speed, rows, np.max),
        "incidents": incidents,
        "position": _position(samples.position, rows),
        "off_track_s": _seconds(samples, rows, samples.surface == OFF_TRACK)
        if samples.surface is not None
        else None,
        "pit_road_s": _seconds(samples, rows, samples.on_pit_road) if samples.tells_pits else None,
        "missed_records": _missed(samples.tick, rows),
    }


def _fuel(samples: Samples, rows: Integers) -> dict[str, object]:
    if samples.fuel is None:
        return {}
    level = samples.fuel[rows]
    steps = np.diff(level)
    start, end = _finite(level[0]), _finite(level[-1])
    # Fuel goes in only on pit road; elsewhere a rise is the float's last bit.
    added = _finite(steps[(steps > 0) & samples.on_pit_road[rows][1:]].sum())
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


def _distance(samples: Samples, rows: Integers) -> float | None:
    if samples.speed is None:
        return None
    return _finite(float(np.trapezoid(samples.speed[rows], samples.time[rows])))


def _gained(counter: Integers | None, segment: Segment) -> int | None:
    """How much a running count rose during the lap, its first record included."""
    if counter is None:
        return None
    first = segment.rows[0] - 1 if segment.begins is Edge.LINE else segment.rows[0]
    return _count(max(np.int64(0), counter[segment.rows[-1]] - counter[first]))


def _position(position: Integers | None, rows: Integers) -> int | None:
    if position is None or position[rows[-1]] < 1:
        return None
    return _count(position[rows[-1]])


def _seconds(samples: Samples, rows: Integers, holds: Flags) -> float:
    """For how long something held: each record stands for the time since the one before it."""
    mask = holds[rows][1:]
    return float(np.diff(samples.time[rows])[mask].sum())


def _missed(tick: Integers | None, rows: Integers) -> int | None:
    if tick is None:
        return None
    return _count(np.clip(np.diff(tick[rows]) - 1, 0, None).sum())


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _count(value: np.integer) -> int | None:
    """A number that fits its column, or None for one that only damage can have made."""
    return int(value) if abs(int(value)) < 2**31 else None
