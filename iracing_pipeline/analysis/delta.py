"""Time that one lap gained or lost to another, along the track."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats


class GridMismatchError(PipelineError):
    """Two laps are not on the same grid: they were driven on different track configurations."""


def delta(lap: dict[str, Any], reference: dict[str, Any]) -> Floats:
    """Seconds that a lap is behind a reference lap at each grid point; shape (points,).

    It begins at 0, rises where the lap loses time, and ends at the difference of the lap times.

    Args:
        lap: A row of ``racing.lap_trace``.
        reference: The row to compare with.

    Raises:
        GridMismatchError: If the laps are not on the same grid.
    """
    for name, words in (("track_id", "track"), ("interval_count", "grid")):
        if lap[name] != reference[name]:
            raise GridMismatchError(
                f"the laps are on {words} {lap[name]} and {words} {reference[name]}: only laps of"
                " one track configuration can be compared"
            )
    elapsed, clock = (np.array(row["elapsed_s"], dtype=np.float64) for row in (lap, reference))
    return np.asarray(elapsed - clock)


def compare(lap: dict[str, Any], reference: dict[str, Any]) -> pl.DataFrame:
    """Two laps side by side: one row a grid point.

    Returns:
        ``distance_m``, ``elapsed_s`` (of the reference: the clock that both are plotted by),
        ``delta_s``, ``speed_mps`` and ``reference_speed_mps``.

    Raises:
        GridMismatchError: If the laps are not on the same grid.
    """
    behind = delta(lap, reference)
    intervals = reference["interval_count"]
    distance = np.arange(intervals + 1) * (reference["length_m"] / intervals)
    return pl.DataFrame(
        {
            "distance_m": distance,
            "elapsed_s": reference["elapsed_s"],
            "delta_s": behind,
            "speed_mps": lap["speed_mps"],
            "reference_speed_mps": reference["speed_mps"],
        },
        schema_overrides={"speed_mps": pl.Float32, "reference_speed_mps": pl.Float32},
    )
