"""The running simulator, through a copy of its memory and through one that comes and goes."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np
import pytest

from iracing_pipeline.demo.live_race import RaceSetup
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.channels import CHANNELS, value
from iracing_pipeline.metrics.live.gauges import families
from iracing_pipeline.metrics.live.serve import serve
from iracing_pipeline.metrics.live.simulator import NoSimulatorError, Reading, Simulator
from iracing_pipeline_tests import real_files
from iracing_pipeline_tests.metrics.live.memory_files import VALUES, Car, Race
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, PROMTOOL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DUMPS = [path for path in real_files.odd_files() if "live-memory" in path.name]
NEEDS_DUMP = pytest.mark.skipif(not DUMPS, reason="no copy of the simulator's memory")


def lines(reading: Reading | None) -> dict[str, float]:
    return parsed(exposition(families(reading)).decode())


def parsed(text: str) -> dict[str, float]:
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in text.splitlines())
        if not name.startswith("#")
    }


@pytest.fixture
def car(tmp_path: Path) -> Car:
    return Car(tmp_path / "memory")


def test_values_and_placeholders(car: Car) -> None:
    simulator = Simulator(car.path)
    shown = lines(simulator.read())

    assert shown["iracing_live_speed_meters_per_second"] == 50
    assert shown['iracing_live_tyre_pressure_pascals{wheel="left_front"}'] == 180_000
    assert shown['iracing_live_car_info{car="Formula Vee",track="Tsukuba (1K)"}'] == 1
    assert shown['iracing_live_flag{flag="caution"}'] == 1
    assert shown['iracing_live_flag{flag="red"}'] == 0
    for absent in ("position", "session_remaining_seconds", "session_remaining_laps",
                   "delta_to_best_lap_seconds", "last_lap_seconds", "gear"):  # fmt: skip
        assert f"iracing_live_{absent}" not in shown
    car.write(LapDeltaToBestLap_OK=True, PlayerCarPosition=4)
    shown = lines(simulator.read())
    assert shown["iracing_live_delta_to_best_lap_seconds"] == 0.4
    assert shown["iracing_live_position"] == 4


def test_values_that_are_no_numbers_are_left_out(car: Car) -> None:
    car.write(Speed=float("nan"), FuelLevel=float("inf"), LFpressure=float("-inf"))

    shown = lines(Simulator(car.path).read())

    assert "iracing_live_speed_meters_per_second" not in shown
    assert "iracing_live_fuel_level_liters" not in shown
    assert not any("tyre_pressure" in name for name in shown)


def test_a_channel_of_360_hz_shows_its_last_sample(tmp_path: Path) -> None:
    samples = {**VALUES, "Speed": [40.0, 42.0, 44.0, 46.0, 48.0, 50.0]}
    car = Car(tmp_path / "memory", samples)

    shown = lines(Simulator(car.path).read())

    assert shown["iracing_live_speed_meters_per_second"] == 50


def test_fuel_is_given_in_laps(car: Car) -> None:
    simulator = Simulator(car.path)
    for lap in range(3, 7):
        car.write(Lap=lap, FuelLevel=20.0 - 2 * lap)
        reading = simulator.read()

    assert reading is not None
    assert (reading.fuel_per_lap, reading.laps_of_fuel) == (2, 4)


def test_it_waits_for_the_simulator_and_survives_its_restart(car: Car) -> None:
    simulator = Simulator(car.path)
    car.writer.disconnect()
    assert lines(simulator.read()) == {"iracing_live_connected": 0}
    car.writer.connect()
    assert simulator.read() is not None
    car.restart()
    car.writer.disconnect()
    assert simulator.read() is None
    car.writer.connect()
    car.write(Speed=10.0)

    reading = simulator.read()

    assert reading is not None
    assert reading.values["Speed"] == 10


def test_a_simulator_that_hangs_is_not_shown_as_if_it_ran(car: Car) -> None:
    now = [0.0]
    simulator = Simulator(car.path, monotonic=lambda: now[0])
    assert simulator.read() is not None
    car.write(Speed=51.0)
    now[0] = 1.0
    assert simulator.read() is not None

    now[0] = 7.0
    assert simulator.read() is None

    car.write(Speed=52.0)
    now[0] = 8.0
    assert simulator.read() is not None


def test_a_session_that_changes_begins_anew(car: Car) -> None:
    simulator = Simulator(car.path)
    for lap in range(3, 6):
        car.write(Lap=lap, FuelLevel=20.0 - 2 * lap)
        reading = simulator.read()
    assert reading is not None
    assert reading.fuel_per_lap == 2

    car.write(SessionNum=1, Lap=1, FuelLevel=30.0)
    reading = simulator.read()

    assert reading is not None
    assert reading.fuel_per_lap is None


def test_memory_that_goes_away_while_it_is_read_is_no_error(car: Car) -> None:
    simulator = Simulator(car.path)
    assert simulator.read() is not None
    simulator._view.close()

    assert simulator.read() is None
    assert simulator.read() is not None


def test_a_driver_swap_is_seen_and_no_lap_goes_to_the_wrong_driver(tmp_path: Path) -> None:
    race = Race(tmp_path / "memory", RaceSetup(cars=3, minutes=22.0, drivers=2, tank=0.1, seed=3))
    clock = [0.0]
    simulator = Simulator(race.path, monotonic=lambda: clock[0])
    own, seen = race.timing.own, set[int | None]()
    for t in np.arange(20.0, race.moments.over_s, 1.0):
        clock[0] = float(t)
        race.at(float(t))
        reading = simulator.read()
        assert reading is not None
        seen.add(reading.about.driver_id)

    stops = race.timing.stops[own]
    assert len(stops) >= 3
    assert len(seen) == 2
    for lap in simulator.fuel.laps:
        middle = race.timing.crossed_s[own, lap.lap - 1 : lap.lap + 1].mean()
        assert lap.driver_id == race.entries.driver(own, float(middle)).cust_id


def test_the_lap_chart_is_that_of_the_race(tmp_path: Path) -> None:
    race = Race(tmp_path / "memory")
    clock = [0.0]
    simulator = Simulator(race.path, monotonic=lambda: clock[0])
    for t in np.arange(30.0, race.moments.over_s, 1.0):
        clock[0] = float(t)
        race.at(float(t))
        simulator.read()

    for car in range(race.timing.setup.cars):
        chart = simulator.field_watch.charts[int(race.moments.index_of[car])].crossings
        assert [each.lap for each in chart] == list(range(race.timing.laps[car] + 1))
        errors = [each.session_time_s - race.timing.crossed_s[car, each.lap] for each in chart]
        assert max(map(abs, errors)) < 0.1
        stopped = {stop.lap for stop in race.timing.stops[car] if stop.lap < race.timing.laps[car]}
        assert {each.lap for each in chart if each.pitted} >= stopped


@pytest.mark.skipif(sys.platform == "win32", reason="there, it may run")
def test_where_there_can_be_no_simulator_it_says_so() -> None:
    with pytest.raises(NoSimulatorError, match="racing PC"):
        Simulator().read()


@NEEDS_DUMP
def test_a_copy_of_the_memory() -> None:
    simulator = Simulator(DUMPS[0])
    reading = simulator.read()
    simulator.close()

    assert reading is not None
    assert (reading.about.car, reading.about.track) == (
        "Mercedes-AMG W13 E Performance",
        "Autodromo Nazionale Monza",
    )
    assert reading.values["RPM"] == 300
    assert value(CHANNELS[0], reading.values) == 0
    assert len(lines(reading)) > 40


@NEEDS_DUMP
@NEEDS_PROMETHEUS
def test_promtool_finds_nothing_to_say() -> None:
    import subprocess  # noqa: PLC0415 - needed here alone

    text = exposition(families(Simulator(DUMPS[0]).read()))
    done = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@NEEDS_DUMP
def test_a_reading_and_a_scrape_a_second_cost_little() -> None:
    simulator = Simulator(DUMPS[0])
    simulator.read()
    began = time.thread_time()
    for _ in range(50):
        exposition(families(simulator.read()))

    # Of one core, at one reading and one scrape a second: 2 % is 20 ms.
    assert (time.thread_time() - began) / 50 < 0.02


@NEEDS_DUMP
def test_it_is_served() -> None:
    with served(Simulator(DUMPS[0])) as shown:
        assert shown()["iracing_live_connected"] == 1


def test_it_is_served_through_a_restart_of_the_simulator(car: Car) -> None:
    car.writer.disconnect()
    with served(Simulator(car.path)) as shown:
        assert shown() == {"iracing_live_connected": 0}
        for speed in (11.0, 12.0):
            car.restart()
            car.write(Speed=speed)
            found = until(shown, lambda found: found["iracing_live_connected"] == 1)
            assert found["iracing_live_speed_meters_per_second"] in {50.0, speed}
            car.writer.disconnect()
            assert until(shown, lambda found: found["iracing_live_connected"] == 0) == {
                "iracing_live_connected": 0
            }


@contextmanager
def served(simulator: Simulator) -> Iterator[Callable[[], dict[str, float]]]:
    """Metrics of a simulator at each call."""
    stop, ready, where = threading.Event(), threading.Event(), list[str]()

    def started(url: str) -> None:
        where.append(url)
        ready.set()

    thread = threading.Thread(
        target=serve,
        args=(simulator, started),
        kwargs={"port": 0, "every_s": 0.02, "search_every_s": 0.02, "stop": stop},
    )
    thread.start()
    try:
        assert ready.wait(10)

        def shown() -> dict[str, float]:
            with urlopen(f"{where[0]}metrics", timeout=5) as answer:  # noqa: S310 - our own
                return parsed(answer.read().decode())

        yield shown
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def until(
    shown: Callable[[], dict[str, float]], holds: Callable[[dict[str, float]], bool]
) -> dict[str, float]:
    deadline = time.monotonic() + 20
    while not holds(found := shown()):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found
