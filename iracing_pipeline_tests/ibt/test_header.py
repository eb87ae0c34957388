from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from iracing_pipeline.ibt import (
    CorruptHeaderError,
    EmptyFileError,
    IbtFile,
    LiveMemoryError,
    NotTelemetryError,
    TruncatedFileError,
    UnsupportedVersionError,
    read_ibt,
)
from iracing_pipeline_tests import real_files
from iracing_pipeline_tests.ibt.damage import get, put, put_bytes, put_channel

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.ibt import IbtError

TYPE, OFFSET, COUNT, NAME = 0, 4, 8, 16


def test_channels_as_declared(small_file: Path) -> None:
    channels = IbtFile(small_file).channels
    torque = channels["SteeringWheelTorque_ST"]
    assert (torque.count, torque.count_as_time) == (6, True)
    assert list(channels)[:2] == ["SessionTime", "SessionTick"]


def test_text_of_a_channel_ends_at_nul_and_is_latin_1(small_file: Path) -> None:
    put_channel(small_file, 0, NAME + 32, b"caf\xe9 \0rubbish")
    assert IbtFile(small_file).facts.descriptions["SessionTime"] == "café"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFileError),
        (b"\x02", NotTelemetryError),
        (b"\x02\0\0\0", TruncatedFileError),
        (b"\x02\0\0\0" + bytes(139), TruncatedFileError),
        (bytes(144), NotTelemetryError),
        (b"%PDF-1.7" + bytes(5000), NotTelemetryError),
        (b"PK\x03\x04" + bytes(5000), NotTelemetryError),
        (b"PAR1" * 100, NotTelemetryError),
        (b"\xff" * 5000, NotTelemetryError),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, content: bytes, error: type[IbtError]
) -> None:
    (tmp_path / "a.ibt").write_bytes(content)
    with pytest.raises(error, match=r"^a\.ibt: .+\. .+"):
        read_ibt(tmp_path / "a.ibt")


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("version", 0, NotTelemetryError),
        ("version", 3, UnsupportedVersionError),
        ("version", -1, NotTelemetryError),
        ("tick_rate", 0, CorruptHeaderError),
        ("tick_rate", -60, CorruptHeaderError),
        ("tick_rate", 100_000, CorruptHeaderError),
        ("channel_count", 0, CorruptHeaderError),
        ("channel_count", -1, CorruptHeaderError),
        ("channel_count", 1_000_000, CorruptHeaderError),
        ("channel_count", 2**31 - 1, CorruptHeaderError),
        ("channels_offset", 0, CorruptHeaderError),
        ("channels_offset", -144, CorruptHeaderError),
        ("channels_offset", 2**31 - 1, CorruptHeaderError),
        ("buffer_count", 0, CorruptHeaderError),
        ("buffer_count", 2**31 - 1, CorruptHeaderError),
        ("record_length", 0, CorruptHeaderError),
        ("record_length", -100, CorruptHeaderError),
        ("record_length", 1, CorruptHeaderError),
        ("record_length", 2**31 - 1, CorruptHeaderError),
        ("record_offset", 0, CorruptHeaderError),
        ("record_offset", -1, CorruptHeaderError),
        ("record_offset", 2**31 - 1, TruncatedFileError),
        ("start", -1, CorruptHeaderError),
        ("start", 2**62, CorruptHeaderError),
    ],
)
def test_absurd_numbers_are_refused(
    small_file: Path, field: str, value: int, error: type[IbtError]
) -> None:
    put(small_file, field, value)
    with pytest.raises(error, match=r"^small\.ibt: "):
        read_ibt(small_file)


def test_a_dump_of_live_memory_is_told_from_a_recording(small_file: Path) -> None:
    put(small_file, "buffer_count", 3)
    put(small_file, "session_info_offset", 112)
    with pytest.raises(LiveMemoryError, match="live memory"):
        read_ibt(small_file)


def test_the_unused_fields_may_hold_anything(small_file: Path) -> None:
    records = read_ibt(small_file).frame
    for offset in (4, 12, 40, 44, 48, 56, 60):
        put_bytes(small_file, offset, struct.pack("<i", -(2**31)))
    put_bytes(small_file, 64, b"\xff" * 48)
    recording = read_ibt(small_file)
    assert recording.warnings == ()
    assert_frame_equal(recording.frame, records)


@pytest.mark.parametrize(
    ("offset", "value", "problem"),
    [
        (TYPE, 99, "unknown type 99"),
        (TYPE, -1, "unknown type -1"),
        (COUNT, 0, "0 values"),
        (COUNT, -1, "-1 values"),
        (COUNT, 2**31 - 1, "beyond the end"),
        (OFFSET, -4, "at byte -4"),
        (OFFSET, 2**31 - 1, "beyond the end"),
        (NAME, b"\0", "has no name"),
        (NAME, b"no name\0", "has no name"),
        (NAME, b"SessionTime\0", "declared twice"),
    ],
)
def test_a_channel_that_makes_no_sense_is_left_out(
    small_file: Path, offset: int, value: int | bytes, problem: str
) -> None:
    records = read_ibt(small_file).frame
    put_channel(small_file, 9, offset, value)
    recording = read_ibt(small_file)
    assert_frame_equal(recording.frame, records.drop(records.columns[9]))
    (warning,) = recording.warnings
    assert problem in warning


def test_of_two_channels_in_one_place_the_one_that_joins_its_neighbours_stays(
    small_file: Path,
) -> None:
    records = read_ibt(small_file).frame
    elsewhere = IbtFile(small_file).channels["FuelLevel"].offset
    put_channel(small_file, 9, OFFSET, elsewhere)
    recording = read_ibt(small_file)
    assert_frame_equal(recording.frame, records.drop(records.columns[9]))
    assert recording.warnings == (f"channel {records.columns[9]!r} overlaps another: left out",)


def test_a_frame_is_never_larger_than_the_records(small_file: Path) -> None:
    file = IbtFile(small_file)
    length = file.header.record_length
    for index in range(len(file.channels)):
        put_channel(small_file, index, TYPE, 0)
        put_channel(small_file, index, OFFSET, 0)
        put_channel(small_file, index, COUNT, length)
    again = IbtFile(small_file)
    assert sum(channel.size for channel in again.header.channels) == length


def test_a_file_without_one_good_channel_is_refused(small_file: Path) -> None:
    for index in range(get(small_file, "channel_count")):
        put_channel(small_file, index, TYPE, 99)
    with pytest.raises(CorruptHeaderError, match="none of its"):
        read_ibt(small_file)


@real_files.each(real_files.odd_files())
def test_odd_files_are_refused(path: Path) -> None:
    expected = {
        "empty.ibt": EmptyFileError,
        "fragment.ibt": NotTelemetryError,
        "live-memory-dump.ibt": LiveMemoryError,
        "not-telemetry.ibt": NotTelemetryError,
    }
    with pytest.raises(expected[path.name], match=path.name):
        read_ibt(path)
