"""Speed over distance of one lap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.pictures.plot import BLUE, Axis, Plot

if TYPE_CHECKING:
    import polars as pl

_POINTS = 240
_KPH = 3.6


def speed_trace(records: pl.DataFrame, title: str) -> str | None:
    """Speed in km/h over distance in metres; None where the channels are missing.

    Args:
        records: The records of one lap, with ``SessionTime`` and ``Speed``.
        title: Words above the picture.
    """
    if records.height < 2 or not {"SessionTime", "Speed"} <= set(records.columns):
        return None
    time = records.get_column("SessionTime").to_numpy()
    speed = records.get_column("Speed").to_numpy().astype(np.float64)
    distance = np.concatenate(([0.0], np.cumsum(np.diff(time) * (speed[1:] + speed[:-1]) / 2)))
    if not distance[-1] > 0:
        return None
    at = np.linspace(0.0, distance[-1], _POINTS)
    drawn = np.interp(at, distance, speed) * _KPH
    plot = Plot(
        title,
        Axis(0.0, float(at[-1]), "distance in m"),
        Axis(0.0, float(drawn.max()) * 1.1, "speed in km/h"),
    )
    plot.line(at.tolist(), drawn.tolist(), BLUE)
    for index in (int(drawn.argmax()), int(drawn.argmin())):
        above = 5 if index == int(drawn.argmax()) else -16
        plot.note(float(at[index]), float(drawn[index]) + above, f"{drawn[index]:.0f}")
    return plot.svg()
