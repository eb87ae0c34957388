"""Time that a lap lost to another, along the track."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iracing_pipeline.analysis.delta import delta
from iracing_pipeline.pictures.plot import BLUE, Axis, Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

_POINTS = 300


def delta_chart(
    lap: dict[str, Any],
    reference: dict[str, Any],
    corners: Sequence[tuple[int, float]],
    title: str,
) -> str:
    """Seconds behind a reference lap over distance; rising is losing.

    Args:
        lap: A row of ``racing.lap_trace``.
        reference: The row to compare with, of the same grid.
        corners: Number and apex (as a share of the lap) of each corner.
        title: Words above the picture.

    Raises:
        GridMismatchError: If the laps are not on the same grid.
    """
    behind = delta(lap, reference)
    length = reference["length_m"]
    distance = np.linspace(0.0, length, len(behind))
    step = max(1, len(behind) // _POINTS)
    keep = np.unique([*range(0, len(behind), step), len(behind) - 1])
    low, high = min(float(behind.min()), 0.0), max(float(behind.max()), 0.0)
    room = max(0.12 * (high - low), 0.02)
    plot = Plot(
        title,
        Axis(0.0, length, "distance in m"),
        Axis(low - room, high + 2 * room, "behind in s", lambda value: f"{value:+.2f}"),
    )
    for number, apex in corners:
        plot.divider(apex * length, str(number))
    plot.line([0.0, length], [0.0, 0.0], "#767676")
    plot.line(distance[keep].tolist(), behind[keep].tolist(), BLUE)
    plot.note(length, float(behind[-1]) + room / 3, f"{behind[-1]:+.3f} s")
    return plot.svg()
