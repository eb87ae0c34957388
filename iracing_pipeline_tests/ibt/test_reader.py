from __future__ import annotations

import pickle
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import irsdk
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from iracing_pipeline.ibt import (
    Facts,
    FileChangedError,
    IbtError,
    IbtFile,
    NotTelemetryError,
    read_ibt,
    reader,
    scan_ibt,
)
from iracing_pipeline.ibt.layout import Channel, ChannelType
from iracing_pipeline.ibt.writer import IbtWriter, lay_out, write_ibt
from iracing_pipeline_tests.ibt.damage import put, put_bytes
from iracing_pipeline_tests.recordings import CHANNELS, INFO, START, drive, glitch, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


def pyirsdk_values(path: Path) -> dict[str, list[Any]]:
    oracle = irsdk.IBT()
    oracle.open(str(path))
    try:
        return {name: oracle.get_all(name) for name in oracle.var_headers_names}
    finally:
        oracle.close()


def test_reads_what_was_written(tmp_path: Path) -> None:
    records = write(tmp_path / "a.ibt")
    recording = read_ibt(tmp_path / "a.ibt")
    assert_frame_equal(recording.frame, records, check_exact=True)
    assert recording.start == START
    assert recording.tick_rate == 60
    assert recording.closed
    assert recording.warnings == ()
    assert recording.units["SessionTime"] == "s"
    assert recording.descriptions["Lap"] == "What Lap says"
    assert recording.session_info["WeekendInfo"]["TrackID"] == 17


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions(tmp_path: Path, version: int) -> None:
    records = write(tmp_path / "a.ibt", version=version)
    recording = read_ibt(tmp_path / "a.ibt")
    assert recording.version == version
    assert_frame_equal(recording.frame, records)


def test_reads_what_pyirsdk_reads(small_file: Path) -> None:
    frame = read_ibt(small_file).frame
    for name, values in pyirsdk_values(small_file).items():
        assert frame[name].to_list() == values, name


def test_columns_come_as_asked_for(small_file: Path) -> None:
    whole = read_ibt(small_file).frame
    for columns in (["Speed"], ["Lon", "Lap", "SteeringWheelTorque_ST", "OnPitRoad"], []):
        assert_frame_equal(read_ibt(small_file, columns).frame, whole.select(columns))


def test_an_unknown_column_is_named_with_a_guess(small_file: Path) -> None:
    with pytest.raises(KeyError, match=r"small.ibt has no channel Sped; did you mean 'Speed'\?"):
        read_ibt(small_file, ["Lap", "Sped"])


@pytest.mark.parametrize("rows", [1, 3, 7, 1000])
def test_blocks_make_up_the_whole(small_file: Path, rows: int) -> None:
    file = IbtFile(small_file)
    blocks = list(file.blocks(rows=rows))
    assert {block.height for block in blocks[:-1]} <= {rows}
    assert 0 < blocks[-1].height <= rows
    assert_frame_equal(pl.concat(blocks), file.read())


def test_a_block_of_no_records_is_refused(small_file: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next(IbtFile(small_file).blocks(rows=0))


def test_more_records_than_are_read_or_transposed_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = write(tmp_path / "a.ibt", drive((20.0, 20.0)))
    assert records.height > 2000
    assert_frame_equal(read_ibt(tmp_path / "a.ibt").frame, records)
    monkeypatch.setattr(reader, "_CHUNK", 1000)
    monkeypatch.setattr(reader, "_BLOCK_BYTES", 10_000)
    assert_frame_equal(read_ibt(tmp_path / "a.ibt").frame, records)
    assert_frame_equal(scan_ibt(tmp_path / "a.ibt").collect(), records)
    assert_frame_equal(scan_ibt(tmp_path / "a.ibt").head(150).collect(), records.head(150))
    blocks = list(IbtFile(tmp_path / "a.ibt").blocks())
    assert max(block.height for block in blocks) < 100


def test_scan_reads_the_columns_that_a_query_needs(
    small_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = IbtFile(small_file)
    whole = file.read()
    asked = set[str]()
    blocks = file.blocks

    def spy(columns: Sequence[str] | None, *, rows: int) -> Iterator[pl.DataFrame]:
        asked.update(columns or file.channels)
        return blocks(columns, rows=rows)

    monkeypatch.setattr(file, "blocks", spy)
    result = file.scan().filter(pl.col("Lap") == 6).select("Speed").collect()
    assert_frame_equal(result, whole.filter(pl.col("Lap") == 6).select("Speed"))
    assert asked == {"Lap", "Speed"}


IN_LAP = pl.col("Lap") == 6


@pytest.mark.parametrize(
    "query",
    [
        lambda frame: frame,
        lambda frame: frame.head(5),
        lambda frame: frame.head(0),
        lambda frame: frame.tail(3),
        lambda frame: frame.slice(4, 6).select("Speed"),
        lambda frame: frame.filter(IN_LAP).head(2),
        lambda frame: frame.head(25).filter(IN_LAP).select("SessionTime"),
        lambda frame: frame.select(pl.len()),
        lambda frame: frame.group_by("Lap").agg(pl.col("Speed").mean()).sort("Lap"),
    ],
)
def test_queries_on_a_scan(small_file: Path, query: Callable[[pl.LazyFrame], pl.LazyFrame]) -> None:
    whole = read_ibt(small_file).frame
    assert_frame_equal(query(scan_ibt(small_file)).collect(), query(whole.lazy()).collect())


def test_a_scan_goes_to_parquet(small_file: Path, tmp_path: Path) -> None:
    scan_ibt(small_file).sink_parquet(tmp_path / "a.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "a.parquet"), read_ibt(small_file).frame)


EVERY_TYPE = lay_out(
    Channel(f"{kind.name}_{count}", kind, 0, count, count_as_time=False, unit="", description="")
    for count in (1, 2, 6)
    for kind in ChannelType
)
VALUES: dict[ChannelType, st.SearchStrategy[Any]] = {
    ChannelType.CHAR: st.integers(0, 255),
    ChannelType.BOOL: st.booleans(),
    ChannelType.INT: st.integers(-(2**31), 2**31 - 1),
    ChannelType.BIT_FIELD: st.integers(0, 2**32 - 1),
    ChannelType.FLOAT: st.floats(width=32, allow_nan=False),
    ChannelType.DOUBLE: st.floats(allow_nan=False),
}


@given(data=st.data(), rows=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_type_scalar_and_array(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, rows: int
) -> None:
    chosen = lay_out(data.draw(st.lists(st.sampled_from(EVERY_TYPE), min_size=1, unique=True)))
    frame = pl.DataFrame(
        {
            channel.name: pl.Series(
                data.draw(
                    st.lists(
                        VALUES[channel.type]
                        if channel.count == 1
                        else st.lists(
                            VALUES[channel.type], min_size=channel.count, max_size=channel.count
                        ),
                        min_size=rows,
                        max_size=rows,
                    )
                ),
                dtype=channel.dtype,
            )
            for channel in chosen
        }
    )
    path = tmp_path_factory.mktemp("types") / "a.ibt"
    write_ibt(path, frame, chosen, INFO, start=START)
    recording = read_ibt(path)
    assert_frame_equal(recording.frame, frame, check_exact=True)
    backwards = frame.columns[::-1]
    assert_frame_equal(read_ibt(path, backwards).frame, frame.select(backwards))
    assert IbtFile(path).schema == frame.schema


def test_floats_that_are_no_numbers_come_bit_for_bit(small_file: Path) -> None:
    file = IbtFile(small_file)
    channel = file.channels["Speed"]
    payload = bytes.fromhex("efbead7f")  # a NaN with a payload
    put_bytes(small_file, file.header.record_offset + channel.offset, payload)
    values = IbtFile(small_file).read(["Speed"])["Speed"].to_numpy()
    assert values[:1].tobytes() == payload


def test_facts_survive_parquet_metadata(small_file: Path) -> None:
    facts = IbtFile(small_file).facts
    assert Facts.from_metadata(facts.to_metadata()) == facts
    assert facts.record_count == IbtFile(small_file).record_count
    assert facts.file_name == "small.ibt"
    assert facts.session_info(["SplitTimeInfo"]).keys() == {"SplitTimeInfo"}


def test_a_file_name_that_is_no_text_is_shown_as_text(small_file: Path) -> None:
    try:
        odd = small_file.rename(small_file.with_name("caf\udce9.ibt"))
    except OSError as error:
        pytest.skip(f"the file system refuses such names: {error}")
    assert IbtFile(odd).facts.file_name == "caf?.ibt"
    odd.write_bytes(b"x" * 300)
    with pytest.raises(NotTelemetryError, match=r"caf\?.ibt: "):
        IbtFile(odd)


class TestIdentity:
    def test_of_a_renamed_and_a_copied_file(self, small_file: Path) -> None:
        key = IbtFile(small_file).session_key
        assert key.startswith("20260307T191533Z-")
        copy = shutil.copy(small_file, small_file.with_name("copy.ibt"))
        assert IbtFile(copy).session_key == key
        assert IbtFile(small_file.rename(small_file.with_name("other.ibt"))).session_key == key

    def test_of_a_file_that_grows_and_is_closed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ibt"
        records = drive((2.0, 3.0), hz=5.0)
        keys, counts = [], []
        with IbtWriter(path, CHANNELS, INFO, start=START) as writer:
            for part in (records[:1], records[1:20], records[20:]):
                writer.append(part)
                file = IbtFile(path)
                assert not file.facts.closed
                keys.append(file.session_key)
                counts.append(file.record_count)
        assert IbtFile(path).facts.closed
        assert {*keys} == {IbtFile(path).session_key}
        assert counts == [1, 20, records.height]

    def test_of_a_file_cut_short(self, small_file: Path) -> None:
        key = IbtFile(small_file).session_key
        small_file.write_bytes(small_file.read_bytes()[:-400])
        assert IbtFile(small_file).session_key == key

    def test_of_other_content(self, tmp_path: Path) -> None:
        frame = drive((2.0, 3.0), hz=5.0)
        write(tmp_path / "a.ibt", frame)
        write(tmp_path / "other start.ibt", drive((2.0, 3.0), hz=5.0, began=200.0))
        write(tmp_path / "other info.ibt", frame, info=INFO.replace("Ada", "Eve"))
        write(tmp_path / "other channels.ibt", frame, names=[c.name for c in CHANNELS[:-1]])
        write_ibt(
            tmp_path / "other time.ibt",
            frame,
            CHANNELS,
            INFO,
            start=datetime(2026, 3, 7, 19, 15, 34, tzinfo=UTC),
        )
        keys = {IbtFile(path).session_key for path in tmp_path.iterdir()}
        assert len(keys) == 5


class TestChangeWhileRead:
    def test_a_file_that_becomes_shorter(self, small_file: Path) -> None:
        file = IbtFile(small_file)
        small_file.write_bytes(small_file.read_bytes()[:-10])
        with pytest.raises(FileChangedError, match="shorter"):
            file.read()

    def test_a_file_that_is_replaced(self, small_file: Path) -> None:
        file = IbtFile(small_file)
        write(small_file, drive((2.0, 3.0, 4.0), hz=5.0), info=INFO + "\n")
        with pytest.raises(FileChangedError, match="replaced"):
            file.read()

    def test_a_file_that_is_replaced_by_a_shorter_one(self, small_file: Path) -> None:
        file = IbtFile(small_file)
        write(small_file, drive((2.0,), hz=5.0), info=INFO.replace("Ada", "Grace"))
        with pytest.raises(FileChangedError, match="replaced"):
            file.read()

    def test_a_file_that_is_overwritten_between_blocks(self, small_file: Path) -> None:
        blocks = IbtFile(small_file).blocks(rows=4)
        next(blocks)
        put(small_file, "start", 1_700_000_000)
        with pytest.raises(FileChangedError, match="replaced"):
            next(blocks)

    def test_a_file_that_goes_away(self, small_file: Path) -> None:
        file = IbtFile(small_file)
        small_file.unlink()
        with pytest.raises(FileNotFoundError):
            file.read()

    def test_a_file_that_grows_and_is_closed_is_the_same(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ibt"
        records = drive((2.0, 3.0), hz=5.0)
        with IbtWriter(path, CHANNELS, INFO, start=START) as writer:
            writer.append(records[:10])
            file = IbtFile(path)
            writer.append(records[10:])
        assert_frame_equal(file.read(), records[:10])

    def test_the_change_is_told_through_a_scan(self, small_file: Path) -> None:
        scan = scan_ibt(small_file)
        small_file.write_bytes(small_file.read_bytes()[:-10])
        with pytest.raises((FileChangedError, pl.exceptions.ComputeError), match="shorter"):
            scan.collect()


def test_no_handle_stays_open(small_file: Path) -> None:
    file = IbtFile(small_file)
    file.read()
    file.scan().head(2).collect()
    small_file.unlink()  # fails on Windows while open
    assert not small_file.exists()


def test_a_folder_or_nothing_is_an_os_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.ibt"):
        with pytest.raises(OSError, match=path.name):
            read_ibt(path)


def test_errors_name_the_file_and_cross_processes(tmp_path: Path) -> None:
    path = tmp_path / "some.ibt"
    path.write_bytes(b"")
    with pytest.raises(IbtError) as caught:
        read_ibt(path)
    error = caught.value
    assert str(error).startswith("some.ibt: it is empty. ")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert (type(again), str(again), again.path) == (type(error), str(error), path)


def test_a_glitch_row_is_kept_as_written(tmp_path: Path) -> None:
    records = write(tmp_path / "a.ibt", glitch(drive((2.0,), hz=5.0), 0))
    assert_frame_equal(read_ibt(tmp_path / "a.ibt").frame, records)
