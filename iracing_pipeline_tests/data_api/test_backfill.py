from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iracing_pipeline.data_api.backfill import (
    EVENTS,
    LAPS,
    REREAD,
    RESULT,
    Fetch,
    Status,
    Wanted,
    entrants,
    search_from,
    search_windows,
    wanted_documents,
)
from iracing_pipeline.data_api.errors import DataApiError, OutageError
from iracing_pipeline.data_api.meaning import (
    ABSENT,
    GATEWAY,
    MEANINGS,
    PRIVATE,
    REJECTED,
    Meaning,
)
from iracing_pipeline.results.season import (
    Calendar,
    Season,
    season_at,
    season_start,
    seasons_between,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def fetch(
    status: Status = Status.PENDING, *, ended: timedelta = DAY, settled: bool = False
) -> Fetch:
    return Fetch(1, "2026S1", NOW - ended, status, settled=settled)


def answer(meaning: Meaning, code: str = "403 forbidden") -> DataApiError:
    return DataApiError("iRacing said so.", meaning=meaning, answer=code)


WANTED = Wanted(RESULT, "1", 0, "")


@pytest.mark.parametrize(
    ("meaning", "status"),
    [
        (PRIVATE, Status.FORBIDDEN),
        (ABSENT, Status.MISSING),
        (REJECTED, Status.REJECTED),
    ],
)
def test_a_refusal_is_final_after_the_same_answer_for_a_week(
    meaning: Meaning, status: Status
) -> None:
    wanted, moment = WANTED, NOW
    while not wanted.final:
        assert moment < NOW + 9 * DAY
        wanted = wanted.answered(answer(meaning), moment, others_answered=True)
        after = fetch().after([wanted], moment, has_result=False, received=False)
        assert after.status is (status if wanted.final else Status.REFUSED)
        moment = wanted.retry_after or moment
    assert wanted.attempts >= 5
    assert wanted.last_at is not None
    assert wanted.last_at - NOW >= 7 * DAY
    assert "times since 2026-03-01" in str(wanted.note)
    assert not after.is_due(NOW + 1000 * DAY)


def test_nothing_else_is_ever_final() -> None:
    for meaning in set(MEANINGS.values()) - {PRIVATE, ABSENT, REJECTED}:
        wanted, moment = WANTED, NOW
        for _ in range(20):
            wanted = wanted.answered(answer(meaning), moment, others_answered=True)
            assert not wanted.final
            assert wanted.retry_after is not None
            moment = max(wanted.retry_after, moment + DAY)


def test_a_refusal_proves_nothing_while_iracing_refuses_everything() -> None:
    wanted, moment = WANTED, NOW
    for _ in range(20):
        wanted = wanted.answered(answer(PRIVATE), moment, others_answered=False)
        moment += 30 * DAY
    assert not wanted.final


def test_another_answer_begins_the_proof_anew() -> None:
    wanted = WANTED
    for day in range(0, 40, 4):
        meaning = GATEWAY if day == 36 else PRIVATE
        if wanted.final:
            break
        wanted = wanted.answered(answer(meaning), NOW + day * DAY, others_answered=day < 8)
    assert not wanted.final
    assert wanted.attempts == 1


def test_faults_wait_longer_each_time() -> None:
    wanted, pauses = WANTED, []
    for _ in range(12):
        wanted = wanted.answered(answer(GATEWAY, "504 HTML"), NOW, others_answered=True)
        assert wanted.retry_after is not None
        pauses.append(wanted.retry_after - NOW)
        assert wanted.is_due(wanted.retry_after)
    assert pauses == sorted(pauses)
    assert pauses[:2] == [timedelta(0), timedelta(minutes=5)]
    assert pauses[-1] < DAY


def test_what_was_not_asked_counts_as_no_answer() -> None:
    error = OutageError("an outage", probe_at=(NOW + DAY).timestamp())
    wanted = WANTED.answered(error, NOW, others_answered=True)
    assert (wanted.attempts, wanted.retry_after) == (0, NOW + DAY)


def test_a_race_with_its_result_is_partial_until_all_parts_are_there() -> None:
    laps = Wanted(LAPS, "1", 0, "").answered(answer(PRIVATE), NOW, others_answered=True)
    part = fetch().after([laps], NOW, has_result=True, received=True)
    assert part.status is Status.PARTIAL
    assert part.note == "iRacing said so."
    assert part.is_due(NOW)
    assert fetch().after([], NOW, has_result=True, received=True).status is Status.OK


def test_a_young_race_is_read_once_more_after_a_week() -> None:
    young = fetch(ended=DAY).after([], NOW, has_result=True, received=True)
    assert not young.is_due(NOW + 5 * DAY)
    assert young.is_due(NOW + 6 * DAY)
    assert young.settles(NOW + 6 * DAY)
    reread = Wanted(LAPS, "1", 0, REREAD)
    again = young.after([reread], NOW + 6 * DAY, has_result=True, received=True)
    assert again.status is Status.OK
    assert again.settled
    assert again.is_due(NOW + 6 * DAY)
    done = again.after([], NOW + 6 * DAY, has_result=True, received=True)
    assert not done.is_due(NOW + 100 * DAY)


def test_an_old_race_is_read_once() -> None:
    old = fetch(ended=8 * DAY).after([], NOW, has_result=True, received=True)
    assert not old.is_due(NOW + 100 * DAY)


def test_a_dismissed_race_is_left_alone() -> None:
    assert not fetch(Status.DISMISSED).is_due(NOW + 1000 * DAY)


def test_laps_are_asked_for_of_each_entrant_once() -> None:
    rows = [
        {"cust_id": 7, "laps_complete": 3},
        {"cust_id": 7, "laps_complete": 3},
        {"cust_id": 8, "laps_complete": 0},
        {"team_id": -5, "laps_complete": 2},
    ]
    result = {"session_results": [{"simsession_number": 0, "results": rows}]}
    assert entrants(result, 0) == [(7, False), (-5, True)]
    assert entrants(result, -1) == []


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
    assert search_from(NOW - DAY, NOW) == NOW - 8 * DAY
    assert search_from(NOW + DAY, NOW) == NOW - 7 * DAY  # a clock that was wrong
    assert search_from(None, NOW) is None
    assert search_from(NOW - 82 * DAY, NOW) == NOW - 89 * DAY
    assert search_from(NOW - 83 * DAY, NOW) is None


@given(st.datetimes(datetime(2008, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001 - made aware below
def test_every_moment_lies_in_its_season(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    season = season_at(moment)
    assert season_start(season) <= moment < season_start(season.next)
    assert Season.parse(str(season)) == season


@pytest.mark.parametrize(
    ("day", "season"),
    [
        ("2022-06-18", "2022S3"),
        ("2024-03-11", "2024S1"),
        ("2024-03-12", "2024S2"),
        ("2024-12-16", "2024S4"),
        ("2024-12-17", "2025S1"),
        ("2025-12-16", "2026S1"),
    ],
)
def test_real_days_lie_in_their_seasons(day: str, season: str) -> None:
    assert str(season_at(datetime.fromisoformat(day).replace(tzinfo=UTC))) == season


def test_the_calendar_follows_real_seasons() -> None:
    spring, summer = Season(2026, 2), Season(2026, 3)
    rule = season_start(summer)
    assert Calendar.of({summer: rule + 7 * DAY}, []).start(summer) == rule + 7 * DAY
    early = Calendar.of({}, [(summer, rule - 5 * DAY)])
    assert early.start(summer) == rule - 7 * DAY
    assert early.at(rule - 5 * DAY) == summer
    late = Calendar.of({}, [(spring, rule + 2 * DAY)])
    assert late.start(summer) == rule + 7 * DAY
    assert late.at(rule + 2 * DAY) == spring
    odd = Calendar.of({summer: rule + 60 * DAY}, [(summer, rule - 50 * DAY)])
    assert odd.start(summer) == rule


def test_seasons_of_a_career() -> None:
    keys = [str(each) for each in seasons_between(Season(2024, 3), Season(2025, 2))]
    assert keys == ["2024S3", "2024S4", "2025S1", "2025S2"]
    for wrong in ("2024", "2024S5", "24S1", ""):
        with pytest.raises(ValueError, match="2026S1"):
            Season.parse(wrong)
