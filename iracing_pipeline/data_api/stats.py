"""Counts of the client: calls, quota left, latency, retries, errors."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StatsSnapshot:
    """The counters at one moment.

    Attributes:
        calls: API requests sent, by endpoint (``results/get``) and HTTP status (0: no answer).
        downloads: Link and chunk downloads, which cost no quota, by HTTP status.
        seconds: Time spent waiting for answers, by endpoint.
        errors: Errors raised to the caller, by class name.
        token_requests: Requests to the token endpoint, by grant.
        waited_s: Time spent waiting for the rate limit, in seconds.
        quota_limit: ``X-RateLimit-Limit`` as last seen; None before the first answer.
        quota_remaining: ``X-RateLimit-Remaining`` as last seen; None before the first answer.
    """

    calls: dict[tuple[str, int], int]
    downloads: dict[int, int]
    seconds: dict[str, float]
    errors: dict[str, int]
    token_requests: dict[str, int]
    waited_s: float
    quota_limit: int | None
    quota_remaining: int | None

    @property
    def requests(self) -> int:
        """API requests sent, which is what the quota counts."""
        return sum(self.calls.values())


@dataclass(slots=True)
class ApiStats:
    """Counters of one process, safe to read from another thread."""

    _calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    _downloads: Counter[int] = field(default_factory=Counter)
    _seconds: dict[str, float] = field(default_factory=dict)
    _errors: Counter[str] = field(default_factory=Counter)
    _token_requests: Counter[str] = field(default_factory=Counter)
    _waited_s: float = 0.0
    _quota_limit: int | None = None
    _quota_remaining: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def called(self, endpoint: str, status: int, seconds: float) -> None:
        """Count one API request and the time its answer took."""
        with self._lock:
            self._calls[endpoint, status] += 1
            self._seconds[endpoint] = self._seconds.get(endpoint, 0.0) + seconds

    def downloaded(self, status: int) -> None:
        """Count one download of a link or a chunk."""
        with self._lock:
            self._downloads[status] += 1

    def failed(self, error: Exception) -> None:
        """Count one error that reached the caller."""
        with self._lock:
            self._errors[type(error).__name__] += 1

    def token_requested(self, grant: str) -> None:
        """Count one request to the token endpoint."""
        with self._lock:
            self._token_requests[grant] += 1

    def waited(self, seconds: float) -> None:
        """Add time spent waiting for the rate limit."""
        with self._lock:
            self._waited_s += seconds

    def quota(self, limit: str | None, remaining: str | None) -> None:
        """Take note of the quota headers of an answer."""
        with self._lock:
            if limit is not None and limit.isdigit():
                self._quota_limit = int(limit)
            if remaining is not None and remaining.isdigit():
                self._quota_remaining = int(remaining)

    def snapshot(self) -> StatsSnapshot:
        """A copy of the counters."""
        with self._lock:
            return StatsSnapshot(
                calls=dict(self._calls),
                downloads=dict(self._downloads),
                seconds=dict(self._seconds),
                errors=dict(self._errors),
                token_requests=dict(self._token_requests),
                waited_s=self._waited_s,
                quota_limit=self._quota_limit,
                quota_remaining=self._quota_remaining,
            )
