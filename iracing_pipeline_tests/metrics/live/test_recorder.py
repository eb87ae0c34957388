"""From live to history: laps that were seen are compared with the file, each once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from iracing_pipeline.demo.live_race import RaceSetup
from iracing_pipeline.metrics.live.recorder import Recorder
from iracing_pipeline.metrics.live.simulator import Reading, Simulator
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse.load import replace
from iracing_pipeline_tests.metrics.live.memory_files import Race
from iracing_pipeline_tests.warehouse.test_load import lap, session

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

GREEN = 1_795_900_000.0


def watched(
    path: Path, recorder: Recorder, *, stop_at: float | None = None
) -> tuple[Race, Reading]:
    race = Race(path, RaceSetup(cars=4, minutes=14.0, tank=0.12, seed=6))
    now = [0.0]
    simulator = Simulator(path, clock=lambda: GREEN + now[0], monotonic=lambda: now[0])
    reading = None
    for t in np.arange(30.0, stop_at or race.moments.over_s, 2.0):
        now[0] = float(t)
        race.at(float(t))
        reading = simulator.read()
        assert reading is not None
        assert reading.own is not None
        chart = simulator.field_watch.charts[reading.own.entry.index]
        recorder.see(reading, chart, simulator.fuel)
    assert reading is not None
    return race, reading


def flush(recorder: Recorder) -> None:
    recorder.start()
    deadline = time.monotonic() + 20
    while recorder.waiting and time.monotonic() < deadline:
        time.sleep(0.02)
    recorder.stop()
    assert recorder.waiting == 0


def file_of(connection: Connection, race: Race, reading: Reading, **changed: Any) -> None:
    """Load the file of the session as the pipeline would, with some laps changed."""
    timing, own = race.timing, race.timing.own
    about = reading.about
    first = datetime(2024, 5, 1, 12, tzinfo=UTC)
    row = {
        **session("a"),
        "start_time": first,
        "end_time": first + timedelta(hours=1),
        "subsession_id": about.subsession_id,
        "cust_id": about.recorder_id,
        "car_id": about.car_id,
        "track_id": about.track_id,
    }
    pit = {n for stop in timing.stops[own] for n in (stop.lap, stop.lap + 1)}
    laps = []
    for number in range(1, int(timing.laps[own]) + 1):
        seconds = timing.crossed_s[own, number] - timing.crossed_s[own, number - 1]
        laps.append(
            {
                **lap("a", number),
                "simsession_number": 2,
                "official_lap_time_s": seconds + changed.get("late_s", {}).get(number, 0.0),
                "end_session_time_s": timing.crossed_s[own, number],
                "fuel_used_l": timing.burnt_l[own, number],
                "pit_road_s": 20.0 if number in pit else 0.0,
            }
        )
    replace(
        connection, TELEMETRY_SESSION, TELEMETRY_SESSION.frame([row]), where={"session_key": ["a"]}
    )
    replace(connection, TELEMETRY_LAP, TELEMETRY_LAP.frame(laps), where={"session_key": ["a"]})
    connection.commit()


def compared(connection: Connection) -> tuple[Any, ...]:
    row = connection.execute(
        "SELECT lap_count, different_lap_count, unseen_lap_count FROM grafana.live_sessions"
    ).fetchone()
    assert row is not None
    return row


@pytest.fixture
def seen(tmp_path: Path, database: str) -> tuple[Race, Reading]:
    recorder = Recorder(lambda: database)
    found = watched(tmp_path / "memory", recorder)
    flush(recorder)
    return found


def test_laps_seen_live_are_those_of_the_file(
    connection: Connection, seen: tuple[Race, Reading]
) -> None:
    race, reading = seen
    file_of(connection, race, reading)

    laps = int(race.timing.laps[race.timing.own])
    assert compared(connection) == (laps, 0, 0)
    worst = connection.execute(
        "SELECT largest_time_difference_s, largest_fuel_difference_l FROM grafana.live_sessions"
    ).fetchone()
    assert worst is not None
    assert worst[0] < 1e-3
    assert worst[1] < 0.02


def test_a_lap_that_differs_is_counted(connection: Connection, seen: tuple[Race, Reading]) -> None:
    race, reading = seen
    file_of(connection, race, reading, late_s={3: 0.005, 4: 0.0005})

    assert compared(connection)[1] == 1


def test_a_live_that_is_started_anew_counts_no_lap_twice(
    tmp_path: Path, database: str, connection: Connection
) -> None:
    for number in range(2):
        recorder = Recorder(lambda: database)
        watched(tmp_path / f"memory{number}", recorder, stop_at=500.0)
        flush(recorder)

    rows = connection.execute(
        "SELECT count(*), count(DISTINCT lap_number) FROM racing.live_lap"
    ).fetchone()
    assert rows is not None
    assert rows[0] == rows[1] == 4


def test_without_a_database_laps_wait_and_nothing_blocks(tmp_path: Path) -> None:
    recorder = Recorder(lambda: None)
    recorder.start()
    watched(tmp_path / "memory", recorder, stop_at=500.0)

    assert recorder.waiting == 4
    recorder.stop()
