from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from iracing_pipeline.demo.endless import MACHINES, drive
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi
from iracing_pipeline.ibt import read_ibt

if TYPE_CHECKING:
    from pathlib import Path


def test_each_outing_is_a_closed_file_of_now(tmp_path: Path) -> None:
    drive(tmp_path, speed=1e9, outings=len(MACHINES), sleep=lambda _: None)

    files = [read_ibt(path) for path in sorted(tmp_path.glob("*.ibt"))]
    assert len(files) == len(MACHINES)
    assert all(file.closed for file in files)
    assert all(abs(datetime.now(UTC) - file.start) < timedelta(minutes=5) for file in files)


def test_the_simulated_api_listens_on_the_given_port() -> None:
    with FakeDataApi(Career()) as first:
        port = int(first.url.rpartition(":")[2])
    with FakeDataApi(Career(), port=port) as again:
        assert again.url == first_url(port)


def first_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
