"""A rating over the last races, and where it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.pictures.plot import BLUE, GREY, ORANGE, Axis, Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

_SHOWN = 40


def forecast_chart(levels: Sequence[float], forecast: pl.DataFrame, title: str) -> str | None:
    """The rating after each of the last races, and its forecast with interval; None without.

    Args:
        levels: The rating after each race, the last one being the present.
        forecast: Rows of ``racing.rating_forecast`` of one rating.
        title: Words above the picture.
    """
    rows = forecast.sort("races").rows(named=True)
    if not rows or not len(levels):
        return None
    shown = list(levels)[-_SHOWN:]
    now = shown[-1]
    ahead = [0.0, *(float(row["races"]) for row in rows)]
    lows, highs = ([now, *(row[name] for row in rows)] for name in ("low", "high"))
    low, high = min(*shown, *lows), max(*shown, *highs)
    room = max((high - low) * 0.08, 0.01)
    plot = Plot(
        title,
        Axis(1.0 - len(shown), ahead[-1], "races from now", lambda value: f"{value:g}"),
        Axis(low - room, high + room, "rating", lambda value: f"{value:g}"),
    )
    plot.divider(0.0, "now")
    plot.line([float(at) for at in range(1 - len(shown), 1)], shown, BLUE)
    for edge in (lows, highs):
        plot.line(ahead, edge, GREY)
    plot.line(ahead, [now, *(row["value"] for row in rows)], ORANGE)
    for row in rows:
        note = f"in {row['races']} races {row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        plot.dot(float(row["races"]), row["value"], ORANGE, note=note)
    plot.legend(ORANGE, f"if they go as the last {rows[0]['race_count']} did")
    plot.legend(GREY, "95 % interval")
    return plot.svg()
