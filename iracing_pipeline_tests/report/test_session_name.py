"""One way to name a session: every name of it leads to its key, every other to a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.local import lines, report_files
from iracing_pipeline.report import NoSessionError, session_key
from iracing_pipeline.report.session_list import newest, of_keys
from iracing_pipeline.report.session_name import file_stem
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("named"), laps=3, seed=61)


def test_every_name_of_a_session_leads_to_its_key(
    connection: Connection, file: Path, tmp_path: Path
) -> None:
    telemetry, _ = stored(connection, file)
    key = telemetry.facts.session_key
    (session,) = newest(connection, 10)
    day = session.local_start.date()
    moved = tmp_path / "moved.ibt"
    moved.write_bytes(file.read_bytes())

    for name in ("last", " LAST ", str(day), key, key[:20], str(file), str(moved), file.name):
        assert session_key(connection, name) == key, name
    assert session_key(connection, "today", today=day) == key
    assert session_key(connection, "yesterday", today=date.fromordinal(day.toordinal() + 1)) == key
    assert [each.session_key for each in of_keys(connection, [key])] == [key]
    assert "3 laps" in lines.of_session(session) or "laps" in lines.of_session(session)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("last", "iracing-pipeline load"),
        ("1999-01-01", "No session started on 1999-01-01"),
        ("2026-02-30", "not a date"),
        ("gone.ibt", "no file gone.ibt"),
        ("nonsense%_", "iracing-pipeline sessions"),
        ("\udcff", r"\udcff"),
    ],
)
def test_another_name_is_answered_in_a_sentence(
    connection: Connection, name: str, said: str
) -> None:
    with pytest.raises(NoSessionError) as raised:
        session_key(connection, name)

    assert said in str(raised.value)


def session(**known: Any) -> dict[str, Any]:
    return {
        "start_time": datetime(2026, 7, 4, 22, 30, 5, tzinfo=UTC),
        "utc_offset_s": 7200,
        "car_name": "Formula Vale",
        "track_name": "Millbrook",
        "track_config": "Club",
        **known,
    }


@pytest.mark.parametrize(
    ("known", "stem"),
    [
        ({}, "2026-07-05 00-30-05 Formula Vale, Millbrook Club"),
        ({"utc_offset_s": None}, "2026-07-04 22-30-05 Formula Vale, Millbrook Club"),
        ({"car_name": None, "track_name": None, "track_config": None}, "2026-07-05 00-30-05"),
        ({"car_name": "../..\\a:b\0|?*\n"}, "2026-07-05 00-30-05 a b, Millbrook Club"),
        ({"car_name": "Nürburg 日本"}, "2026-07-05 00-30-05 Nürburg 日本, Millbrook Club"),
    ],
)
def test_the_name_of_a_file_is_one_that_every_system_takes(
    known: dict[str, Any], stem: str
) -> None:
    assert file_stem(session(**known)) == stem


def test_a_long_name_is_cut_and_stays_a_report() -> None:
    stem = file_stem(session(car_name="日" * 400, track_name="本" * 400))

    assert len(f".{stem}.html".encode()) < 255 - 40
    assert report_files.is_report(f"{stem}.html")


def test_the_oldest_reports_are_deleted_and_no_other_file(tmp_path: Path) -> None:
    for day in range(1, 6):
        (tmp_path / f"2026-07-0{day} 10-00-00 Car, Track.html").touch()
    (tmp_path / "notes.html").touch()
    (tmp_path / "index.html").touch()

    assert report_files.prune(tmp_path, 2) == 3
    assert sorted(path.name[:10] for path in tmp_path.iterdir()) == [
        "2026-07-04", "2026-07-05", "index.html", "notes.html",
    ]  # fmt: skip
