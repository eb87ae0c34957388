"""The one order of all versions of a subsession."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

from iracing_pipeline.results.source import Source, precedence

EARLY = datetime(2026, 3, 22, 6, tzinfo=UTC)
LATE = EARLY + timedelta(days=2)


def test_the_better_source_comes_first_and_the_newer_data_second() -> None:
    ascending = [
        (Source.IBT, LATE),
        (Source.ARCHIVE_CSV, LATE),
        (Source.ARCHIVE_JSON, EARLY),
        (Source.ARCHIVE_JSON, LATE),
        (Source.EVENT_CSV, EARLY),
        (Source.EVENT_RESULT, EARLY),
        (Source.API, LATE),
        (Source.EVENT_RESULT, LATE + timedelta(seconds=1)),
    ]
    assert sorted(ascending, key=lambda each: precedence(*each)) == ascending


def test_it_is_total_and_no_order_of_arrival_changes_the_winner() -> None:
    versions = list(product(Source, (EARLY, LATE), (1, 2)))
    keys = [precedence(*each) for each in versions]
    assert len(set(keys)) == len(versions)
    some = [
        (Source.API, EARLY, 0),
        (Source.EVENT_RESULT, LATE, 1),
        (Source.EVENT_RESULT, LATE, 2),
        (Source.EVENT_CSV, LATE, 3),
    ]
    for order in permutations(some):
        held = order[0]
        for each in order[1:]:
            held = max(held, each, key=lambda version: precedence(*version))
        assert held == (Source.EVENT_RESULT, LATE, 2)
