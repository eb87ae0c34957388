"""Real recordings, bit for bit beside pyirsdk."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import irsdk
import numpy as np
import polars as pl

from iracing_pipeline.ibt import IbtFile, read_ibt
from iracing_pipeline_tests import real_files

if TYPE_CHECKING:
    from pathlib import Path

    from polars._typing import PolarsDataType

FORMATS: dict[PolarsDataType, str] = {
    pl.UInt8(): "B",
    pl.Boolean(): "?",
    pl.Int32(): "i",
    pl.UInt32(): "I",
    pl.Float32(): "f",
    pl.Float64(): "d",
}


def packed(values: pl.Series) -> bytes:
    flat = values.explode() if isinstance(values.dtype, pl.Array) else values
    return flat.to_numpy().tobytes()


@real_files.each(real_files.recordings())
def test_every_channel_is_bit_for_bit_what_pyirsdk_reads(path: Path) -> None:
    frame = read_ibt(path).frame
    oracle = irsdk.IBT()
    oracle.open(str(path))
    try:
        assert frame.columns == oracle.var_headers_names
        for name in frame.columns:
            expected = oracle.get_all(name)
            values = frame[name]
            inner = values.dtype.inner if isinstance(values.dtype, pl.Array) else values.dtype
            flat = np.ravel(expected).tolist()
            assert packed(values) == struct.pack(f"<{len(flat)}{FORMATS[inner]}", *flat), name
    finally:
        oracle.close()


@real_files.each(real_files.recordings())
def test_a_real_file_is_whole(path: Path) -> None:
    file = IbtFile(path)
    assert file.header.whole
    assert file.facts.warnings == ()
    size = file.header.record_offset + file.record_count * file.header.record_length
    assert path.stat().st_size == size


@real_files.each(real_files.recordings())
def test_the_session_info_is_read_to_its_end(path: Path) -> None:
    info = read_ibt(path, []).session_info
    assert {"WeekendInfo", "SessionInfo", "DriverInfo", "SplitTimeInfo"} <= info.keys()
    sectors = [sector["SectorStartPct"] for sector in info["SplitTimeInfo"]["Sectors"]]
    assert sectors[0] == 0
    assert sectors == sorted(sectors)
    index = info["DriverInfo"]["DriverCarIdx"]
    assert index in [driver["CarIdx"] for driver in info["DriverInfo"]["Drivers"]]


@real_files.each(real_files.recordings())
def test_arrays_end_at_the_tick(path: Path) -> None:
    file = IbtFile(path)
    if "SteeringWheelTorque_ST" in file.channels:
        frame = file.read(["SteeringWheelTorque", "SteeringWheelTorque_ST"])
        assert (frame["SteeringWheelTorque_ST"].arr.last() == frame["SteeringWheelTorque"]).all()


@real_files.each(real_files.recordings())
def test_a_real_file_cut_in_half_gives_its_first_half(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    header = IbtFile(path).header
    middle = (header.record_offset + len(content)) // 2
    half = tmp_path / path.name
    half.write_bytes(content[:middle])
    recording = read_ibt(half)
    expected = read_ibt(path).frame[: (middle - header.record_offset) // header.record_length]
    assert recording.frame.equals(expected)
    assert recording.session_key == IbtFile(path).session_key
