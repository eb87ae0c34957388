from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iracing_pipeline.data_api.backfill import (
    EVENTS,
    LAPS,
    Fetch,
    Status,
    reached,
    search_from,
    search_windows,
    wanted_documents,
)
from iracing_pipeline.results.season import Season, season_at, season_start, seasons_between

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def fetch(
    status: Status = Status.PENDING, *, ended: timedelta = DAY, settled: bool = False
) -> Fetch:
    return Fetch(1, "2026S1", NOW - ended, status, settled=settled)


@pytest.mark.parametrize("status", [Status.FORBIDDEN, Status.MISSING])
def test_what_is_refused_is_never_asked_for_again(status: Status) -> None:
    refused = fetch().refused(status, "no right", NOW)
    assert not refused.is_due(NOW + 1000 * DAY)


def test_faults_wait_longer_each_time() -> None:
    failing = fetch()
    pauses = []
    for _ in range(12):
        failing = failing.failed("504", NOW)
        assert failing.retry_after is not None
        pauses.append(failing.retry_after - NOW)
        assert not failing.is_due(NOW)
        assert failing.is_due(failing.retry_after)
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(minutes=5)
    assert pauses[-1] < DAY


def test_a_young_race_is_read_once_more_after_a_week() -> None:
    young = fetch(ended=DAY).done(NOW)
    assert not young.is_due(NOW + 5 * DAY)
    assert young.is_due(NOW + 6 * DAY)
    assert young.is_again
    again = young.done(NOW + 6 * DAY)
    assert again.settled
    assert not again.is_due(NOW + 100 * DAY)


def test_an_old_race_is_read_once() -> None:
    assert not fetch(ended=8 * DAY).done(NOW).is_due(NOW + 100 * DAY)


def simsession(number: int, kind: int, laps: int | None) -> dict[str, object]:
    return {
        "simsession_number": number,
        "simsession_type": kind,
        "results": [{"laps_complete": laps} if laps is not None else {}],
    }


def test_laps_of_races_and_qualifying_are_wanted_by_type() -> None:
    event = {
        "session_results": [
            simsession(0, 6, 12),
            simsession(-1, 3, 2),
            simsession(-2, 6, 8),
            simsession(-3, 4, 2),
            simsession(-4, 3, 9),
        ]
    }
    assert wanted_documents(event) == [(LAPS, 0), (LAPS, -2), (LAPS, -3), (EVENTS, 0)]


def test_nothing_is_asked_for_where_nobody_drove() -> None:
    assert wanted_documents({"session_results": [simsession(0, 6, 0)]}) == []
    assert wanted_documents({"session_results": [simsession(0, 6, None)]}) != []
    assert wanted_documents(None) == []


@given(st.integers(0, 4000), st.integers(0, 86_399))
def test_windows_cover_a_range_without_a_gap(days: int, seconds: int) -> None:
    end = NOW + timedelta(days=days, seconds=seconds)
    windows = list(search_windows(NOW, end))
    assert all(last - first <= timedelta(days=90, minutes=1) for first, last in windows)
    if end > NOW:
        assert windows[0][0] <= NOW
        assert windows[-1][1] == end
        assert len(windows) == -(-(end - NOW) // timedelta(days=90))
    for (_, last), (first, _) in pairwise(windows):
        assert first <= last


def test_an_incremental_search_overlaps_and_gives_way_after_a_long_pause() -> None:
    assert search_from(NOW - DAY, NOW) == NOW - DAY - timedelta(hours=4)
    assert search_from(None, NOW) is None
    assert search_from(NOW - 100 * DAY, NOW) is None


def test_the_watermark_is_the_newest_end() -> None:
    rows: list[dict[str, Any]] = [{"end_time": "2026-02-01T10:00:00Z"}, {"end_time": None}, {}]
    assert reached(rows, None) == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert reached(rows, NOW) == NOW
    assert reached([], None) is None


@given(st.datetimes(datetime(2008, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001 - made aware below
def test_every_moment_lies_in_its_season(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    season = season_at(moment)
    assert season_start(season) <= moment < season_start(season.next)
    assert Season.parse(str(season)) == season


def test_seasons_of_a_career() -> None:
    keys = [str(each) for each in seasons_between(Season(2024, 3), Season(2025, 2))]
    assert keys == ["2024S3", "2024S4", "2025S1", "2025S2"]
    for wrong in ("2024", "2024S5", "24S1", ""):
        with pytest.raises(ValueError, match="2026S1"):
            Season.parse(wrong)
