"""Sets of tyres as measured in the pits, and their temperatures lap by lap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import numbers
from iracing_pipeline.page.units import amount
from iracing_pipeline.report import chart, words
from iracing_pipeline.tables.stints import WHEELS

if TYPE_CHECKING:
    from iracing_pipeline.page import Charts
    from iracing_pipeline.report.data import Row, SessionData

_NAMES = {"lf": "left front", "rf": "right front", "lr": "left rear", "rr": "right rear"}
_COLOURS = {"lf": "--blue", "rf": "--orange", "lr": "--green", "rr": "--purple"}


def section(data: SessionData, charts: Charts) -> str:
    """Each set, and pressures and temperatures by lap."""
    sets = data.tyre_sets.sort("tyre_set").rows(named=True)
    if not sets:
        return words.section(
            "tyres", "Tyres", words.empty("The file says nothing of tyres, or no lap was driven.")
        )
    cards = "".join(_set(each) for each in sets)
    return words.section(
        "tyres",
        "Tyres",
        f'<div class="sets">{cards}</div>',
        _charts(data, charts),
        about="Tread and carcass temperature are measured in the pits alone, as the set came off or"
        " at its last stop; left, middle and right third as seen from behind.",
    )


def _set(row: Row) -> str:
    laps = words.count(row["lap_count"], "lap")
    far = "" if row["distance_m"] is None else f", {amount(row['distance_m'], 'length', 1)}"
    wheels = "".join(_wheel(row, wheel) for wheel in WHEELS)
    measured = (
        ""
        if row["measured_session_time_s"] is not None
        else words.empty("Not measured after driving: the car did not stop in its pit stall.")
    )
    return (
        f'<div class="card set"><h3>Set {row["tyre_set"]} <small>{laps}{far}</small></h3>'
        f'<div class="wheels">{wheels}</div>{measured}</div>'
    )


def _wheel(row: Row, wheel: str) -> str:
    tread, carcass = row[f"{wheel}_tread"], row[f"{wheel}_carcass_c"]
    thirds = "".join(
        f"<span><b>{_percent(tread, at)}</b>{_temperature(carcass, at)}</span>"
        for at in range(3 if tread or carcass else 0)
    )
    cold = row[f"{wheel}_cold_pressure_kpa"]
    pressure = "" if cold is None else f" {amount(cold, 'pressure', 0)} cold"
    return f'<div class="wheel"><h4>{wheel.upper()}{pressure}</h4><div>{thirds}</div></div>'


def _percent(values: list[float | None] | None, at: int) -> str:
    value = values[at] if values and len(values) > at else None
    return "" if value is None else f"{value * 100:.0f}\u202f%"


def _temperature(values: list[float | None] | None, at: int) -> str:
    value = values[at] if values and len(values) > at else None
    return "" if value is None else amount(value, "temperature", 0)


def _charts(data: SessionData, charts: Charts) -> str:
    rows = data.tyre_laps.sort("stint", "lap_number").rows(named=True)
    names = words.attempts(rows)
    drawn = []
    for title, quantity, of in (
        ("surface, {temperature}", "temperature", _surface),
        ("hot pressure, {pressure}", "pressure", _pressure),
    ):
        lines = [_line(rows, wheel, quantity, of) for wheel in WHEELS]
        with_values = [line for line in lines if any(value is not None for value in line["y"])]
        if not with_values or len(rows) < 2:
            continue
        drawing = chart.figure(
            with_values,
            xaxis=chart.lap_axis(names, 10),
            yaxis=chart.axis(title, nticks=6),
            hovermode="x unified",
            showlegend=True,
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        )
        drawn.append(f'<div class="card">{charts.add(drawing, label=title, height_px=260)}</div>')
    return f'<div class="pair">{"".join(drawn)}</div>' if drawn else ""


def _line(rows: list[Row], wheel: str, quantity: str, of: Any) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _NAMES[wheel],
        "x": words.attempts(rows),
        "y": numbers([of(row, wheel) for row in rows], 2),
        "quantity": {"y": quantity},
        "connectgaps": False,
        "line": {"color": _COLOURS[wheel], "width": 2},
        "marker": {"size": 5},
        "hovertemplate": f"%{{y:.1f}} {{{quantity}}} {_NAMES[wheel]}<extra></extra>",
    }


def _surface(row: Row, wheel: str) -> float | None:
    thirds = [row[f"{wheel}_temp_{third}_c"] for third in "lmr"]
    return None if None in thirds else sum(thirds) / 3


def _pressure(row: Row, wheel: str) -> float | None:
    value: float | None = row[f"{wheel}_pressure_kpa"]
    return value
