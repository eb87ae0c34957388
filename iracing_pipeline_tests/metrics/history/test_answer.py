"""Meaning of the answers of servers: their own words, by status."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iracing_pipeline.metrics.history.answer import (
    Refusal,
    Verdict,
    has_window,
    judge,
    reason,
    retry_after,
)


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        (200, "", Verdict.ACCEPTED),
        (204, "", Verdict.ACCEPTED),
        (400, "out of bounds", Verdict.REFUSED),
        (400, "too old sample", Verdict.REFUSED),
        # Prometheus before 2.50: would be tried again for ever.
        (500, "too old sample", Verdict.REFUSED),
        (500, "out of order sample", Verdict.REFUSED),
        (500, "write to WAL: log samples: no space left on device", Verdict.RETRY),
        (502, "", Verdict.RETRY),
        (503, "", Verdict.RETRY),
        (429, "the request has been rejected: ingestion rate limit", Verdict.RETRY),
        (408, "", Verdict.RETRY),
        (413, "", Verdict.TOO_LARGE),
        (422, "invalid label", Verdict.REFUSED),
        (401, "Unauthorized", Verdict.MISCONFIGURED),
        (403, "", Verdict.MISCONFIGURED),
        (404, "remote write receiver needs to be enabled", Verdict.MISCONFIGURED),
        (302, "", Verdict.MISCONFIGURED),
    ],
)
def test_verdicts(status: int, text: str, verdict: Verdict) -> None:
    assert judge(status, text) is verdict


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("too old sample", Refusal.TOO_OLD),
        ("out of bounds", Refusal.TOO_OLD),
        ("the sample has been rejected (err-mimir-sample-timestamp-too-old)", Refusal.TOO_OLD),
        ("out of order sample", Refusal.OUT_OF_ORDER),
        ("duplicate sample for timestamp", Refusal.DUPLICATE),
        ("timestamp is too far in the future", Refusal.FUTURE),
        ("per-user series limit (err-mimir-max-series-per-user)", Refusal.LIMIT),
        ("label name is invalid", Refusal.INVALID),
    ],
)
def test_reasons(text: str, refusal: Refusal) -> None:
    assert reason(text) is refusal


def test_only_a_server_without_a_window_says_out_of_bounds() -> None:
    assert has_window("too old sample")
    assert not has_window("400 Out of bounds")


def test_retry_after() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    assert retry_after("7") == 7
    assert retry_after("Tue, 24 Nov 2026 12:00:30 GMT", now) == 30
    assert retry_after("Tue, 24 Nov 2026 11:00:00 GMT", now) == 0
    assert retry_after(None) is None
    assert retry_after("soon") is None
