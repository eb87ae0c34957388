"""Reading the shared memory while it is written to, and memory that is damaged."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from iracing_pipeline.ibt.layout import BUFFERS_OFFSET, LIVE_BUFFER
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.gauges import families
from iracing_pipeline.metrics.live.memory import LayoutError, SharedMemory, TornReadError
from iracing_pipeline.metrics.live.simulator import WANTED, Simulator
from iracing_pipeline_tests.metrics.live.memory_files import Car, Race

if TYPE_CHECKING:
    from pathlib import Path

WANT = {"Speed", "FuelLevel", "Lap"}


def descriptor(memory: bytearray, number: int) -> tuple[int, int, int]:
    return LIVE_BUFFER.unpack_from(memory, BUFFERS_OFFSET + 16 * number)


def describe(memory: bytearray, number: int, *values: int) -> None:
    LIVE_BUFFER.pack_into(memory, BUFFERS_OFFSET + 16 * number, *values)


def newest(memory: bytearray) -> int:
    return max(range(3), key=lambda number: descriptor(memory, number)[0])


@pytest.fixture
def memory(tmp_path: Path) -> bytearray:
    car = Car(tmp_path / "memory")
    car.write(Speed=51.0)
    car.write(Speed=52.0)
    return bytearray(car.path.read_bytes())


def test_the_newest_record_is_read(memory: bytearray) -> None:
    record = SharedMemory(memory, WANT).latest()

    assert record.values == {"Speed": 52.0, "FuelLevel": 20.0, "Lap": 3}
    assert (record.tick, record.torn) == (3, 0)


def test_a_buffer_that_is_being_written_is_left_alone(memory: bytearray) -> None:
    number = newest(memory)
    tick, offset, _ = descriptor(memory, number)
    describe(memory, number, tick, offset, tick + 3)

    assert SharedMemory(memory, WANT).latest().values["Speed"] == 51.0


class Writing(bytearray):
    """A memory of which each buffer is written to while it is copied."""

    times = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if isinstance(key, slice) and self.times > 0:
            self.times -= 1
            number = next(n for n in range(3) if descriptor(self, n)[1] == key.start)
            tick, offset, _ = descriptor(self, number)
            describe(self, number, tick + 3, offset, tick + 3)
        return found


def test_a_record_that_was_written_to_meanwhile_is_read_again(memory: bytearray) -> None:
    writing = Writing(memory)
    reader = SharedMemory(writing, WANT)
    writing.times = 1

    record = reader.latest()

    assert record.torn == 1
    assert record.values["Speed"] in {51.0, 52.0}


def test_a_memory_that_never_holds_still_is_no_reading(memory: bytearray) -> None:
    writing = Writing(memory)
    reader = SharedMemory(writing, WANT)
    writing.times = 10**6

    with pytest.raises(TornReadError):
        reader.latest()


def test_builds_without_a_tick_before_the_record_are_read(memory: bytearray) -> None:
    for number in range(3):
        tick, offset, _ = descriptor(memory, number)
        describe(memory, number, tick, offset, 0)

    assert SharedMemory(memory, WANT).latest().values["Speed"] == 52.0


def test_session_info_that_is_cut_short_is_none(memory: bytearray) -> None:
    reader = SharedMemory(memory, WANT)
    update, sections = reader.session_info(("DriverInfo",)) or (0, {})
    assert update == 1
    assert b"Formula Vee" in sections["DriverInfo"]

    memory[memory.index(b"...\n")] = 0

    assert reader.session_info(("DriverInfo",)) is None


HEADER_FIELDS = {
    "version": 0,
    "session info length": 16,
    "session info offset": 20,
    "channels": 24,
    "channels offset": 28,
    "buffers": 32,
    "record length": 36,
}


@pytest.mark.parametrize("at", HEADER_FIELDS.values(), ids=HEADER_FIELDS)
@pytest.mark.parametrize("value", [-1, 0, 2**31 - 1, -(2**31), 10**6])
def test_a_header_of_nonsense_is_no_simulator_and_no_crash(
    tmp_path: Path, memory: bytearray, at: int, value: int
) -> None:
    struct.pack_into("<i", memory, at, value)
    path = tmp_path / "damaged"
    path.write_bytes(memory)

    reading = Simulator(path).read()

    assert reading is None or reading.values["Speed"] == 52.0


@pytest.mark.parametrize("size", [0, 1, 47, 112, 143, 4096])
def test_a_memory_of_any_size_is_no_crash(tmp_path: Path, memory: bytearray, size: int) -> None:
    path = tmp_path / "short"
    path.write_bytes(memory[:size])

    assert Simulator(path).read() is None


def test_a_buffer_outside_the_memory_is_refused(memory: bytearray) -> None:
    reader = SharedMemory(memory, WANT)
    describe(memory, newest(memory), 99, 2**31 - 1, 99)

    with pytest.raises(LayoutError):
        reader.latest()


def test_random_damage_never_breaks_a_reading_or_a_scrape(tmp_path: Path) -> None:
    race = Race(tmp_path / "memory")
    for t in (60.0, 61.0, 62.0):
        race.at(t)
    whole = race.path.read_bytes()
    rng = np.random.default_rng(5)
    path = tmp_path / "damaged"
    for _ in range(60):
        damaged = bytearray(whole)
        # Half of the damage in the header and the channels, half anywhere.
        places = np.concatenate(
            [
                rng.integers(0, 112, 2),
                rng.integers(0, len(whole), 400),
                rng.integers(524400, len(whole), 60),
            ]
        )
        for at in places:
            damaged[at] = int(rng.integers(0, 256))
        path.write_bytes(damaged)
        simulator = Simulator(path)
        reading = simulator.read()
        exposition(families(reading))
        simulator.close()


def test_all_channels_of_a_race_are_wanted_and_there(tmp_path: Path) -> None:
    race = Race(tmp_path / "memory")
    race.at(60.0)

    there = SharedMemory(race.path.read_bytes(), WANTED).channels

    assert {"CarIdxF2Time", "CarIdxLastLapTime", "SessionTime", "FuelLevel"} <= there
