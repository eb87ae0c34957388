"""Consistency of each corner of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.pictures.plot import BLUE, GREY, Axis, Plot

if TYPE_CHECKING:
    import polars as pl


def spread_chart(corners: pl.DataFrame, title: str) -> str | None:
    """The spread of each corner with its interval; None if there is none.

    Args:
        corners: Rows of ``racing.corner_consistency`` of one session.
        title: Words above the picture.
    """
    measured = corners.drop_nulls("spread_s").sort("corner")
    if measured.is_empty():
        return None
    rows = measured.rows(named=True)
    last = rows[-1]["corner"]
    highest = max(row["spread_high_s"] for row in rows)
    plot = Plot(
        title,
        Axis(0.4, last + 0.6, "corner", lambda value: f"{value:g}" if value % 1 == 0 else ""),
        Axis(0.0, highest * 1.08, "spread in s", lambda value: f"{value:.2f}"),
    )
    for row in rows:
        corner, value = row["corner"], row["spread_s"]
        plot.line([corner, corner], [row["spread_low_s"], row["spread_high_s"]], GREY)
        plot.dot(corner, value, BLUE, note=f"corner {corner}: {value:.3f} s")
    plot.legend(BLUE, f"robust standard deviation, {rows[0]['lap_count']} clean laps")
    plot.legend(GREY, "its 95 % interval")
    return plot.svg()
