"""Written files are read back by pyirsdk: the same bytes, the same values, the same sub-header."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import irsdk
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iracing_pipeline.ibt.errors import (
    ChannelLayoutError,
    ChannelValueError,
    MissingColumnError,
    SessionInfoEncodingError,
)
from iracing_pipeline.ibt.layout import SUB_HEADER, SUB_HEADER_OFFSET, Channel, ChannelType
from iracing_pipeline.ibt.writer import IbtWriter, lay_out, write_ibt

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC)
INFO = "---\nWeekendInfo:\n TrackName: somewhere\n\n...\n"


def channel(name: str, kind: ChannelType, count: int = 1) -> Channel:
    return Channel(name, kind, 0, count, count_as_time=count > 1, unit="m/s", description="Test")


CHANNELS = lay_out(
    [
        channel("SessionTime", ChannelType.DOUBLE),
        channel("OnPitRoad", ChannelType.BOOL),
        channel("Lap", ChannelType.INT),
        channel("Speed", ChannelType.FLOAT),
        channel("Torque_ST", ChannelType.FLOAT, 6),
    ]
)


def frame(times: list[float], laps: list[int]) -> pl.DataFrame:
    n = len(times)
    torque = np.arange(6.0 * n, dtype=np.float32).reshape(n, 6)
    return pl.DataFrame(
        {
            "SessionTime": pl.Series(times, dtype=pl.Float64),
            "OnPitRoad": pl.Series([i % 3 == 0 for i in range(n)], dtype=pl.Boolean),
            "Lap": pl.Series(laps, dtype=pl.Int32),
            "Speed": pl.Series([10.0 + i for i in range(n)], dtype=pl.Float32),
            "Torque_ST": pl.Series(torque, dtype=pl.Array(pl.Float32, 6)),
        }
    )


def read_with_pyirsdk(path: Path) -> dict[str, list[Any]]:
    reader = irsdk.IBT()
    reader.open(str(path))
    try:
        return {name: reader.get_all(name) for name in reader.var_headers_names}
    finally:
        reader.close()


def sub_header(path: Path) -> tuple[Any, ...]:
    return SUB_HEADER.unpack_from(path.read_bytes(), SUB_HEADER_OFFSET)


def test_pyirsdk_reads_what_was_written(tmp_path: Path) -> None:
    data = frame([1.0, 1.5, 2.0], [0, 3, 3])
    write_ibt(tmp_path / "a.ibt", data, CHANNELS, INFO, start=START)
    assert read_with_pyirsdk(tmp_path / "a.ibt") == {
        "SessionTime": [1.0, 1.5, 2.0],
        "OnPitRoad": [True, False, False],
        "Lap": [0, 3, 3],
        "Speed": [10.0, 11.0, 12.0],
        "Torque_ST": [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [12, 13, 14, 15, 16, 17]],
    }


def test_header_is_laid_out_as_in_real_files(tmp_path: Path) -> None:
    write_ibt(tmp_path / "a.ibt", frame([1.0], [0]), CHANNELS, INFO, start=START)
    data = (tmp_path / "a.ibt").read_bytes()
    version, status, rate, update, length, offset, count, first, buffers, record = (
        struct.unpack_from("<10i", data)
    )
    assert (version, status, rate, update, buffers) == (2, 1, 60, 0, 1)
    assert (first, count, record) == (144, 5, 8 + 1 + 4 + 4 + 24)
    assert offset == 144 + 144 * 5
    assert data[offset : offset + length] == INFO.encode()
    assert struct.unpack_from("<i", data, 52) == (offset + length,)
    assert len(data) == offset + length + record


@pytest.mark.parametrize(
    ("laps", "begun"),
    [([183], 1), ([0, 183, 183, 184], 3), ([0, 186, 0, 186, 187], 3), ([5, 4, 3], 1), ([], 0)],
)
def test_lap_count_is_how_often_lap_reached_a_new_highest(
    tmp_path: Path, laps: list[int], begun: int
) -> None:
    times = [100.0 + i for i in range(len(laps))]
    write_ibt(tmp_path / "a.ibt", frame(times, laps), CHANNELS, INFO, start=START)
    first, last = (times[0], times[-1]) if times else (0.0, 0.0)
    expected = (int(START.timestamp()), first, last, begun, len(laps))
    assert sub_header(tmp_path / "a.ibt") == expected


def test_an_open_file_shows_its_records_but_no_count(tmp_path: Path) -> None:
    path = tmp_path / "a.ibt"
    with IbtWriter(path, CHANNELS, INFO, start=START) as writer:
        empty = path.stat().st_size
        writer.append(frame([1.0, 2.0], [0, 1]))
        assert path.stat().st_size == empty + 2 * 41
        writer.append(frame([3.0], [2]))
        assert path.stat().st_size == empty + 3 * 41
        assert sub_header(path) == (int(START.timestamp()), 0.0, 0.0, 0, 0)
    assert sub_header(path) == (int(START.timestamp()), 1.0, 3.0, 3, 3)


def test_a_recording_in_parts_equals_one_in_one_piece(tmp_path: Path) -> None:
    data = frame([float(i) for i in range(50_000)], [i // 1000 for i in range(50_000)])
    write_ibt(tmp_path / "whole.ibt", data, CHANNELS, INFO, start=START)
    with IbtWriter(tmp_path / "parts.ibt", CHANNELS, INFO, start=START) as writer:
        for part in data.iter_slices(777):
            writer.append(part)
    assert (tmp_path / "parts.ibt").read_bytes() == (tmp_path / "whole.ibt").read_bytes()


def test_a_crash_leaves_the_sub_header_unfilled(tmp_path: Path) -> None:
    path = tmp_path / "a.ibt"

    def crash() -> None:
        with IbtWriter(path, CHANNELS, INFO, start=START) as writer:
            writer.append(frame([1.0, 2.0], [0, 1]))
            raise RuntimeError("the simulator died")

    with pytest.raises(RuntimeError):
        crash()
    write_ibt(
        tmp_path / "b.ibt", frame([1.0, 2.0], [0, 1]), CHANNELS, INFO, start=START, closed=False
    )
    assert sub_header(path) == (int(START.timestamp()), 0.0, 0.0, 0, 0)
    assert path.read_bytes() == (tmp_path / "b.ibt").read_bytes()


def test_the_start_is_stored_in_utc(tmp_path: Path) -> None:
    local = datetime(2026, 3, 7, 20, 15, 33, tzinfo=timezone(timedelta(hours=1)))
    write_ibt(tmp_path / "a.ibt", frame([1.0], [0]), CHANNELS, INFO, start=local)
    assert sub_header(tmp_path / "a.ibt")[0] == START.timestamp()


def test_a_start_without_timezone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="timezone"):
        IbtWriter(tmp_path / "a.ibt", CHANNELS, INFO, start=START.replace(tzinfo=None))


def test_nothing_is_left_under_the_name_when_a_column_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingColumnError, match=r"^a\.ibt: .*'Speed'"):
        write_ibt(tmp_path / "a.ibt", frame([1.0], [0]).drop("Speed"), CHANNELS, INFO, start=START)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "match"),
    [
        (pl.Series("Lap", [2**31]), "'Lap'"),
        (pl.Series("Lap", [1.5]), "'Lap' is Float64"),
        (pl.Series("Lap", [None], dtype=pl.Int32), "'Lap' has nulls"),
        (pl.Series("Speed", [1e39]), "'Speed' has numbers too large"),
        (pl.Series("Speed", ["fast"]), "'Speed' is String"),
        (pl.Series("OnPitRoad", [1]), "'OnPitRoad' is Int64"),
        (pl.Series("Torque_ST", [[1.0, 2.0]]), "'Torque_ST'"),
        (pl.Series("Torque_ST", [1.0]), "'Torque_ST'"),
        (
            pl.Series(
                "Torque_ST", [[1.0, None, 3.0, 4.0, 5.0, 6.0]], dtype=pl.Array(pl.Float32, 6)
            ),
            "'Torque_ST' has nulls",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_it_is_written(
    tmp_path: Path, column: pl.Series, match: str
) -> None:
    with IbtWriter(tmp_path / "a.ibt", CHANNELS, INFO, start=START) as writer:
        before = (tmp_path / "a.ibt").stat().st_size
        with pytest.raises(ChannelValueError, match=match):
            writer.append(frame([1.0], [0]).with_columns(column))
        assert (tmp_path / "a.ibt").stat().st_size == before


def test_wider_numbers_are_taken_where_they_fit(tmp_path: Path) -> None:
    data = frame([1.0, 2.0], [0, 1]).with_columns(
        pl.col("Lap").cast(pl.Int64), pl.col("Speed").cast(pl.Float64) + 0.1
    )
    write_ibt(tmp_path / "a.ibt", data, CHANNELS, INFO, start=START)
    got = read_with_pyirsdk(tmp_path / "a.ibt")
    assert got["Lap"] == [0, 1]
    assert got["Speed"] == [float(np.float32(10.1)), float(np.float32(11.1))]


@pytest.mark.parametrize(
    ("info", "encoding"),
    [
        ("---\nWeekendInfo:\n Driver: Zoë Müller €\n...\n", "cp1252"),
        ("---\nWeekendInfo:\n Encoding: UTF8\n Driver: Łukasz 山田\n...\n", "utf-8"),
        ("---\nWeekendInfo:\n Encoding: ISO_8859_1\n Driver: Zoë\x9f\n...\n", "latin-1"),
    ],
)
def test_session_info_is_in_the_encoding_it_declares(
    tmp_path: Path, info: str, encoding: str
) -> None:
    write_ibt(tmp_path / "a.ibt", frame([1.0], [0]), CHANNELS, info, start=START)
    assert info.encode(encoding) in (tmp_path / "a.ibt").read_bytes()


def test_session_info_with_a_character_its_encoding_lacks_names_the_line(tmp_path: Path) -> None:
    info = "---\nWeekendInfo:\n Driver: 山田\n...\n"
    with pytest.raises(SessionInfoEncodingError, match=r"line 3 .*'山'.*UTF8"):
        write_ibt(tmp_path / "a.ibt", frame([1.0], [0]), CHANNELS, info, start=START)


@pytest.mark.parametrize(
    ("channels", "match"),
    [
        ([], "no channels"),
        ([channel("A", ChannelType.INT), channel("B", ChannelType.INT)], "'B' overlaps"),
        (lay_out([channel("A", ChannelType.INT), channel("A", ChannelType.INT)]), "named 'A'"),
        ([channel("A" * 32, ChannelType.INT)], "does not fit 31"),
        ([channel("Tempé™", ChannelType.INT)], "ISO-8859-1"),
        ([channel("A", ChannelType.INT, 0)], "0 values"),
    ],
)
def test_channels_that_make_no_record_are_refused(
    tmp_path: Path, channels: list[Channel], match: str
) -> None:
    with pytest.raises(ChannelLayoutError, match=match):
        IbtWriter(tmp_path / "a.ibt", channels, INFO, start=START)


VALUES: dict[ChannelType, st.SearchStrategy[Any]] = {
    ChannelType.CHAR: st.integers(0, 255),
    ChannelType.BOOL: st.booleans(),
    ChannelType.INT: st.integers(-(2**31), 2**31 - 1),
    ChannelType.BIT_FIELD: st.integers(0, 2**32 - 1),
    ChannelType.FLOAT: st.floats(width=32),
    ChannelType.DOUBLE: st.floats(),
}


@st.composite
def recordings(draw: st.DrawFn) -> tuple[tuple[Channel, ...], pl.DataFrame]:
    kinds = draw(
        st.lists(
            st.tuples(st.sampled_from(list(ChannelType)), st.sampled_from([1, 1, 1, 2, 6])),
            min_size=1,
            max_size=12,
        )
    )
    channels = lay_out([channel(f"C{i}", kind, n) for i, (kind, n) in enumerate(kinds)])
    rows = draw(st.integers(0, 7))
    columns = {}
    for c in channels:
        value = VALUES[c.type]
        if c.count > 1:
            value = st.lists(value, min_size=c.count, max_size=c.count)
        drawn = draw(st.lists(value, min_size=rows, max_size=rows))
        columns[c.name] = pl.Series(drawn, dtype=c.dtype)
    return channels, pl.DataFrame(columns)


def same(a: Any, b: Any) -> bool:
    """Equal to the sign of a zero; any NaN equals any other."""
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    return bool(a == b)


def as_numbers(c: Channel, values: list[Any]) -> list[Any]:
    """CHAR values as numbers, which pyirsdk gives as bytes of length one."""
    if c.type is not ChannelType.CHAR:
        return values
    return [v[0] if c.count == 1 else [x[0] for x in v] for v in values]


@settings(max_examples=200, deadline=None)
@given(recordings())
def test_any_recording_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, recording: tuple[tuple[Channel, ...], pl.DataFrame]
) -> None:
    channels, data = recording
    path = tmp_path_factory.mktemp("ibt") / "a.ibt"
    write_ibt(path, data, channels, INFO, start=START)
    got = read_with_pyirsdk(path)
    assert list(got) == data.columns
    for c in channels:
        assert same(as_numbers(c, got[c.name]), data[c.name].to_list()), c
