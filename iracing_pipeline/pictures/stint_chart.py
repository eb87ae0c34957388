"""The pace of each stint, lap by lap on its tyres, with its trend."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.pictures.plot import BLUE, GREEN, ORANGE, Axis, Plot

_COLOURS = (BLUE, ORANGE, GREEN, "#cc79a7", "#56b4e9", "#e69f00")
_SLOWEST = 1.07


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
        Axis(0.5, last + 0.5, "lap of the stint", lambda value: f"{value:g}"),
        Axis(best - room, slowest + room, "lap time", lambda value: clock(value, 2)),
    )
    for index, stint in enumerate(stints.rows(named=True)):
        own = clean.filter(clean.get_column("stint") == stint["stint"])
        if own.is_empty():
            continue
        colour = _COLOURS[index % len(_COLOURS)]
        slope = stint["pace_trend_s_per_lap"]
        if slope is not None:
            first, end = own.get_column("place").min(), own.get_column("place").max()
            assert isinstance(first, int)  # noqa: S101 - there are laps
            assert isinstance(end, int)  # noqa: S101 - there are laps
            centre, level = own.get_column("place").median(), stint["median_lap_time_s"]
            assert isinstance(centre, float)  # noqa: S101 - there are laps
            ends = [level + slope * (place - centre) for place in (first, end)]
            plot.line([first, end], ends, colour)
        for place, number, time in own.select("place", "lap_number", "lap_time_s").iter_rows():
            note = f"stint {stint['stint']}, lap {number}: {clock(time, 3)}"
            plot.dot(place, min(time, slowest + room), colour, note=note)
        plot.legend(colour, _words(stint["stint"], slope))
    return plot.svg()


def _words(number: int, slope: float | None) -> str:
    return f"stint {number}" if slope is None else f"stint {number}: {slope:+.3f} s a lap"
