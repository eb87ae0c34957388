"""The lake on S3, against a separate server that speaks the protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from iracing_pipeline.lake import Lake, LakeError, NotInLakeError
from iracing_pipeline_tests.s3_server import BUCKET, S3Server, cut_after, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAME = pl.DataFrame({"Speed": [1.5, None, 3.5], "Lap": [1, 1, 2]})
PLACE = ("telemetry", "2024-05-01 12-00 abc", "frames.parquet")
URI = f"s3://{BUCKET}/league/lake"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture
def lake(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    lake = Lake(URI)
    yield lake
    for key in lake.keys("telemetry"):
        lake.delete("telemetry", key, "frames.parquet")


def elsewhere(code: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Python code in a separate process, with ``lake`` and ``PLACE``."""
    begin = f"from iracing_pipeline.lake import Lake\nlake, PLACE = Lake({URI!r}), {PLACE!r}"
    return subprocess.Popen(
        [sys.executable, "-c", f"{begin}\n{code}"],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out.strip(), err


def test_what_is_written_is_read_by_polars_at_the_endpoint_of_the_environment(
    server: S3Server, lake: Lake
) -> None:
    assert not lake.exists(*PLACE)
    assert lake.keys("telemetry") == []

    written = lake.write(*PLACE, FRAME.lazy().sink_parquet)

    assert written.uri == f"{URI}/{'/'.join(PLACE)}"
    assert server.objects(BUCKET) == [f"league/lake/{'/'.join(PLACE)}"]
    assert written.size_bytes == len(lake.read_bytes(*PLACE))
    assert lake.keys("telemetry") == [PLACE[1]]
    assert lake.scan(*PLACE).select("Lap").collect().equals(FRAME.select("Lap"))


def test_a_file_is_replaced_and_deleted(lake: Lake) -> None:
    lake.write(*PLACE, FRAME.lazy().sink_parquet)
    lake.write(*PLACE, FRAME.head(1).lazy().sink_parquet)

    assert lake.scan(*PLACE).select(pl.len()).collect().item() == 1
    assert lake.delete(*PLACE)
    assert not lake.delete(*PLACE)
    with pytest.raises(NotInLakeError):
        lake.scan(*PLACE)


def test_what_another_process_writes_is_seen_at_once(server: S3Server, lake: Lake) -> None:
    assert lake.keys("telemetry") == []  # so that an answer could be remembered

    code, _, err = said(elsewhere("lake.write_bytes(*PLACE, b'theirs')", server.environment))

    assert code == 0, err
    assert lake.exists(*PLACE)
    assert lake.keys("telemetry") == [PLACE[1]]
    assert lake.read_bytes(*PLACE) == b"theirs"


def test_of_two_writers_at_once_one_wins_and_nobody_reads_a_mixture(
    server: S3Server, lake: Lake
) -> None:
    size, rounds = 3_000_000, 8
    lake.write_bytes(*PLACE, b"0" * size)
    writers = [
        elsewhere(
            f"for _ in range({rounds}): lake.write_bytes(*PLACE, b'{digit}' * {size})",
            server.environment,
        )
        for digit in "12"
    ]

    seen = set()
    while any(writer.poll() is None for writer in writers):
        content = lake.read_bytes(*PLACE)
        assert content == content[:1] * size
        seen.add(content[:1])

    assert [said(writer)[0] for writer in writers] == [0, 0]
    assert lake.read_bytes(*PLACE)[:1] in {b"1", b"2"}
    assert seen & {b"1", b"2"}


@pytest.mark.parametrize(
    "size", [pytest.param(4_000_000, id="at once"), pytest.param(130_000_000, id="in parts")]
)
def test_an_upload_that_is_cut_leaves_the_earlier_file_and_nothing_else(
    server: S3Server, lake: Lake, size: int
) -> None:
    lake.write_bytes(*PLACE, b"earlier")
    with cut_after(server, 1_000_000) as broken:
        way = server.environment | {"AWS_ENDPOINT_URL": broken, "AWS_MAX_ATTEMPTS": "1"}
        code, _, err = said(elsewhere(f"lake.write_bytes(*PLACE, bytes({size}))", way))

    assert code == 1
    assert "LakeError: s3://" in err
    assert lake.read_bytes(*PLACE) == b"earlier"
    assert len(server.objects(BUCKET)) == 1
    assert server.unfinished(BUCKET) == 0


def test_a_writer_that_is_killed_leaves_nothing(server: S3Server, lake: Lake) -> None:
    writer = elsewhere(
        "import time\n"
        "def sink(path):\n"
        "    path.write_bytes(b'half'); print('ready', flush=True); time.sleep(60)\n"
        "lake.write(*PLACE, sink)",
        server.environment,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    writer.kill()
    writer.communicate()

    assert server.objects(BUCKET) == []
    assert not lake.exists(*PLACE)


def test_wrong_credentials_are_said_so_without_the_secret(server: S3Server) -> None:
    with server.credentials_checked():
        code, _, err = said(elsewhere("lake.write_bytes(*PLACE, b'x')", server.environment))

    assert code == 1
    assert "does not exist in our records" in err
    assert "the credentials of s3:// in the environment are right" in err
    assert server.environment["AWS_SECRET_ACCESS_KEY"] not in err


def test_missing_credentials_are_said_so(server: S3Server) -> None:
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    code, _, err = said(elsewhere("lake.exists(*PLACE)", server.environment | none))

    assert code == 1
    assert "Unable to locate credentials" in err
    assert "IRACING_LAKE" in err


def test_a_bucket_that_is_not_there_is_said_so(lake: Lake) -> None:
    assert lake.keys("telemetry") == []
    with pytest.raises(LakeError, match=r"does not exist.*IRACING_LAKE names a bucket"):
        Lake("s3://no-such-bucket/lake").write_bytes(*PLACE, b"x")


def test_credentials_in_the_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(LakeError, match="AWS_SECRET_ACCESS_KEY") as caught:
        Lake("s3://AKIAEXAMPLE:hush@bucket/lake")

    assert "hush" not in str(caught.value)
