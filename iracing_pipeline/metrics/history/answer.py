"""Meaning of a server's answer to a write: accepted, to be tried again, or refused for good."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, StrEnum


class Verdict(Enum):
    """Action after an answer."""

    ACCEPTED = "the server has it"
    REFUSED = "the server will never take it"
    TOO_LARGE = "the server takes less at once"
    RETRY = "it may be taken later"
    MISCONFIGURED = "the server does not take what we send until the settings are corrected"


class Refusal(StrEnum):
    """Why samples were refused: the values of the label ``reason``."""

    TOO_OLD = "too_old"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE = "duplicate"
    FUTURE = "future"
    LIMIT = "limit"
    INVALID = "invalid"


# Prometheus's words, and Mimir's ids (Grafana Cloud). Prometheus before 2.50 says "too old
# sample" with status 500, which would be tried again for ever.
_REASONS = tuple(
    (refusal, re.compile(pattern, re.IGNORECASE))
    for refusal, pattern in (
        (Refusal.TOO_OLD, "too old|out of bounds|sample-timestamp-too-old|too-far-in-past"),
        (Refusal.OUT_OF_ORDER, "out of order|out-of-order"),
        (Refusal.DUPLICATE, "duplicate"),
        (Refusal.FUTURE, "too far in the future|too-far-in-future|too-new"),
        (Refusal.LIMIT, "limit|max-"),
    )
)
_SETTINGS = frozenset({301, 302, 307, 308, 401, 402, 403, 404, 405, 407})


def judge(status: int, text: str) -> Verdict:
    """Return the meaning of an answer.

    Args:
        status: The HTTP status.
        text: The beginning of the answer.
    """
    if 200 <= status < 300:
        return Verdict.ACCEPTED
    if status == 413:
        return Verdict.TOO_LARGE
    if status in _SETTINGS:
        return Verdict.MISCONFIGURED
    if status == 500 and reason(text) in {Refusal.TOO_OLD, Refusal.OUT_OF_ORDER, Refusal.DUPLICATE}:
        return Verdict.REFUSED
    if status in {408, 429} or status >= 500:
        return Verdict.RETRY
    return Verdict.REFUSED


def reason(text: str) -> Refusal:
    """Return the reason why samples were refused, by the server's text."""
    return next((refusal for refusal, pattern in _REASONS if pattern.search(text)), Refusal.INVALID)


def has_window(text: str) -> bool:
    """Whether a server that finds samples too old takes others out of their order.

    Without a window for that, Prometheus calls them out of bounds.
    """
    return "out of bounds" not in text.lower()


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that the header ``Retry-After`` asks us to wait, as a number or a date."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        when = parsedate_to_datetime(header)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
