"""The laps of a session, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.analysis.lap_kind import in_words
from iracing_pipeline.pictures.plot import BLUE, GREEN, GREY, ORANGE, Axis, Plot

if TYPE_CHECKING:
    import polars as pl

# Laps slower than this many times the fastest are shown at the edge: an in-lap would press the
# others into one line.
_SLOWEST = 1.05


def clock(seconds: float, digits: int = 1) -> str:
    """A duration as drivers write it: ``1:23.456``, or ``58.123`` below a minute."""
    whole = round(seconds, digits)
    if whole < 60:
        return f"{whole:.{digits}f}"
    return f"{int(whole // 60)}:{whole % 60:0{digits + 3}.{digits}f}"


def lap_chart(laps: pl.DataFrame, title: str) -> str | None:
    """Lap times in driving order, clean laps marked; None where no lap has a time.

    Args:
        laps: Rows of ``racing.telemetry_lap`` of one session, in order.
        title: Words above the picture.
    """
    rows = laps.rows(named=True)
    times = [row["lap_time_s"] for row in rows if row["lap_time_s"] is not None]
    if not times:
        return None
    scale = [time for time in times if time <= min(times) * _SLOWEST]
    room = max((max(scale) - min(scale)) * 0.15, min(scale) * 0.003)
    low, high = min(scale) - room, max(scale) + room
    plot = Plot(
        title,
        Axis(0.5, len(rows) + 0.5, "lap", lambda value: _number(rows, value)),
        Axis(low, high, "lap time", lambda value: clock(value, 2 if room < 0.2 else 1)),
    )
    timed = [
        (number, row) for number, row in enumerate(rows, start=1) if row["lap_time_s"] is not None
    ]
    clean = [(number, row["lap_time_s"]) for number, row in timed if row["clean"]]
    if len(clean) > 1:
        plot.line([number for number, _ in clean], [time for _, time in clean], "#9cc7e6")
    for number, row in enumerate(rows[1:], start=2):
        if row["stint"] != rows[number - 2]["stint"]:
            plot.divider(number - 0.5, f"stint {row['stint']}")
    fastest = min((time for _, time in clean), default=None)
    for number, row in timed:
        time = row["lap_time_s"]
        colour = ORANGE if not row["clean"] else GREEN if time == fastest else BLUE
        why = in_words(row["reasons"]) or "clean"
        note = f"lap {row['lap_number']}: {clock(time, 3)} ({why})"
        if low <= time <= high:
            plot.dot(number, time, colour, hollow=not row["clean"], note=note)
        else:
            plot.beyond(number, colour, clock(time), above=time > high, note=note)
    plot.legend(BLUE, "clean")
    plot.legend(GREEN, f"fastest {clock(fastest, 3)}" if fastest else "no clean lap")
    plot.legend(ORANGE, "counted out")
    if hidden := len(rows) - len(timed):
        plot.legend(GREY, f"{hidden} without a time")
    return plot.svg()


def _number(rows: list[dict[str, object]], x: float) -> str:
    index = int(x) - 1
    whole = x == int(x) and 0 <= index < len(rows)
    return str(rows[index]["lap_number"]) if whole else ""
