"""The running simulator, through a copy of its memory and through one that comes and goes."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import irsdk
import pytest

from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.channels import CHANNELS, value
from iracing_pipeline.metrics.live.gauges import families
from iracing_pipeline.metrics.live.serve import serve
from iracing_pipeline.metrics.live.simulator import NoSimulatorError, Reading, Simulator
from iracing_pipeline_tests import real_files
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, PROMTOOL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class Memory:
    """Stands in for pyirsdk: what the simulator writes, and whether it runs."""

    running = True
    values: dict[str, Any] = {}  # noqa: RUF012 - one for all, as the memory is
    starts = 0

    def startup(self, test_file: str | None = None) -> bool:
        del test_file
        Memory.starts += Memory.running
        return Memory.running

    def shutdown(self) -> None:
        pass

    @property
    def is_connected(self) -> bool:
        return Memory.running

    @property
    def var_headers_names(self) -> list[str]:
        return list(Memory.values)

    def freeze_var_buffer_latest(self) -> None:
        if Memory.values.get("Speed") is None:
            raise ValueError("mmap closed")

    def unfreeze_var_buffer_latest(self) -> None:
        pass

    def __getitem__(self, name: str) -> Any:
        return Memory.values[name]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> type[Memory]:
    monkeypatch.setattr("irsdk.IRSDK", Memory)
    monkeypatch.setattr(sys, "platform", "win32")
    Memory.running, Memory.starts = True, 0
    Memory.values = {
        "Speed": 50.0,
        "Lap": 3,
        "FuelLevel": 20.0,
        "OnPitRoad": False,
        "IsOnTrack": True,
        "SessionUniqueID": 1,
        "SessionFlags": 0x4008,
        "PlayerCarPosition": 0,
        "SessionTimeRemain": 604800.0,
        "SessionLapsRemainEx": 32767,
        "LapDeltaToBestLap": 0.4,
        "LapDeltaToBestLap_OK": False,
        "LapLastLapTime": -1.0,
        "LFpressure": 180.0,
        "DriverInfo": {
            "DriverCarIdx": 7,
            "Drivers": [{"CarIdx": 7, "CarScreenName": "Formula Vee"}],
        },
        "WeekendInfo": {"TrackDisplayName": "Tsukuba", "TrackConfigName": "1K"},
    }
    return Memory


def test_values_and_placeholders(memory: type[Memory]) -> None:
    shown = lines(Simulator().read())

    assert shown["iracing_live_speed_meters_per_second"] == 50
    assert shown['iracing_live_tyre_pressure_pascals{wheel="left_front"}'] == 180_000
    assert shown['iracing_live_car_info{car="Formula Vee",track="Tsukuba (1K)"}'] == 1
    assert shown['iracing_live_flag{flag="caution"}'] == 1
    assert shown['iracing_live_flag{flag="red"}'] == 0
    for absent in ("position", "session_remaining_seconds", "session_remaining_laps",
                   "delta_to_best_lap_seconds", "last_lap_seconds", "gear"):  # fmt: skip
        assert f"iracing_live_{absent}" not in shown
    memory.values |= {"LapDeltaToBestLap_OK": True, "PlayerCarPosition": 4}
    shown = lines(Simulator().read())
    assert shown["iracing_live_delta_to_best_lap_seconds"] == 0.4
    assert shown["iracing_live_position"] == 4


def test_a_channel_of_360_hz_shows_its_last_sample(memory: type[Memory]) -> None:
    memory.values |= {"Speed": [40.0, 42.0, 44.0, 46.0, 48.0, 50.0]}

    assert lines(Simulator().read())["iracing_live_speed_meters_per_second"] == 50


def test_fuel_is_told_in_laps(memory: type[Memory]) -> None:
    simulator = Simulator()
    for lap in range(3, 7):
        memory.values |= {"Lap": lap, "FuelLevel": 20.0 - 2 * lap}
        reading = simulator.read()

    assert reading is not None
    assert (reading.fuel_per_lap, reading.laps_of_fuel) == (2, 4)


def test_it_waits_for_the_simulator_and_survives_its_restart(memory: type[Memory]) -> None:
    simulator = Simulator()
    memory.running = False
    assert lines(simulator.read()) == {"iracing_live_connected": 0}
    memory.running = True
    assert simulator.read() is not None
    memory.running = False
    assert simulator.read() is None
    memory.running = True
    memory.values["Speed"] = 10.0

    reading = simulator.read()

    assert reading is not None
    assert reading.values["Speed"] == 10
    assert memory.starts == 2


def test_memory_that_goes_away_while_it_is_read_is_no_error(memory: type[Memory]) -> None:
    simulator = Simulator()
    assert simulator.read() is not None
    memory.values["Speed"] = None

    assert simulator.read() is None


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
    assert (reading.car, reading.track) == (
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


@NEEDS_DUMP
def test_it_is_served_through_a_restart_of_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, opened = [False], list[object]()

    class Coming(irsdk.IRSDK):  # type: ignore[misc]  # pyirsdk has no types
        """pyirsdk on a copy of the memory, which is there while the simulator runs."""

        def startup(self, *arguments: Any, **named: Any) -> bool:
            if not runs[0]:
                return False
            opened.append(self)
            return bool(super().startup(*arguments, **named))

        @property
        def is_connected(self) -> bool:
            return runs[0] and self._header is not None

    monkeypatch.setattr("irsdk.IRSDK", Coming)
    with served(Simulator(DUMPS[0])) as shown:
        assert shown() == {"iracing_live_connected": 0}
        for _ in range(2):
            runs[0] = True
            found = until(shown, lambda found: found["iracing_live_connected"] == 1)
            assert len(found) > 40
            runs[0] = False
            assert until(shown, lambda found: found["iracing_live_connected"] == 0) == {
                "iracing_live_connected": 0
            }

    assert len(opened) == 2
    assert all(each._shared_mem is None for each in opened), "the memory is let go"  # type: ignore[attr-defined]


@contextmanager
def served(simulator: Simulator) -> Iterator[Callable[[], dict[str, float]]]:
    """What is shown of a simulator, whenever it is called."""
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
            with urlopen(where[0], timeout=5) as answer:  # noqa: S310 - our own
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
