"""The pace of each stint, lap by lap on its tyres, with its trend."""

from __future__ import annotations

import numpy as np
import polars as pl

from iracing_pipeline.analysis.stints import WARM_UP_LAPS
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.pictures.plot import BLUE, GREEN, ORANGE, Axis, Plot

_COLOURS = (BLUE, ORANGE, GREEN, "#cc79a7", "#56b4e9", "#e69f00")
_SLOWEST = 1.07
_COLD_LAPS = 1 + WARM_UP_LAPS  # of a stint on new tyres


def stint_chart(laps: pl.DataFrame, stints: pl.DataFrame, title: str) -> str | None:
    """Clean laps of each stint over its laps, and the trend; None without a clean lap.

    Args:
        laps: Rows of ``racing.telemetry_lap`` of one session, in order.
        stints: Its rows of ``racing.stint``.
        title: Words above the picture.
    """
    places = laps.with_columns(place=pl.col("stint").cum_count().over("stint"))
    clean = places.filter("clean").select("stint", "place", "lap_number", "lap_time_s")
    if clean.is_empty():
        return None
    times = clean.get_column("lap_time_s").to_list()
    best, slowest = min(times), min(max(times), min(times) * _SLOWEST)
    room = max((slowest - best) * 0.12, 0.05)
    last = max(clean.get_column("place").to_list())
    plot = Plot(
        title,
        Axis(
            0.5,
            last + 0.5,
            "lap of the stint",
            lambda value: f"{value:g}" if value == int(value) else "",
        ),
        Axis(best - room, slowest + room, "lap time", lambda value: clock(value, 2)),
    )
    for index, stint in enumerate(stints.rows(named=True)):
        own = clean.filter(clean.get_column("stint") == stint["stint"])
        if own.is_empty():
            continue
        colour = _COLOURS[index % len(_COLOURS)]
        slope = stint["pace_trend_s_per_lap"]
        warm = own.filter(pl.col("place") > _COLD_LAPS)
        if slope is not None and warm.height:
            places_driven, level = warm["place"].to_list(), float(np.median(warm["lap_time_s"]))
            centre = float(np.median(places_driven))
            ends = [places_driven[0], places_driven[-1]]
            plot.line(ends, [level + slope * (place - centre) for place in ends], colour)
        for place, number, time in own.select("place", "lap_number", "lap_time_s").iter_rows():
            note = f"stint {stint['stint']}, lap {number}: {clock(time, 3)}"
            plot.dot(place, min(time, slowest + room), colour, note=note)
        plot.legend(colour, _words(stint["stint"], slope))
    return plot.svg()


def _words(number: int, slope: float | None) -> str:
    return f"stint {number}" if slope is None else f"stint {number}: {slope:+.3f} s a lap"
