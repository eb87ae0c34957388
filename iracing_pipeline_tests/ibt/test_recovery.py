"""Damage: a file gives the records that are there, or an error that says why not; never garbage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from iracing_pipeline.ibt import (
    CorruptHeaderError,
    EmptyFileError,
    IbtError,
    IbtFile,
    NotTelemetryError,
    TruncatedFileError,
    read_ibt,
)
from iracing_pipeline.ibt.layout import CHANNELS_OFFSET
from iracing_pipeline_tests.ibt.damage import FIELDS, get, put, put_bytes
from iracing_pipeline_tests.recordings import drive, write

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

NAMES = ["SessionTime", "Lap", "LapDistPct", "OnPitRoad"]


@pytest.fixture
def tiny(tmp_path: Path) -> tuple[Path, pl.DataFrame]:
    """A file of four channels and eight records, and its records."""
    path = tmp_path / "tiny.ibt"
    return path, write(path, drive((2.0,), hz=5.0)[:8], names=NAMES)


def test_a_file_that_was_not_closed(tmp_path: Path) -> None:
    records = write(tmp_path / "a.ibt", closed=False)
    recording = read_ibt(tmp_path / "a.ibt")
    assert_frame_equal(recording.frame, records)
    assert not recording.closed
    assert recording.warnings == (f"iRacing did not close it: {records.height} records recovered",)
    assert not IbtFile(tmp_path / "a.ibt").header.whole


@pytest.mark.parametrize("closed", [True, False])
def test_every_point_of_truncation(tiny: tuple[Path, pl.DataFrame], *, closed: bool) -> None:
    path, records = tiny
    if not closed:
        put(path, "record_count", 0)
    content = path.read_bytes()
    header = IbtFile(path).header
    first_end = header.record_offset + header.record_length
    for size in range(len(content)):
        path.write_bytes(content[:size])
        if size < first_end:
            error = (
                EmptyFileError
                if size == 0
                else NotTelemetryError
                if size < 4
                else TruncatedFileError
            )
            with pytest.raises(error, match=r"^tiny\.ibt: "):
                read_ibt(path)
            continue
        recording = read_ibt(path)
        held = (size - header.record_offset) // header.record_length
        assert_frame_equal(recording.frame, records[:held])
        assert f"{held} " in recording.warnings[0]
        assert "records recovered" in recording.warnings[0]


@pytest.mark.parametrize("count", [0, -1, -(2**31)])
def test_a_count_that_says_nothing(tiny: tuple[Path, pl.DataFrame], count: int) -> None:
    path, records = tiny
    put(path, "record_count", count)
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, records)
    assert not recording.closed


@pytest.mark.parametrize("count", [9, 1000, 2**31 - 1])
def test_a_count_that_is_too_high(tiny: tuple[Path, pl.DataFrame], count: int) -> None:
    path, records = tiny
    put(path, "record_count", count)
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, records)
    assert recording.warnings == (f"it is cut short: 8 of {count} records recovered",)


def test_a_count_that_is_too_low(tiny: tuple[Path, pl.DataFrame]) -> None:
    path, records = tiny
    put(path, "record_count", 5)
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, records)
    assert "counts 5 records, the file holds 8" in recording.warnings[0]


@pytest.mark.parametrize("trailing", [1, 5, 1000])
def test_trailing_bytes_are_left_out(tiny: tuple[Path, pl.DataFrame], trailing: int) -> None:
    path, records = tiny
    length = IbtFile(path).header.record_length
    trailing += trailing % length == 0
    path.write_bytes(path.read_bytes() + b"\xff" * trailing)
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, records)
    assert recording.warnings == (f"{trailing} bytes after the last record left out",)


def test_a_file_that_ends_at_its_first_record_is_cut_short(
    tiny: tuple[Path, pl.DataFrame],
) -> None:
    path, _ = tiny
    path.write_bytes(path.read_bytes()[: IbtFile(path).header.record_offset])
    with pytest.raises(TruncatedFileError, match="before the end of the first record"):
        read_ibt(path)


@pytest.mark.parametrize("field", FIELDS)
def test_a_zeroed_field(tiny: tuple[Path, pl.DataFrame], field: str) -> None:
    path, records = tiny
    put(path, field, 0)
    must_be_known = {"version", "tick_rate", "channel_count", "channels_offset", "buffer_count"}
    if field in must_be_known | {"record_length", "record_offset"}:
        with pytest.raises((CorruptHeaderError, NotTelemetryError)):
            read_ibt(path)
        return
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, records)
    assert recording.session_info["WeekendInfo"]["TrackID"] == 17
    assert recording.warnings


@pytest.mark.parametrize("bit", range(CHANNELS_OFFSET * 8))
def test_a_flipped_bit_in_the_header_never_makes_garbage(
    tiny: tuple[Path, pl.DataFrame], bit: int
) -> None:
    path, records = tiny
    byte = path.read_bytes()[bit // 8]
    put_bytes(path, bit // 8, bytes([byte ^ 1 << bit % 8]))
    try:
        recording = read_ibt(path)
    except IbtError as error:
        assert str(error).startswith("tiny.ibt: ")  # noqa: PT017 - one of two good outcomes
        return
    assert recording.frame.columns == records.columns[: recording.frame.width]
    assert_frame_equal(recording.frame, records.select(recording.frame.columns))
    assert recording.session_info["SplitTimeInfo"] is not None


@pytest.mark.parametrize("field", ["session_info_length", "session_info_offset"])
@pytest.mark.parametrize("value", [-1, 1, 50, 2**31 - 1, -(2**31)])
def test_session_info_is_found_where_the_header_is_wrong(
    tiny: tuple[Path, pl.DataFrame], field: str, value: int
) -> None:
    path, records = tiny
    put(path, field, value)
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, records)
    assert recording.session_info["WeekendInfo"]["TrackID"] == 17
    assert "session info" in recording.warnings[0]


def test_offset_and_length_of_the_session_info_swapped(tiny: tuple[Path, pl.DataFrame]) -> None:
    path, _ = tiny
    offset, length = get(path, "session_info_offset"), get(path, "session_info_length")
    put(path, "session_info_offset", length)
    put(path, "session_info_length", offset)
    assert read_ibt(path).session_info["WeekendInfo"]["TrackID"] == 17


@pytest.mark.parametrize("damage", [b"\0", b"\xff", b"\n", b"{[:", b'"'])
def test_a_spoiled_session_info_never_blocks_the_samples(
    tiny: tuple[Path, pl.DataFrame], damage: bytes
) -> None:
    path, records = tiny
    header = IbtFile(path).header
    length = header.session_info_length
    put_bytes(path, header.session_info_offset, (damage * length)[:length])
    assert_frame_equal(read_ibt(path).frame, records)
