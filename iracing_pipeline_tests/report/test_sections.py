"""Sections of a report by themselves: attempts at one lap, energy, local time."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from iracing_pipeline.analysis.fuel import fuel_laps
from iracing_pipeline.page import Charts
from iracing_pipeline.report import words
from iracing_pipeline.report.sections import fuel
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP

NUMBERS = ((1, 3), (1, 4), (2, 4), (2, 5), (2, 6))


def data(source: str, **values: float | None) -> Any:
    """A session of five laps, two of them attempts at lap 4."""
    laps = TELEMETRY_LAP.frame(
        {
            "session_key": "s",
            "stint": stint,
            "lap_number": number,
            "kind": "timed",
            "reasons": [],
            "clean": True,
            "start_time": datetime(2026, 3, 7, 19, 15, tzinfo=UTC),
            "start_session_time_s": 20.0 * at,
            "distance_m": 800.0,
            **values,
        }
        for at, (stint, number) in enumerate(NUMBERS)
    )
    session = {"power_source": source, "fuel_tank_l": 60.0, "energy_capacity_kwh": 50.0}
    return SimpleNamespace(session=session, laps=laps, fuel=fuel_laps(laps))


def drawn(of: Any) -> tuple[str, dict[str, Any]]:
    """The section, and the bars of its chart."""
    charts = Charts()
    html = fuel.section(of, charts)
    ((bars,),) = [figure["data"] for figure in charts.figures.values()]
    return html, bars


def test_each_attempt_at_a_lap_is_a_bar_of_its_own() -> None:
    html, bars = drawn(data("fuel", fuel_used_l=2.5, fuel_end_l=40.0))

    assert bars["x"] == ["3", "4 (stint 1)", "4 (stint 2)", "5", "6"]
    assert bars["y"] == [2.5] * 5
    assert "<h2>Fuel</h2>" in html
    assert "kWh" not in html


def test_a_hybrid_has_energy_beside_litres() -> None:
    html, bars = drawn(
        data("hybrid", fuel_used_l=2.5, energy_used_kwh=0.02, energy_deployed_kwh=0.4)
    )

    assert "<h2>Fuel and energy</h2>" in html
    assert "A lap burns, median" in html
    assert "0.400\u202fkWh" in html
    assert "0.020\u202fkWh" in html
    assert bars["quantity"] == {"y": "volume"}


def test_an_electric_car_has_energy_alone() -> None:
    html, bars = drawn(data("electric", energy_used_kwh=2.0, energy_end_kwh=20.0))

    assert "<h2>Energy</h2>" in html
    assert "A lap burns" not in html
    assert "25 laps" in html
    assert (bars["y"], bars["quantity"]) == ([2.0] * 5, {"y": "energy"})


def test_attempts_of_one_stint_have_names_of_their_own() -> None:
    rows = [{"lap_number": 1, "stint": 1}] * 2 + [{"lap_number": 2, "stint": 1}]

    assert words.attempts(rows) == ["1 (stint 1)", "1 (stint 1, 2)", "2"]


@pytest.mark.parametrize(
    ("offset", "source", "time", "zone"),
    [
        (3600, "header", "20:15", "UTC+01:00"),
        (-12600, "header", "15:45", "UTC-03:30"),
        (None, "header", "19:15", "UTC"),
        (None, "file_name", "19:15", "local time by the file's name, time zone unknown"),
        (None, "modified", "19:15", "UTC, estimated from the file's modification time"),
    ],
)
def test_times_are_local_where_the_zone_is_known(
    offset: int | None, source: str, time: str, zone: str
) -> None:
    session = {"utc_offset_s": offset, "start_source": source}
    moment = datetime(2026, 3, 7, 19, 15, tzinfo=UTC)

    assert f"{words.local(moment, session):%H:%M}" == time
    assert words.zone(session) == zone
