import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from iracing_pipeline.ibt import Facts, IbtFile, StartSource, read_ibt
from iracing_pipeline.ibt.start import Start, find_start, time_in_name, utc_offset
from iracing_pipeline_tests.recordings import START, write

NAMED = "car_track 2026-03-07 20-15-33.ibt"


def offset_hours(file_name: str) -> float | None:
    offset = utc_offset(Start(START, StartSource.HEADER), file_name)
    return None if offset is None else offset / timedelta(hours=1)


@pytest.mark.parametrize(
    ("file_name", "hours"),
    [
        (NAMED, 1.0),
        ("car_track 2026-03-07 20-15-34 (1).ibt", 1.0),
        ("car_track 2026-03-07 19-15-33.ibt", 0.0),
        ("car_track_2026-03-07_20-15-33.ibt", 1.0),  # as chats and browsers write spaces
        ("car_track%202026-03-07%2020-15-33.ibt", 1.0),
        ("12026-03-07 20-15-33.ibt", None),
        ("car_track 2026-03-07 15-45-33 - Copy.ibt", -3.5),
        ("car_track 2026-03-08 09-15-33.ibt", 14.0),
        ("car_track 2026-03-08 10-15-33.ibt", None),  # no zone is so far
        ("car_track 2026-03-08 00-45-33.ibt", 5.5),
        ("car_track 2026-03-08 01-00-33.ibt", 5.75),
        ("car_track 2026-03-07 14-15-40.ibt", -5.0),
        ("car_track 2026-03-07 20-20-33.ibt", None),  # five minutes off: another moment
        ("car_track 2026-03-09 20-15-33.ibt", None),  # two days off
        ("car_track 2026-13-07 20-15-33.ibt", None),
        ("my best lap.ibt", None),
    ],
)
def test_the_name_shows_the_time_zone(file_name: str, hours: float | None) -> None:
    assert offset_hours(file_name) == hours


def test_a_start_comes_from_the_header_then_the_name_then_the_disk() -> None:
    seconds = int(START.timestamp())
    for given, name, expected, source in (
        (seconds, NAMED, START, StartSource.HEADER),
        (0, NAMED, START + timedelta(hours=1), StartSource.FILE_NAME),
        (0, "copy.ibt", START, StartSource.MODIFIED),
    ):
        start = find_start(given, name, modified=seconds + 90.0, duration_s=90.0)
        assert (start.time, start.source) == (expected, source)
        assert (start.warning is None) == (source is StartSource.HEADER)
    with pytest.raises(ValueError, match="no date of iRacing's"):
        find_start(12, NAMED, modified=0.0)


def test_a_file_without_a_date_is_read_and_keeps_its_key(tmp_path: Path) -> None:
    named, renamed = tmp_path / NAMED, tmp_path / "copy.ibt"
    for path in (named, renamed):
        write(path, start=None)
        os.utime(path, (START.timestamp(), START.timestamp()))

    first, second = read_ibt(named), read_ibt(renamed)

    assert first.start == datetime(2026, 3, 7, 20, 15, 33, tzinfo=UTC)
    assert any("start date" in warning for warning in first.warnings)
    assert second.start < START  # by as long as it is
    assert first.session_key == second.session_key
    assert first.session_key.startswith("00000000T000000Z-")
    facts = IbtFile(named).facts
    assert facts.utc_offset is None
    assert Facts.from_metadata(facts.to_metadata()) == facts


def test_facts_know_local_time(tmp_path: Path) -> None:
    write(tmp_path / NAMED, start=START.astimezone(timezone(timedelta(hours=1))))
    facts = IbtFile(tmp_path / NAMED).facts

    assert facts.start == START
    assert facts.utc_offset == timedelta(hours=1)
    assert time_in_name(NAMED) == datetime(2026, 3, 7, 20, 15, 33)  # noqa: DTZ001 - local
