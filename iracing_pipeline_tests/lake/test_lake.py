from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from fsspec.registry import _registry as known_to_fsspec  # type: ignore[import-untyped]

from iracing_pipeline.lake import Lake, LakeError, NotInLakeError, atomic

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = pl.DataFrame({"Speed": [1.5, None, 3.5]})
PLACE = ("telemetry", "2024-05-01 12-00 abc", "frames.parquet")


@pytest.fixture(params=["folder", "file uri", "object store"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    place = {
        "folder": str(tmp_path / "the lake"),
        "file uri": (tmp_path / "lake").as_uri(),
        "object store": f"memory://bucket-{uuid.uuid4().hex}/prefix",
    }
    return Lake(place[request.param])


@pytest.fixture
def local(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def partials(folder: Path) -> list[Path]:
    return list(folder.rglob("*.partial"))


def failing(error: Exception) -> Callable[[Path], None]:
    def sink(path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    return sink


def test_what_is_written_is_read(lake: Lake) -> None:
    assert not lake.exists(*PLACE)
    assert lake.keys("telemetry") == []
    written = lake.write(*PLACE, FRAME.lazy().sink_parquet)
    assert written.uri == lake.uri(*PLACE)
    assert written.uri.endswith("/".join(PLACE))
    assert written.size_bytes == len(lake.read_bytes(*PLACE))
    assert lake.exists(*PLACE)
    assert lake.keys("telemetry") == [PLACE[1]]
    assert lake.scan(*PLACE).collect().equals(FRAME)


def test_a_file_is_replaced(lake: Lake) -> None:
    lake.write(*PLACE, FRAME.lazy().sink_parquet)
    lake.write(*PLACE, FRAME.head(1).lazy().sink_parquet)
    assert lake.scan(*PLACE).select(pl.len()).collect().item() == 1


def test_a_file_is_deleted(lake: Lake) -> None:
    lake.write_bytes(*PLACE, b"x")
    assert lake.delete(*PLACE)
    assert not lake.delete(*PLACE)
    assert not lake.exists(*PLACE)


def test_a_failed_write_leaves_the_earlier_file(lake: Lake) -> None:
    lake.write_bytes(*PLACE, b"earlier")
    with pytest.raises(ZeroDivisionError):
        lake.write(*PLACE, failing(ZeroDivisionError()))
    assert lake.read_bytes(*PLACE) == b"earlier"
    if lake.local:
        assert partials(lake.local) == []


def test_a_failed_first_write_leaves_nothing(local: Lake) -> None:
    with pytest.raises(ZeroDivisionError):
        local.write(*PLACE, failing(ZeroDivisionError()))
    assert not local.exists(*PLACE)


def test_a_full_disk_is_said_so(local: Lake) -> None:
    with pytest.raises(LakeError, match="the disk is full"):
        local.write(*PLACE, failing(OSError(errno.ENOSPC, "No space left on device")))
    message = "parquet: underlying IO error: No space left on device (os error 28)"
    with pytest.raises(LakeError, match="the disk is full"):
        local.write(*PLACE, failing(pl.exceptions.ComputeError(message)))


def test_what_the_sink_raises_passes_through(lake: Lake) -> None:
    # A recording that vanished while it was read is not the lake's failure.
    with pytest.raises(FileNotFoundError, match=r"gone\.ibt"):
        lake.write(*PLACE, failing(FileNotFoundError(2, "No such file", "gone.ibt")))


def test_what_is_not_there_is_said_so(lake: Lake) -> None:
    with pytest.raises(NotInLakeError, match=r"frames\.parquet is not in the lake"):
        lake.scan(*PLACE)
    with pytest.raises(NotInLakeError):
        lake.read_bytes(*PLACE)


def test_nobody_sees_a_file_before_it_is_whole(local: Lake) -> None:
    def sink(path: Path) -> None:
        path.write_bytes(b"half")
        assert not local.exists(*PLACE)
        assert path.parent == Path(local.uri(*PLACE)).parent

    local.write(*PLACE, sink)
    assert local.exists(*PLACE)


def test_a_killed_writer_leaves_a_partial_file_that_is_swept_when_old(local: Lake) -> None:
    writing = (
        "import sys, time; from iracing_pipeline.lake import Lake\n"
        "def sink(path):\n"
        "    path.write_bytes(b'half'); print('ready', flush=True); time.sleep(60)\n"
        f"Lake(sys.argv[1]).write(*{PLACE!r}, sink)\n"
    )
    assert local.local is not None
    writer = subprocess.Popen(
        [sys.executable, "-c", writing, str(local.local)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    writer.kill()
    writer.communicate()
    (partial,) = partials(local.local)
    assert not local.exists(*PLACE)
    # A young one may have a living writer, so the next write leaves it alone.
    local.write_bytes(*PLACE, b"whole")
    assert local.sweep() == 0
    assert partial.exists()
    old = time.time() - timedelta(days=2).total_seconds()
    os.utime(partial, (old, old))
    assert local.sweep() == 1
    assert partials(local.local) == []
    assert local.read_bytes(*PLACE) == b"whole"


def test_writing_sweeps_its_own_folder(local: Lake) -> None:
    left = Path(local.uri(*PLACE)).parent / ".frames.parquet.0.partial"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    local.write_bytes(*PLACE, b"whole")
    assert not left.exists()


def test_keys_and_deletes_see_past_partial_files(local: Lake) -> None:
    local.write_bytes(*PLACE, b"x")
    local.write_bytes("telemetry", PLACE[1], "other.parquet", b"x")
    assert local.delete(*PLACE)
    assert local.keys("telemetry") == [PLACE[1]]
    assert local.delete("telemetry", PLACE[1], "other.parquet")
    assert local.keys("telemetry") == []


@pytest.mark.parametrize(
    "key",
    [
        *("", ".", "..", ".hidden", "dot.", "space ", "NUL", "com1.txt", "a\nb"),
        *("a/b", "a\\b", "a:b", "a*b", "a?b", "a[b]", "a#b", "a%b", 'a"b', "<a>"),
    ],
)
def test_a_key_that_is_no_name_everywhere_is_refused(lake: Lake, key: str) -> None:
    with pytest.raises(LakeError, match="cannot be a name"):
        lake.write_bytes("telemetry", key, "x", b"")


@pytest.mark.parametrize("key", ["2024-05-01T12.00.00Z", "ümlaut", "a b", "nullable", "x" * 200])
def test_a_key_that_is_a_name_is_taken(local: Lake, key: str) -> None:
    local.write_bytes("telemetry", key, "x", b"1")
    assert local.keys("telemetry") == [key]


def test_an_object_store_whose_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    # An earlier test may have used it, and fsspec keeps the class.
    for protocol in ("s3", "s3a"):
        monkeypatch.delitem(known_to_fsspec, protocol, raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(LakeError, match=r"pip install 'iracing-pipeline\[s3\]'"):
        Lake("s3://bucket/lake")


def test_a_store_that_nobody_knows() -> None:
    with pytest.raises(LakeError, match="IRACING_LAKE"):
        Lake("nonsense://bucket/lake")


def test_a_lake_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "lake").write_bytes(b"")
    with pytest.raises(LakeError, match="IRACING_LAKE"):
        Lake(tmp_path / "lake").write_bytes(*PLACE, b"x")


def test_a_file_that_is_open_elsewhere_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, local: Lake
) -> None:
    tries = 0
    replace = Path.replace

    def held_twice(self: Path, target: Path) -> Path:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise PermissionError(13, "used by another process")
        return replace(self, target)

    monkeypatch.setattr(atomic, "WINDOWS", True)
    monkeypatch.setattr(Path, "replace", held_twice)
    local.write_bytes(*PLACE, b"x")
    assert tries == 3
    assert local.exists(*PLACE)


def test_a_file_that_stays_open_elsewhere_is_said_so(
    monkeypatch: pytest.MonkeyPatch, local: Lake
) -> None:
    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "used by another process", str(self), None, str(target))

    monkeypatch.setattr(atomic, "WINDOWS", True)
    monkeypatch.setattr(atomic, "REPLACE_TRIES", 2)
    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(LakeError, match="no other program has the file open"):
        local.write_bytes(*PLACE, b"x")
    assert local.local is not None
    assert partials(local.local) == []
