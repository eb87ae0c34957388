from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iracing_pipeline.data_api.rate_limit import TokenBucket
from iracing_pipeline_tests.data_api.simulated_clock import SimulatedClock


@given(
    per_minute=st.integers(10, 240),
    burst=st.integers(1, 9),
    pauses=st.lists(st.floats(0, 90), max_size=300),
)
def test_no_window_of_a_minute_exceeds_the_limit(
    per_minute: int, burst: int, pauses: list[float]
) -> None:
    clock = SimulatedClock()
    bucket = TokenBucket(per_minute, burst, clock)
    calls: list[float] = []
    for pause in pauses:
        clock.sleep(pause)
        bucket.acquire()
        calls.append(clock.now())
    for index, call in enumerate(calls):
        assert sum(1 for other in calls[index:] if other - call < 60 - 1e-6) <= per_minute


def test_sustained_rate_comes_close_to_the_limit() -> None:
    clock = SimulatedClock()
    bucket = TokenBucket(120, clock=clock)
    start = clock.now()
    for _ in range(1200):
        bucket.acquire()
    assert 1200 / ((clock.now() - start) / 60) == pytest.approx(114, rel=0.02)


def test_a_nearly_spent_quota_waits_for_the_reset() -> None:
    clock = SimulatedClock()
    bucket = TokenBucket(120, clock=clock)
    reset = clock.now() + 40
    bucket.observe({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": str(reset)})
    bucket.acquire()
    assert clock.now() == pytest.approx(reset + 1)


def test_ample_quota_does_not_wait() -> None:
    clock = SimulatedClock()
    bucket = TokenBucket(120, clock=clock)
    bucket.observe({"X-RateLimit-Remaining": "6", "X-RateLimit-Reset": str(clock.now() + 40)})
    assert bucket.acquire() == 0


def test_a_reset_by_a_wrong_clock_does_not_wait_for_hours() -> None:
    clock = SimulatedClock()
    bucket = TokenBucket(120, clock=clock)
    bucket.observe({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(clock.now() + 86400)})
    assert bucket.acquire() <= 120


def test_nonsense_in_the_headers_is_ignored() -> None:
    bucket = TokenBucket(clock=SimulatedClock())
    bucket.observe({"X-RateLimit-Remaining": "soon", "X-RateLimit-Reset": "later"})
    assert bucket.acquire() == 0
