"""The laps of a race on one clock: who crossed the line when, behind whom, and under which flags.

All times are differences of the session clock at the line, so they add up to the gaps that
iRacing shows.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.analysis.samples import Flags, Floats, Integers

GAP_BANDS_S = (0.0, 0.5, 1.0, 1.5)
"""Edges of the gaps to the car ahead that count as traffic, at the line where a lap began.

What happens later on the lap would be chosen by how the lap itself went.
"""
MISTAKES: dict[int, str] = {
    4: "off track",
    32: "contact",
    64: "car contact",
    128: "lost control",
    8: "black flag",
    16: "car reset",
    2048: "tow",
    65536: "repairs required",
}
"""Lap flags that are evidence of a mistake or of its price."""
_PITTED, _INVALID = 2, 1 | 256 | 1024  # invalid, discontinuity, clock smash
_CAUTION = 6  # event code
_SLOW = 1.15  # of the car's median lap: driven under a caution, or not raced at all
_WHOLE_FIELD = 0.7  # share of the cars of a lap that were slow
_FEWEST_CARS = 3
_LONGEST_CAUTION = 12  # laps


@dataclass(frozen=True, slots=True)
class Note:
    """Telemetry's additions to a lap of the scored lap chart.

    Attributes:
        mistakes: Words for what went wrong, such as ``off track``.
        caution: Whether the lap was driven under a caution.
        pitted: Whether the lap went into, through or out of the pits.
        corner: The corner in which most time was lost.
        corner_loss_s: Time lost there and on the straight after it, against the driver's median.
        corner_error_s: Standard error of that; NaN where it is not known.
    """

    mistakes: tuple[str, ...] = ()
    caution: bool = False
    pitted: bool = False
    corner: int | None = None
    corner_loss_s: float | None = None
    corner_error_s: float = np.nan


@dataclass(frozen=True, slots=True)
class Car:
    """The laps of one car, in order; all arrays have shape (laps,).

    Attributes:
        group_id: The car.
        class_id: Its class; None where it is not known.
        start_s: Session clock on the grid.
        lap: Lap numbers, from 1; a lap that the chart lacks is not among them.
        at_s: Session clock at the end of each lap.
        time_s: Time since the end of the last lap that is known.
        span: Laps that this time spans: more than one after missing laps.
        flags: Lap flags.
        pitted: Whether the car was in the pits.
        mistakes: Words for what went wrong on each lap.
        caution: Whether the log names a caution that the lap was driven under.
        field_slow: Whether most of the field was slow without a caution in the log.
        ahead_s: Gap to the car ahead when the lap began; NaN where it is not known.
        notes: Additions of telemetry, by lap number.
    """

    group_id: int
    class_id: int | None
    start_s: float
    lap: Integers
    at_s: Floats
    time_s: Floats
    span: Integers
    flags: Integers
    pitted: Flags
    mistakes: tuple[tuple[str, ...], ...]
    caution: Flags
    field_slow: Flags
    ahead_s: Floats
    notes: Mapping[int, Note]

    @property
    def usable(self) -> Flags:
        """Laps after the first with a time of their own."""
        return np.asarray((self.lap > 1) & (self.span == 1))

    @property
    def behind(self) -> Flags:
        """In which band of gaps each lap began; none in clean air; shape (laps, bands)."""
        edges = np.array(GAP_BANDS_S)
        gap = self.ahead_s[:, None]
        return np.asarray((gap >= edges[:-1]) & (gap < edges[1:]))

    @property
    def invalid(self) -> Flags:
        """Laps whose time does not count."""
        return np.asarray(self.flags & _INVALID != 0)


def cars(
    laps: pl.DataFrame,
    results: pl.DataFrame,
    events: pl.DataFrame | None = None,
    notes: Mapping[int, Mapping[int, Note]] | None = None,
) -> list[Car]:
    """The cars of one simsession that completed a lap, by ``group_id``.

    A crossing whose clock is missing, or does not rise, is left out: the laps on both sides of it
    become one span.

    Args:
        laps: Rows of ``racing.lap`` of one simsession.
        results: Rows of ``racing.result`` of the same simsession.
        events: Its rows of ``racing.session_event``.
        notes: Additions of telemetry, by ``group_id`` and lap number.
    """
    own_notes = notes or {}
    entries = results.filter(pl.col("kind") != "team_driver")
    classes = dict(entries.select("group_id", "car_class_id").rows())
    rows = (
        laps.select("group_id", "lap_number", "session_time_s", "flags")
        .drop_nulls(["group_id", "lap_number", "session_time_s"])
        .sort("group_id", "lap_number")
    )
    group, number, flags = (
        rows.get_column(name).to_numpy().astype(np.int64)
        for name in ("group_id", "lap_number", "flags")
    )
    clock = np.asarray(rows.get_column("session_time_s").to_numpy(), np.float64)
    ahead = _gap_ahead(group, clock, flags)
    columns = np.column_stack([number, flags])
    field = []
    edges = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(group)]
    for first, last in pairwise(edges if len(group) else []):
        part = slice(first, last)
        own = own_notes.get(int(group[first]), {})
        car = _car(columns[part], clock[part], ahead[part], own)
        if car is not None:
            group_id = int(group[first])
            field.append(replace(car, group_id=group_id, class_id=classes.get(group_id)))
    _mark_slow_field(field, _caution_times(events))
    return field


def _car(columns: Integers, clock: Floats, ahead: Floats, notes: Mapping[int, Note]) -> Car | None:
    """One car of its crossings, still without its name; None where it completed no lap."""
    kept = _rising(clock)
    number, flags = columns[kept].T
    clock, ahead = clock[kept], ahead[kept]
    if not len(number) or number[-1] < 1:
        return None
    if number[0] > 0:  # without the grid it is not known when the first lap began
        number, flags = np.insert(number, 0, 0), np.insert(flags, 0, 0)
        clock, ahead = np.insert(clock, 0, np.nan), np.insert(ahead, 0, np.nan)
    noted = [notes.get(int(lap), Note()) for lap in number[1:]]
    names = tuple(
        tuple(dict.fromkeys([*_mistakes(int(bits)), *note.mistakes]))
        for bits, note in zip(flags[1:], noted, strict=True)
    )
    return Car(
        group_id=0,
        class_id=None,
        start_s=float(clock[0]),
        lap=number[1:],
        at_s=clock[1:],
        time_s=np.diff(clock),
        span=np.diff(number),
        flags=flags[1:],
        pitted=(flags[1:] & _PITTED != 0) | np.array([note.pitted for note in noted], np.bool_),
        mistakes=names,
        caution=np.array([note.caution for note in noted], np.bool_),
        field_slow=np.zeros(len(noted), np.bool_),
        ahead_s=ahead[:-1],
        notes=notes,
    )


def _rising(clock: Floats) -> Integers:
    """Rows of the longest part of a clock that rises: what contradicts it is left out."""
    if (np.diff(clock) > 0).all():
        return np.arange(len(clock))
    ends: list[float] = []
    at: list[int] = []
    before = np.full(len(clock), -1)
    for row, value in enumerate(clock.tolist()):
        length = bisect_left(ends, value)
        before[row] = at[length - 1] if length else -1
        if length == len(ends):
            ends.append(value)
            at.append(row)
        else:
            ends[length], at[length] = value, row
    rows = [at[-1]]
    while before[rows[-1]] >= 0:
        rows.append(int(before[rows[-1]]))
    return np.array(rows[::-1], np.int64)


def _mistakes(flags: int) -> list[str]:
    return [word for bit, word in MISTAKES.items() if flags & bit] if flags else []


def _gap_ahead(group: Integers, clock: Floats, flags: Integers) -> Floats:
    """Time since another car crossed the line on the road; NaN for the first one."""
    gaps = np.full(len(clock), np.nan)
    on_road = np.flatnonzero(flags & _PITTED == 0)
    order = on_road[np.argsort(clock[on_road], kind="stable")]
    before = order[:-1]
    behind = order[1:]
    other = group[before] != group[behind]
    gaps[behind[other]] = clock[behind[other]] - clock[before[other]]
    return gaps


def _caution_times(events: pl.DataFrame | None) -> Floats:
    if events is None or events.is_empty():
        return np.empty(0)
    named = events.filter(pl.col("event_code") == _CAUTION).drop_nulls("session_time_s")
    return np.sort(named.get_column("session_time_s").to_numpy().astype(np.float64))


def _mark_slow_field(entries: list[Car], cautions: Floats) -> None:
    """Mark laps driven under a caution of the log, and laps on which most of the field was slow."""
    if not entries:
        return
    slow = []
    for car in entries:
        normal = car.usable & ~car.pitted
        usual = float(np.median(car.time_s[normal])) if normal.any() else np.nan
        slow.append(normal & (car.time_s > _SLOW * usual))
        if len(cautions):
            car.caution[:] |= _under_caution(car, usual, cautions)
    most = max(int(car.lap[-1]) for car in entries)
    ran, were_slow = np.zeros(most + 1), np.zeros(most + 1)
    for car, marks in zip(entries, slow, strict=True):
        ran[car.lap[car.usable & ~car.pitted]] += 1
        were_slow[car.lap[marks]] += 1
    field = (ran >= _FEWEST_CARS) & (were_slow >= _WHOLE_FIELD * ran)
    for car, marks in zip(entries, slow, strict=True):
        car.field_slow[:] = marks & field[car.lap] & ~car.caution


def _under_caution(car: Car, usual: float, cautions: Floats) -> Flags:
    """Laps from that in which a caution came out to the last slow one after it."""
    under = np.zeros(len(car.lap), np.bool_)
    began = car.at_s - car.time_s
    for at in cautions:
        first = int(np.searchsorted(car.at_s, at))
        for lap in range(first, min(first + _LONGEST_CAUTION, len(car.lap))):
            is_slow = car.time_s[lap] > _SLOW * usual * car.span[lap]
            if lap > first and not is_slow:
                break
            under[lap] = is_slow or began[lap] <= at
    return under & (car.lap > 1)
