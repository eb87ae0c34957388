"""The client's own limit on calls, kept well under iRacing's and corrected by its headers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from iracing_pipeline.data_api.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.data_api.clock import Clock

WINDOW_S = 60.0
LOW_WATER = 5
"""At this many calls left in iRacing's window, wait for the next one."""

RESET_MARGIN_S = 1.0


class TokenBucket:
    """Lets at most ``per_minute`` calls through in any 60 seconds.

    A bucket of ``burst`` tokens refills at ``per_minute - burst`` a minute, so that burst and
    refill together never exceed the limit in any window.

    Args:
        per_minute: The limit. iRacing's own is 240.
        burst: How many calls may go at once after a pause.
        clock: Returns the current time.
    """

    def __init__(self, per_minute: int = 120, burst: int = 6, clock: Clock | None = None) -> None:
        if not 0 < burst < per_minute:
            raise ValueError(f"burst must lie between 0 and {per_minute}, not {burst}")
        self.per_minute = per_minute
        self._burst = burst
        self._refill_per_s = (per_minute - burst) / WINDOW_S
        self._clock = clock or SystemClock()
        self._tokens = float(burst)
        self._filled_at = self._clock.now()
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    def acquire(self) -> float:
        """Wait until a call may go.

        Returns:
            The seconds waited.
        """
        with self._lock:
            waited = self._wait(self._blocked_until - self._clock.now())
            self._fill()
            if self._tokens < 1:
                waited += self._wait((1 - self._tokens) / self._refill_per_s)
                self._fill()
            self._tokens -= 1
            return waited

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take note of the ``X-RateLimit-*`` headers of an answer."""
        remaining = _number(headers.get("X-RateLimit-Remaining"))
        reset = _number(headers.get("X-RateLimit-Reset"))
        if remaining is not None and reset is not None and remaining <= LOW_WATER:
            self.block_until(reset + RESET_MARGIN_S)

    def block_until(self, moment: float) -> None:
        """Let no call through before ``moment`` (seconds since 1970)."""
        # A reset far ahead would be a clock that disagrees, not a window of a minute.
        latest = self._clock.now() + 2 * WINDOW_S
        self._blocked_until = max(self._blocked_until, min(moment, latest))

    def _fill(self) -> None:
        now = self._clock.now()
        gained = max(0.0, now - self._filled_at) * self._refill_per_s
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._filled_at = now

    def _wait(self, seconds: float) -> float:
        if seconds <= 0:
            return 0.0
        self._clock.sleep(seconds)
        return seconds


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
