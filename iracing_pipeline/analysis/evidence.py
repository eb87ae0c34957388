"""Single records and short bursts that contradict what lies before and after them.

iRacing now and then writes a record in which one channel holds a wrong value: no place, no tread,
another lap count. A change counts when it lasts. A value that differs for up to
:data:`LONGEST_EXCURSION` records and then returns is replaced: a count or a state by its earlier
value, a measured value by interpolation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

Discrete = TypeVar("Discrete", bound=np.generic)

LONGEST_EXCURSION = 5
"""Records after which a changed value counts as a change."""


_OUTSIDE = 0.1
_APART_M = 1.0  # that place and speed differ by between two records
_LONGEST_PAUSE_S = 1.0  # that dropped ticks leave


def settled(
    values: NDArray[Discrete], *, strict: bool = False, keep_last: bool = False
) -> NDArray[Discrete]:
    """A count, a state or a yes-or-no channel without short excursions.

    Args:
        values: The channel, shape (n,); returned itself where nothing changes.
        strict: Whether short values between two lasting ones are wrong too, as for a lap count;
            otherwise a value may be passed through, as a surface is on the way into the pits.
        keep_last: Whether to keep a short run at the end of the file.
    """
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    if values.dtype.kind == "f":
        changes = changes[~(np.isnan(values[changes]) & np.isnan(values[changes - 1]))]
    if not len(changes):
        return values
    starts = np.concatenate(([0], changes, [len(values)]))
    fixed = values.copy()
    for first, after in _short_spans(starts, len(values)):
        if first == 0:
            if strict or np.count_nonzero(values[:after] != values[after]) <= LONGEST_EXCURSION:
                fixed[:after] = values[after]
        elif after == len(values):
            differs = np.count_nonzero(values[first:] != values[first - 1])
            if not keep_last and differs <= LONGEST_EXCURSION:
                fixed[first:] = values[first - 1]
        else:
            _settle(fixed, values, first, after, strict=strict)
    return fixed


def _short_spans(starts: Integers, size: int) -> Iterator[tuple[int, int]]:
    """[first, after) of each group of at most :data:`LONGEST_EXCURSION` records in short runs."""
    first = None
    for start, after in pairwise(starts.tolist()):
        if after - start <= LONGEST_EXCURSION:
            first = start if first is None else first
            continue
        if first is not None and start - first <= 2 * LONGEST_EXCURSION and start < size:
            yield first, start
        first = None
    if first is not None and first > 0 and size - first <= 2 * LONGEST_EXCURSION:
        yield first, size


def _settle(
    fixed: NDArray[Discrete], values: NDArray[Discrete], first: int, after: int, *, strict: bool
) -> None:
    """Decide the records between two lasting values."""
    before, then = values[first - 1], values[after]
    between = values[first:after]
    is_before, is_then = between == before, between == then
    if before == then:
        if np.count_nonzero(~is_before) <= LONGEST_EXCURSION:
            fixed[first:after] = before
        return
    if not strict and not (is_before | is_then).all():
        return
    # The change is where the fewest records contradict it.
    wrong = np.concatenate(([0], np.cumsum(~is_before)))
    wrong += np.concatenate((np.cumsum(~is_then[::-1])[::-1], [0]))
    if wrong.min() <= LONGEST_EXCURSION:
        change = int(wrong.argmin())
        fixed[first : first + change] = before
        fixed[first + change : after] = then


def restored(values: Floats, limit: float, *, circular: bool = False) -> Floats:
    """A measured channel without short excursions.

    Args:
        values: The channel, shape (n,); returned itself where nothing changes.
        limit: The most that it changes from one record to the next.
        circular: Whether 1 is 0 again, as for a place on the lap.
    """
    given = values
    if circular:
        # Just after the line it reads slightly below zero; elsewhere outside it is no place.
        values = np.where((values > -_OUTSIDE) & (values < 1 + _OUTSIDE), values, np.nan)
    step = np.diff(values)
    if circular:
        step = (step + 0.5) % 1 - 0.5
    large = np.flatnonzero(~(np.abs(step) <= limit))
    if not len(large) or len(large) > len(values) // 4:
        return given
    fixed = values.copy()
    good = -1
    for before in large.tolist():
        if before < good:
            continue
        back = _returns(values, before, limit, circular=circular)
        if back is not None:
            span = np.arange(1, back - before)
            way = _way(values[before], values[back], circular=circular)
            fixed[before + 1 : back] = values[before] + way * span / (back - before)
            if circular:
                fixed[before + 1 : back] %= 1.0
            good = back
    _hold_ends(fixed, limit, circular=circular)
    return fixed


def restored_place(place: Floats, speed: Floats, time: Floats) -> Floats:
    """LapDistPct without short excursions that are small steps, but not those of the speed.

    Args:
        place: LapDistPct without large excursions, shape (n,); returned itself where nothing
            changes.
        speed: In m/s.
        time: SessionTime.
    """
    passed = np.clip(np.diff(time), 0.0, None)
    step = (np.diff(place) + 0.5) % 1 - 0.5
    length = lap_length(step, speed, passed)
    if length is None:
        return place
    apart = step - (speed[1:] + speed[:-1]) / 2 * passed / length
    if not (np.abs(apart) > _APART_M / length).any():
        return place
    ahead = np.concatenate(([0.0], np.cumsum(apart)))
    even = restored(ahead, _APART_M / length)
    if even is ahead:
        return place
    wrong = np.flatnonzero(even != ahead)
    fixed = place.copy()
    fixed[wrong] = (place[wrong] + even[wrong] - ahead[wrong]) % 1.0
    return fixed


def lap_length(step: Floats, speed: Floats, passed: Floats) -> float | None:
    """Metres of a lap, by speed and place; None where the car hardly moves.

    Args:
        step: Steps of LapDistPct between records, shape (n - 1,).
        speed: In m/s, shape (n,).
        passed: Seconds between records, shape (n - 1,).
    """
    moving = (step > 0) & (speed[1:] > 1.0) & (passed > 0)
    if np.count_nonzero(moving) < 60:
        return None
    every = max(1, np.count_nonzero(moving) // 5000)
    some = np.flatnonzero(moving)[::every]
    return float(np.median(speed[1:][some] * passed[some] / step[some]))


def _hold_ends(values: Floats, limit: float, *, circular: bool) -> None:
    """Write the first lasting value over a jump in the first records, in place, and so at the end.

    A jump in the middle of a file that is not taken back is a change. Within a few records of its
    ends nothing shows that it lasts.
    """
    for ends in (values, values[::-1]):
        head = ends[: 2 * LONGEST_EXCURSION + 1]
        step = np.diff(head)
        if circular:
            step = (step + 0.5) % 1 - 0.5
        jumps = np.flatnonzero(~(np.abs(step) <= limit))
        if len(jumps) and jumps[-1] < LONGEST_EXCURSION and jumps[-1] + 1 < len(head):
            ends[: jumps[-1] + 1] = head[jumps[-1] + 1]


def _returns(values: Floats, before: int, limit: float, *, circular: bool) -> int | None:
    """The record at which the channel is back on its way; None if it is not, within a lie."""
    for back in range(before + 2, min(before + 2 + LONGEST_EXCURSION, len(values))):
        way = _way(values[before], values[back], circular=circular)
        if not abs(way) <= limit * (back - before):
            continue
        out = _way(values[back - 1], values[back], circular=circular)
        if not abs(out) <= limit:
            return back
    return None


def _way(start: float, end: float, *, circular: bool) -> float:
    way = float(end) - float(start)
    return (way + 0.5) % 1 - 0.5 if circular else way


def restored_time(time: Floats, usable: Flags) -> tuple[Floats, Flags]:
    """SessionTime without records that repeat it, stand back or run ahead.

    A record is wrong if it is not between those around it, which are as far apart as they should
    be. A clock that falls for good is no lie, and neither is one that slips a tick.

    Returns:
        The times, and which of them are times at all.
    """
    step = np.diff(time)
    if not len(step):
        return time, usable
    ordinary = step[(step > 0) & usable[1:] & usable[:-1]]
    tick = float(np.median(ordinary)) if len(ordinary) else 0.0
    odd = np.flatnonzero(~((step > 0) & (step < 1.5 * tick)))
    if not len(odd) or tick <= 0 or len(odd) > len(time) // 4:
        return time, usable
    fixed, usable = time.copy(), usable.copy()
    good = -1
    for before in odd.tolist():
        if before < good or not usable[before]:
            continue
        for back in range(before + 2, min(before + 2 + LONGEST_EXCURSION, len(time))):
            apart = time[back] - time[before]
            between = time[before + 1 : back]
            wrong = ~((between > time[before]) & (between < time[back]))
            if (
                usable[back]
                and abs(apart - (back - before) * tick) <= 1.5 * tick
                and wrong[0]
                and wrong[-1]
            ):
                part = np.arange(1, back - before) / (back - before)
                fixed[before + 1 : back] = time[before] + apart * part
                usable[before + 1 : back] = True
                good = back
                break
    _extend_ends(fixed, usable, tick)
    return fixed, usable


def _extend_ends(time: Floats, usable: Flags, tick: float) -> None:
    """Write an even clock over times apart from all others in the first records, and the last.

    As in :func:`_hold_ends`, nothing shows there that a jump lasts. Ticks that iRacing dropped are
    no jump.
    """
    for sign in (-1, 1):
        ends, states = time[::-sign], usable[::-sign]
        head = ends[: 2 * LONGEST_EXCURSION + 1]
        step = -sign * np.diff(head)
        jumps = np.flatnonzero(~((step >= 0) & (step < _LONGEST_PAUSE_S)))
        if not len(jumps) or jumps[-1] >= LONGEST_EXCURSION or len(head) <= jumps[-1] + 2:
            continue
        wrong = int(jumps[-1]) + 1
        extended = head[wrong] + sign * tick * np.arange(wrong, 0, -1)
        if (extended >= 0).all():
            ends[:wrong], states[:wrong] = extended, True
