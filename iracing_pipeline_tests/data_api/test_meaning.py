"""The table of what an answer means."""

from __future__ import annotations

import pytest

from iracing_pipeline.data_api.expectations import unexpected
from iracing_pipeline.data_api.meaning import (
    ABSENT,
    GATEWAY,
    GOOD,
    MAINTENANCE,
    MALFORMED,
    MEANINGS,
    PRIVATE,
    RATE_LIMIT,
    REFUSED,
    REJECTED,
    SCOPE,
    TABLE,
    UNAUTHORIZED,
    About,
    Meaning,
    read_answer,
)

HTML = b"\n<!DOCTYPE html><HTML>Request blocked.</HTML>"


@pytest.mark.parametrize(
    ("endpoint", "status", "body", "meaning"),
    [
        ("results/get", 200, b'{"link": "x"}', GOOD),
        ("results/get", 200, b"", MALFORMED),
        ("results/get", 200, HTML, MALFORMED),
        ("results/get", 200, b'{"link":', MALFORMED),
        ("results/get", 200, b"Rate limit exceeded", RATE_LIMIT),
        ("results/get", 429, HTML, RATE_LIMIT),
        ("results/get", 401, b"", UNAUTHORIZED),
        ("results/get", 403, b'{"error":"Forbidden"}', PRIVATE),
        ("results/get", 403, b'{"error":"insufficient_scope"}', SCOPE),
        ("results/get", 403, b'{"error":"Unheard Of"}', REFUSED),
        ("results/get", 403, b"[]", REFUSED),
        ("results/get", 403, HTML, GATEWAY),
        ("results/get", 403, b"", GATEWAY),
        ("member/info", 403, b'{"error":"Forbidden"}', SCOPE),
        ("results/search_hosted", 403, b'{"error":"Forbidden"}', SCOPE),
        ("results/get", 404, b'{"error":"Not Found"}', ABSENT),
        ("results/get", 404, HTML, GATEWAY),
        ("results/get", 400, b'{"error":"Bad Request"}', REJECTED),
        ("results/get", 400, b"Bad Request", GATEWAY),
        ("results/get", 503, b'{"error":"Site Maintenance","note":"x"}', MAINTENANCE),
        ("results/get", 503, HTML, GATEWAY),
        ("results/get", 504, HTML, GATEWAY),
        ("results/get", 302, b"", GATEWAY),
        ("results/get", 500, b'{"error":"Forbidden"}', GATEWAY),
        ("results/get", 403, b"[" * 100_000, GATEWAY),
    ],
)
def test_an_answer_is_told_by_endpoint_status_and_body(
    endpoint: str, status: int, body: bytes, meaning: Meaning
) -> None:
    assert read_answer(endpoint, status, body).meaning is meaning


def test_only_json_of_iracing_about_an_item_can_become_final() -> None:
    for rule in TABLE:
        if rule.meaning.provable:
            assert rule.body is not None
            assert rule.meaning.about is About.ITEM
            assert not rule.meaning.repeats


def test_every_meaning_waits_longer_each_time() -> None:
    for meaning in MEANINGS.values():
        pauses = [meaning.pause(attempts) for attempts in range(1, 15)]
        assert pauses == sorted(pauses)
        assert pauses[-1].total_seconds() > 0


@pytest.mark.parametrize(
    ("endpoint", "payload", "rows"),
    [
        ("results/get", {}, None),
        ("results/get", None, None),
        ("results/get", {"error": "Forbidden"}, None),
        ("results/get", {"subsession_id": 8, "session_results": []}, None),
        ("results/lap_chart_data", {"success": True}, None),
        ("member/info", {"cust_id": "x"}, None),
        ("member/chart_data", {"data": None}, None),
        ("track/get", [], None),
    ],
)
def test_json_that_is_not_the_document_is_not_kept(
    endpoint: str, payload: object, rows: list[object] | None
) -> None:
    assert unexpected(endpoint, {"subsession_id": "7"}, payload, rows) is not None


def test_documents_are_kept() -> None:
    asked = {"subsession_id": "7"}
    result = {"subsession_id": 7, "session_results": []}
    assert unexpected("results/get", asked, result, None) is None
    assert unexpected("results/event_log", asked, {}, []) is None
    assert unexpected("track/get", {}, [{"track_id": 1}], None) is None
