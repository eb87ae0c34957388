"""What a lap lost to another, corner by corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iracing_pipeline.analysis.samples import Floats

_BRAKING = 0.05  # of the pedal
Trace = dict[str, "Floats"]


@dataclass(frozen=True, slots=True)
class CornerLoss:
    """One corner of one lap against another.

    Its braking belongs to it, and the straight after it up to where the other lap was fastest.

    Attributes:
        corner: Its number; 0 for the way from the line to the first corner's braking.
        begins_m: Where it begins.
        lost_s: Time lost in it; below zero where it was gained. All of a lap add up to the
            difference of the lap times.
        brake_point_m: Where the brake was first on, of either lap; None where it was not.
        min_speed_mps: Lowest speed, of either lap.
    """

    corner: int
    begins_m: float
    lost_s: float
    brake_point_m: tuple[float | None, float | None]
    min_speed_mps: tuple[float, float]


def corner_losses(
    lap: Trace, other: Trace, corners: Sequence[tuple[int, float, float]]
) -> list[CornerLoss]:
    """Compare two laps on one grid; empty where the speed is not known.

    Args:
        lap: Channels of the lap, one element a grid point.
        other: Those of the lap it is compared with.
        corners: Number, start and end (m) of each corner in order along the lap.
    """
    if not corners or "speed_mps" not in lap or "speed_mps" not in other:
        return []
    distance = other["distance_m"]
    begins = [0, *_begins(distance, other["speed_mps"], corners)]
    numbers = [0, *(number for number, _, _ in corners)]
    ends = [*begins[1:], len(distance) - 1]
    behind = lap["elapsed_s"] - other["elapsed_s"]
    return [
        CornerLoss(
            corner=number,
            begins_m=float(distance[start]),
            lost_s=float(behind[end] - behind[start]),
            brake_point_m=(_braked(lap, start, end), _braked(other, start, end)),
            min_speed_mps=(
                float(lap["speed_mps"][start : end + 1].min()),
                float(other["speed_mps"][start : end + 1].min()),
            ),
        )
        for number, start, end in zip(numbers, begins, ends, strict=True)
        if end > start
    ]


def _begins(
    distance: Floats, speed: Floats, corners: Sequence[tuple[int, float, float]]
) -> list[int]:
    """Grid points where the other lap was fastest before each corner."""
    found: list[int] = []
    after = 0.0
    for _, start, end in corners:
        before = np.flatnonzero((distance >= after) & (distance <= start))
        if len(before):  # the last of equals: what is flat out belongs to the straight
            at = int(before[len(before) - 1 - np.argmax(speed[before][::-1])])
        else:
            at = int(np.searchsorted(distance, start))
        found.append(max(at, found[-1] if found else 0))
        after = max(start, end)
    return found


def _braked(trace: Trace, start: int, end: int) -> float | None:
    if "brake" not in trace:
        return None
    pressed = trace["brake"] > _BRAKING
    on = np.flatnonzero(pressed[start:end])
    if not len(on):
        return None
    first = start + int(on[0])
    while first > 0 and pressed[first - 1]:  # braking earlier than the corner begins is told, too
        first -= 1
    return float(trace["distance_m"][first])
