"""Macros and steps: what Grafana itself made of them was written down from a running server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.macros import expand
from iracing_pipeline.dashboards.moments import Range, duration, seconds

SPAN = Range(
    datetime(2026, 3, 7, 19, 0, tzinfo=UTC), datetime(2026, 3, 7, 20, 0, 0, 500_000, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("macro", "expanded"),
    [
        ("$__time(at)", 'at AS "time"'),
        ("$__timeEpoch(at)", 'extract(epoch from at) as "time"'),
        (
            "$__timeFilter(s.at)",
            "s.at BETWEEN '2026-03-07T19:00:00Z' AND '2026-03-07T20:00:00.5Z'",
        ),
        ("$__timeFrom()", "'2026-03-07T19:00:00Z'"),
        ("$__timeTo()", "'2026-03-07T20:00:00.5Z'"),
        ("$__timeGroup(at, '5m')", "floor(extract(epoch from at)/300)*300"),
        ("$__timeGroupAlias(at,1h)", 'floor(extract(epoch from at)/3600)*3600 AS "time"'),
        ("$__unixEpochFilter(at)", "at >= 1772910000 AND at <= 1772913600"),
        (
            "$__unixEpochNanoFilter(at)",
            "at >= 1772910000000000000 AND at <= 1772913600500000000",
        ),
        ("$__unixEpochNanoFrom()", "1772910000000000000"),
        ("$__unixEpochGroup(at, '10s')", "floor((at)/10)*10"),
        ("$__unixEpochGroupAlias(at, '10s')", 'floor((at)/10)*10 AS "time"'),
    ],
)
def test_macros(macro: str, expanded: str) -> None:
    assert expand(macro, SPAN) == expanded


def test_an_unknown_macro_is_an_error() -> None:
    with pytest.raises(BoardError, match=r"macro \$__timeFilt is not known"):
        expand("$__timeFilt(at)", SPAN)


def test_a_missing_argument_is_an_error() -> None:
    with pytest.raises(BoardError, match=r"\$__timeGroup needs 2"):
        expand("$__timeGroup(at)", SPAN)


@pytest.mark.parametrize(
    ("start", "points", "step"),
    [
        ("now-90d", 1000, "2h"),
        ("now-1h", 1000, "5s"),
        ("now-6h", 1000, "20s"),
        ("now-1y", 1000, "6h"),
    ],
)
def test_the_step_is_that_of_the_browser(start: str, points: int, step: str) -> None:
    assert duration(Range.of(start, "now").step_ms(points)) == step


def test_the_step_has_a_least() -> None:
    assert Range.of("now-1m", "now").step_ms(least_ms=1000) == 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", datetime(2026, 3, 7, tzinfo=UTC)),
        ("now-2d", datetime(2026, 3, 5, tzinfo=UTC)),
        ("2000-01-01T00:00:00.000Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("946684800000", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert Range.of(text, text, now=datetime(2026, 3, 7, tzinfo=UTC)).start == expected


@pytest.mark.parametrize("text", ["yesterday", "now-1x", "99999999999999999999"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BoardError, match="is not a time"):
        Range.of(text, "now")


def test_durations() -> None:
    assert [seconds(text) for text in ("100ms", "5m", "1.5h")] == [0.1, 300, 5400]
    with pytest.raises(BoardError):
        seconds("soon")
