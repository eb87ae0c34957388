"""Every lap: its time, its kind, and why it does not count where it does not."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis.lap_kind import in_words
from iracing_pipeline.page.charts import plain
from iracing_pipeline.page.units import amount, symbol
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.pictures.plot import Axis
from iracing_pipeline.report import chart, words

if TYPE_CHECKING:
    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.data import Row, SessionData

_SLOWEST = 1.05  # of the fastest: slower laps stand at the edge, or they would flatten the others


def section(data: SessionData, charts: Charts) -> str:
    """Lap chart and lap table."""
    rows = data.laps.rows(named=True)
    names = words.attempts(rows)
    rows = [{**row, "name": name} for row, name in zip(rows, names, strict=True)]
    if data.session["simsession_type"] != "Race":  # no position to speak of
        rows = [{**row, "position": None} for row in rows]
    if not rows:
        return words.section("laps", "Laps", words.empty("The file holds no lap."))
    drawn = _chart(rows, charts)
    return words.section(
        "laps",
        "Laps",
        f'<div class="beside"><div class="card">{drawn}</div>'
        f'<div class="card">{_table(rows)}</div></div>',
        about="Filled points are clean laps; hollow ones have something against them, and triangles"
        " are slower than the chart is high.",
    )


def _chart(rows: list[Row], charts: Charts) -> str:
    timed = [row for row in rows if row["lap_time_s"] is not None]
    if not timed:
        return words.empty("No lap was driven from line to line, so none has a time.")
    fastest = min(row["lap_time_s"] for row in timed)
    shown = [row for row in timed if row["lap_time_s"] <= fastest * _SLOWEST]
    span = max(row["lap_time_s"] for row in shown) - fastest
    low, high = fastest - max(span * 0.15, 0.1), fastest + max(span * 1.25, 0.3)
    positions = [(r["lap_number"], r["position"]) for r in rows if r["position"] is not None]
    data = [_points(timed, high, clean=clean) for clean in (True, False)]
    ticks = Axis(low, high, "").ticks(5)
    layout: dict[str, Any] = {
        "xaxis": chart.axis("lap", dtick=max(1, len(rows) // 12), range=_lap_range(rows)),
        "yaxis": chart.axis(
            range=[low, high],
            tickvals=ticks,
            ticktext=[clock(tick, 2 if high - low < 2 else 1) for tick in ticks],
            domain=[0.36, 1] if len(positions) > 1 else [0, 1],
        ),
        "hovermode": "closest",
    }
    if len(positions) > 1:
        data.append(_positions(positions))
        last = max(position for _, position in positions)
        ranks = sorted({1, *(round(tick) for tick in Axis(1, last, "").ticks(4))})
        layout["yaxis2"] = chart.axis(
            "position", range=[last + 0.8, 0.2], domain=[0, 0.26], tickvals=ranks
        )
        layout["xaxis"]["anchor"] = "y2"
    return charts.add(chart.figure(data, **layout), label="Lap times", height_px=380)


def _lap_range(rows: list[Row]) -> list[float]:
    numbers = [row["lap_number"] for row in rows]
    return [min(numbers) - 0.6, max(numbers) + 0.6]


def _points(timed: list[Row], high: float, *, clean: bool) -> dict[str, Any]:
    rows = [row for row in timed if row["clean"] == clean]
    beyond = [row["lap_time_s"] > high for row in rows]
    colour = "--blue" if clean else "--orange"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "clean" if clean else "not clean",
        "x": [row["lap_number"] for row in rows],
        "y": [min(row["lap_time_s"], high * 0.9995) for row in rows],
        "text": [
            f"Lap {row['name']}: <b>{clock(row['lap_time_s'], 3)}</b><br>"
            + plain("clean" if clean else in_words(row["reasons"]))
            for row in rows
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
        "marker": {
            "size": 11,
            "color": colour if clean else "--panel",
            "symbol": ["triangle-up" if over else "circle" for over in beyond],
            "line": {"color": colour, "width": 2},
        },
    }


def _positions(positions: list[tuple[int, int]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [lap for lap, _ in positions],
        "y": [position for _, position in positions],
        "yaxis": "y2",
        "line": {"color": "--green", "width": 2, "shape": "hv"},
        "marker": {"size": 5, "color": "--green"},
        "hovertemplate": "Lap %{x}: P%{y}<extra></extra>",
    }


def _table(rows: list[Row]) -> str:
    clean = [row["lap_time_s"] for row in rows if row["clean"] and row["lap_time_s"] is not None]
    best = min(clean, default=None)
    lines = []
    for row in rows:
        is_best = row["clean"] and row["lap_time_s"] == best
        why = "best" if is_best else "clean" if row["clean"] else in_words(row["reasons"])
        gap = None if best is None or row["lap_time_s"] is None else row["lap_time_s"] - best
        lines.append(
            words.row(
                (
                    row["name"],
                    words.lap_time(row["lap_time_s"]),
                    words.signed(gap) if gap and row["clean"] else "",
                    f'<span class="kind">{escape(row["kind"])}</span>',
                    escape(why),
                    amount(row["fuel_used_l"], "volume", 3, unit=False),
                    "" if row["position"] is None else f"P{row['position']}",
                ),
                "best" if is_best else "clean" if row["clean"] else "not-clean",
            )
        )
    head = ("Lap", "Time", "To best", "Kind", "Counts?", f"Fuel, {symbol('volume')}", "Pos.")
    return words.table(head, lines, kind="laps")
