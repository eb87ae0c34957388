"""The plans for a race: when each stops, and how much slower it is than the fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.pictures.plot import BLUE, GREY, ORANGE, Axis, Plot

if TYPE_CHECKING:
    import polars as pl


def plan_chart(plans: pl.DataFrame, stops: pl.DataFrame, title: str) -> str | None:
    """A line a plan, its stops on it and the window of each stop below; None without a plan.

    Args:
        plans: Rows of ``racing.race_plan`` of one race.
        stops: Their rows of ``racing.race_plan_stop``.
        title: Words above the picture.
    """
    rows = plans.sort("rank", "stops", nulls_last=True).rows(named=True)
    if not rows:
        return None
    laps = rows[0]["laps"]
    names = {float(len(rows) - at): _words(row) for at, row in enumerate(rows)}
    plot = Plot(
        title,
        Axis(0.0, float(laps), "laps", lambda value: f"{value:g}"),
        Axis(0.3, len(rows) + 0.7, "", lambda value: f"{names[value]}" if value in names else ""),
    )
    for at, row in enumerate(rows):
        height = float(len(rows) - at)
        plot.line([0.0, float(laps)], [height, height], BLUE)
        for stop in stops.filter(stops["stops"] == row["stops"]).rows(named=True):
            window = [float(stop["window_first_lap"]), float(stop["window_last_lap"])]
            below = height - 0.1 - 0.08 * stop["stop"]
            plot.line(window, [below, below], ORANGE)
            note = (
                f"stop {stop['stop']} after lap {stop['after_lap']} (from {window[0]:g} to"
                f" {window[1]:g}): {stop['fuel_added_l']:.2f} l"
            )
            plot.dot(float(stop["after_lap"]), height, BLUE, hollow=True, note=note)
        if row["behind_s"] is not None and row["behind_s"] > 0:
            plot.note(float(laps), height + 0.12, f"+{row['behind_s']:.1f} s")
    plot.legend(BLUE, "stop as planned")
    plot.legend(ORANGE, "window of a stop")
    if rows[0]["total_s"] is None:
        plot.legend(GREY, "no times: pit loss unknown")
    return plot.svg()


def _words(row: dict[str, object]) -> str:
    return f"{row['stops']} stop" + ("" if row["stops"] == 1 else "s")
