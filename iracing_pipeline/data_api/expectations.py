"""Checks of a whole answer before it is stored.

A document is kept for good and not requested again, so a body that is JSON and nothing else
(``{}``, another race's result) must not count as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNKED = (
    "results/search_series",
    "results/search_hosted",
    "results/lap_chart_data",
    "results/lap_data",
    "results/event_log",
)
LISTS = {
    "member/chart_data": "data",
    "stats/member_career": "stats",
    "stats/member_yearly": "stats",
}


def unexpected(
    endpoint: str, parameters: Mapping[str, str], payload: Any, rows: list[Any] | None
) -> str | None:
    """Return the problem of a whole answer; None if it can be stored.

    Args:
        endpoint: The requested endpoint.
        parameters: With what.
        payload: The JSON, or the header of a chunked answer.
        rows: The rows of all chunks; None when the answer was not chunked.
    """
    if endpoint in CHUNKED:
        return None if rows is not None else "it announces no rows"
    if isinstance(payload, dict) and isinstance(payload.get("error"), str):
        return f"it is an error: {payload['error'][:60]}"
    if endpoint == "results/get":
        return _result(parameters, payload)
    if endpoint == "member/info":
        own = payload.get("cust_id") if isinstance(payload, dict) else None
        return None if type(own) is int else "it names no cust_id"
    if endpoint in LISTS:
        name = LISTS[endpoint]
        listed = payload.get(name) if isinstance(payload, dict) else None
        return None if isinstance(listed, list) else f"it has no list {name}"
    return None if isinstance(payload, dict | list) and payload else "it is empty"


def _result(parameters: Mapping[str, str], payload: Any) -> str | None:
    if not isinstance(payload, dict) or not isinstance(payload.get("session_results"), list):
        return "it has no session_results"
    if str(payload.get("subsession_id")) != parameters.get("subsession_id"):
        return f"it is of subsession {str(payload.get('subsession_id'))[:20]}"
    return None
