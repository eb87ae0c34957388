"""Evidence of the classification of one lap: the values of each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.analysis.samples import Samples, floats_of
from iracing_pipeline.analysis.segments import segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iracing_pipeline.analysis.samples import Flags, Floats, Integers
    from iracing_pipeline.analysis.segments import Segment

_SURFACES = {-1: "not in world", 0: "off track", 1: "in the stall", 2: "near the pits", 3: "track"}
_STATES = {1: "get in car", 2: "warm-up", 3: "parade laps", 4: "racing", 5: "chequered", 6: "cool"}
_STANDING_MPS = 1.0


@dataclass(frozen=True, slots=True)
class Vote:
    """Evidence of one channel for a lap.

    Attributes:
        channel: iRacing's name of it.
        shows: Values of its records.
        decides: The decision, in the words of docs/laps.md.
        corrected: Records of the lap in which it contradicted those around it and was replaced.
    """

    channel: str
    shows: str
    decides: str
    corrected: int = 0


def lap_votes(records: pl.DataFrame, stint: int, lap_number: int) -> list[Vote]:
    """Collect the evidence of each channel for a lap; empty if the recording has no such lap.

    Args:
        records: All records of the recording.
        stint: Stint that the lap ended in.
        lap_number: Lap, as iRacing counts it.
    """
    samples = Samples.of(records)
    matching = [s for s in segments(samples) if (s.stint, s.lap) == (stint, lap_number)]
    return list(_votes(records, samples, matching[0])) if matching else []


def _votes(records: pl.DataFrame, samples: Samples, segment: Segment) -> Iterator[Vote]:
    rows = segment.rows
    kept = {
        "SessionTime": samples.time,
        "Lap": samples.lap,
        "LapDistPct": samples.pct,
        "SessionNum": samples.session,
        "SessionState": samples.state,
        "Speed": samples.speed,
        "OnPitRoad": samples.on_pit_road if samples.tells_pits else None,
        "PlayerTrackSurface": samples.surface,
        "PlayerCarMyIncidentCount": samples.incidents,
        "PlayerCarPosition": samples.position,
        "FuelLevel": samples.fuel,
        "AirTemp": samples.air_temp,
        "TrackWetness": samples.wetness,
    }
    for channel, (decides, shown) in DECIDES.items():
        given = _given(records, channel)
        if given is None:
            yield Vote(channel, "not in the file", decides)
            continue
        values = kept.get(channel)
        used = given if values is None else values.astype(np.float64)
        differs = ~((used[rows] == given[rows]) | (np.isnan(used[rows]) & np.isnan(given[rows])))
        yield Vote(channel, shown(used, rows), decides, int(np.count_nonzero(differs)))


def _given(records: pl.DataFrame, channel: str) -> Floats | None:
    """A channel as the file has it, yes-or-no channels as 1 and 0; None where it lacks it."""
    if channel in records.columns and records.schema[channel] == pl.Boolean:
        return records.get_column(channel).cast(pl.Float64).to_numpy()
    return floats_of(records, channel)


def _span(unit: str, digits: int = 3) -> Callable[[Floats, Integers], str]:
    def shown(values: Floats, rows: Integers) -> str:
        first, last = values[rows[0]], values[rows[-1]]
        return f"{first:.{digits}f} to {last:.{digits}f} {unit}".rstrip()

    return shown


def _range(unit: str) -> Callable[[Floats, Integers], str]:
    def shown(values: Floats, rows: Integers) -> str:
        within = values[rows]
        return f"{within.min():.3f} to {within.max():.3f} {unit}"

    return shown


def _records(holds: Callable[[Floats], Flags]) -> Callable[[Floats, Integers], str]:
    def shown(values: Floats, rows: Integers) -> str:
        return f"{np.count_nonzero(holds(values[rows]))} of {len(rows)} records"

    return shown


def _counts(words: dict[int, str]) -> Callable[[Floats, Integers], str]:
    def shown(values: Floats, rows: Integers) -> str:
        numbers, counts = np.unique(values[rows], return_counts=True)
        pairs = zip(numbers.tolist(), counts.tolist(), strict=True)
        return ", ".join(f"{words.get(int(each), f'{each:g}')}: {count}" for each, count in pairs)

    return shown


def _rise(values: Floats, rows: Integers) -> str:
    return f"{values[rows[0]]:g} to {values[rows[-1]]:g}"


def _after(values: Floats, rows: Integers) -> str:
    after = values[rows[-1] + 1 : rows[-1] + 1 + 150]
    changed = after[after != values[rows[-1]]]
    return f"{changed[0]:.4f} s after the line" if len(changed) else "not renewed after the line"


DECIDES: dict[str, tuple[str, Callable[[Floats, Integers], str]]] = {
    "SessionTime": ("timing; a new session where it falls", _span("s")),
    "Lap": ("cutting: which lap it is", _rise),
    "LapDistPct": ("cutting and timing: the line, and whether it goes round", _span("")),
    "LapCurrentLapTime": ("timing: the lap clock", _span("s")),
    "LapLastLapTime": ("no_closure, invalid: the official time", _after),
    "SessionNum": ("cutting: a new session", _rise),
    "SessionState": ("start, pace, cooldown", _counts(_STATES)),
    "SessionFlags": (
        "caution",
        _records(lambda flags: (flags.astype(np.int64) & 0xC000) != 0),
    ),
    "OnPitRoad": ("out, in, pit", _records(lambda on: on > 0)),
    "PlayerTrackSurface": ("off_track, out, in, pit, reset", _counts(_SURFACES)),
    "Speed": (
        f"stopped (below {_STANDING_MPS:g} m/s), reset, distance",
        _range("m/s"),
    ),
    "Lat": ("reset and tow: a jump", _span("°", 5)),
    "Lon": ("reset and tow: a jump", _span("°", 5)),
    "PlayerCarTowTime": ("tow", _records(lambda seconds: seconds > 0)),
    "PlayerCarMyIncidentCount": ("incident", _rise),
    "IsOnTrack": ("team_mate: you are in the car", _records(lambda on: on > 0)),
    "IsOnTrackCar": ("team_mate: the car drives", _records(lambda on: on > 0)),
    "FuelLevel": ("fuel; reset: a jump", _span("l")),
    "PlayerCarPosition": ("position", _rise),
    "SessionTick": ("missed records", _rise),
    "AirTemp": ("air temperature", _range("°C")),
    "TrackTempCrew": ("track temperature", _range("°C")),
    "TrackTemp": ("track temperature in old files", _range("°C")),
    "TrackWetness": ("wetness", _rise),
}
"""The decision of each channel, and how its records of a lap are shown."""
