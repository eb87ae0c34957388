"""Remote write against a server that says what a test tells it to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from iracing_pipeline.metrics.history.remote_write import Allowance, Patience, RemoteWrite
from iracing_pipeline_tests.metrics.history.drives import drive
from iracing_pipeline_tests.metrics.history.scripted import Scripted, Series, serving, times

if TYPE_CHECKING:
    from iracing_pipeline.metrics.history.series import SessionSeries
    from iracing_pipeline_tests.metrics.history.scripted import Answer

NOW = 1_700_000_000.0
QUICK = Patience(tries=3, first_s=1.0, longest_s=30.0, rest_s=60.0)


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = NOW
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def writer(server: Scripted, clock: Clock | None = None, **options: object) -> RemoteWrite:
    clock = clock or Clock()
    expected = {"batch": 2400, "patience": QUICK, "sleep": clock.sleep, "clock": clock, **options}
    return RemoteWrite(server.url, **expected)  # type: ignore[arg-type]


def session(**options: object) -> SessionSeries:
    return drive(NOW - 60, **({"seconds": 60.0, "channels": 4} | options))  # type: ignore[arg-type]


def test_everything_arrives_in_order_of_time() -> None:
    with serving() as server:
        delivery = writer(server).send(session())

    assert (delivery.accepted, delivery.waiting, delivery.failure) == (2400, 0, None)
    assert len(server.kept) == 2400
    assert server.headers[0]["Content-Encoding"] == "snappy"
    assert server.headers[0]["X-Prometheus-Remote-Write-Version"] == "0.1.0"
    begins = [min(times(series)) for series in server.requests]
    assert begins == sorted(begins)


def test_sending_again_changes_nothing() -> None:
    with serving() as server:
        sender = writer(server)
        sender.send(session())
        before = dict(server.kept)
        sender.send(session())

    assert server.kept == before


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_what_may_come_right_is_tried_again(status: int) -> None:
    clock = Clock()
    with serving(lambda _, n: (status, "busy", {}) if n < 3 else (200, "", {})) as server:
        delivery = writer(server, clock).send(session())

    assert delivery.accepted == 2400
    assert clock.waits[0] == pytest.approx(1.1, abs=0.11)
    assert clock.waits[1] == pytest.approx(2.2, abs=0.21)


def test_the_server_says_how_long_to_wait() -> None:
    clock = Clock()
    busy = (429, "", {"Retry-After": "7"})
    with serving(lambda _, n: busy if n == 1 else (200, "", {})) as server:
        delivery = writer(server, clock).send(session())

    assert delivery.accepted == 2400
    assert 7 <= clock.waits[0] <= 8.4


def test_no_wait_is_longer_than_our_patience() -> None:
    clock = Clock()
    busy = (503, "", {"Retry-After": "86400"})
    with serving(lambda _, n: busy if n == 1 else (200, "", {})) as server:
        writer(server, clock).send(session())

    assert clock.waits[0] <= 36


@pytest.mark.parametrize("status", [400, 422])
def test_what_cannot_succeed_is_dropped_counted_and_not_repeated(status: int) -> None:
    with serving(lambda _, __: (status, "label name is invalid", {})) as server:
        delivery = writer(server).send(session(seconds=1.0))

    assert dict(delivery.refused) == {"invalid": 40}
    assert (delivery.accepted, delivery.waiting) == (0, 0)
    sent = [tuple(times(series)) for series in server.requests]
    assert len(sent) == len(set(sent))


def test_one_bad_moment_costs_no_other() -> None:
    bad = int(NOW * 1000) - 90_000

    def answer(series: Series, _: int) -> Answer:
        return (400, "duplicate sample", {}) if bad in times(series) else (200, "", {})

    with serving(answer) as server:
        delivery = writer(server).send(session())

    assert dict(delivery.refused) == {"duplicate": 4}
    assert delivery.accepted == 2396 == len(server.kept)


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("edge_s", [61.0, 75.3, 119.9, 200.0])
def test_what_is_young_enough_is_kept_to_the_sample(status: int, edge_s: float) -> None:
    edge = int((NOW - edge_s) * 1000)

    def answer(series: Series, _: int) -> Answer:
        old = min(times(series)) < edge
        return (status, "too old sample", {}) if old else (200, "", {})

    series = session(seconds=200.0)
    with serving(answer) as server:
        delivery = writer(server).send(series)

    young = int((series.times >= edge).sum()) * 4
    assert delivery.accepted == young == len(server.kept)
    assert delivery.refused["too_old"] == series.samples - young
    assert delivery.waiting == 0
    assert len(server.requests) < 40


def test_a_server_that_takes_only_what_is_newer_is_filled_in_order() -> None:
    edge = int((NOW - 100) * 1000)
    latest: dict[object, int] = {}

    def answer(series: Series, _: int) -> Answer:
        if min(times(series)) < edge:
            return 400, "out of bounds", {}
        for labels, samples in series.items():
            if samples[0][1] <= latest.get(labels, 0):
                return 400, "out of order sample", {}
            latest[labels] = samples[-1][1]
        return 200, "", {}

    series = session(seconds=200.0)
    with serving(answer) as server:
        delivery = writer(server).send(series)

    young = int((series.times >= edge).sum()) * 4
    # At the edge, a step of 6.4 s may be lost.
    assert young - 64 * 4 <= delivery.accepted <= young
    assert delivery.accepted + delivery.refused.total() == series.samples


def test_a_request_that_is_too_large_is_halved() -> None:
    def answer(series: Series, _: int) -> Answer:
        return (413, "", {}) if len(times(series)) > 500 else (200, "", {})

    with serving(answer) as server:
        delivery = writer(server).send(session())

    assert delivery.accepted == 2400 == len(server.kept)


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_wrong_settings_keep_everything_waiting(status: int) -> None:
    with serving(lambda _, __: (status, "no", {"Location": "http://127.0.0.1:9/"})) as server:
        delivery = writer(server).send(session())

    assert (delivery.waiting, delivery.accepted, delivery.refused.total()) == (2400, 0, 0)
    assert len(server.requests) == 1
    assert delivery.failure
    assert str(status) in delivery.failure


def test_a_server_that_fails_half_way_leaves_the_rest_waiting() -> None:
    with serving(lambda _, n: (200, "", {}) if n <= 2 else (503, "busy", {})) as server:
        delivery = writer(server, batch=400).send(session())

    assert delivery.accepted == 800 == len(server.kept)
    assert delivery.waiting == 1600


def test_a_server_that_is_down_is_left_alone_for_a_while() -> None:
    clock = Clock()
    with serving() as server:
        pass
    sender = writer(server, clock)
    first = sender.send(session())
    waits = len(clock.waits)
    second = sender.send(session())

    assert first.waiting == second.waiting == 2400
    assert first.failure
    assert "no connection" in first.failure
    assert len(clock.waits) == waits == 2

    clock.now += 61
    sender.send(session())
    assert len(clock.waits) == 2 * waits


def test_the_future_is_refused_unsent() -> None:
    with serving() as server:
        next_year = writer(server).send(drive(NOW + 365 * 86_400, seconds=10, channels=2))
        skewed = writer(server).send(drive(NOW + 300, seconds=10, channels=2))

    assert dict(next_year.refused) == {"future": 200}
    assert skewed.accepted == 200 == len(server.kept)


def test_no_more_is_sent_than_the_server_allows() -> None:
    clock = Clock()
    with serving() as server:
        sender = writer(server, clock, batch=400, allowance=Allowance(per_second=100.0, burst=1000))
        sender.send(session())

    assert sum(clock.waits) == pytest.approx((2400 - 1000) / 100, rel=0.01)


def test_a_password_is_sent_and_not_shown() -> None:
    with serving(lambda _, __: (401, "", {})) as server:
        delivery = writer(server, auth=("42", "glc_secret")).send(session(seconds=1.0))

    assert server.headers[0]["Authorization"].startswith("Basic ")
    assert "secret" not in str(delivery)


def test_a_session_without_values_is_no_request() -> None:
    series = session()
    for _, values in series.metrics.values():
        values[:] = np.nan
    with serving() as server:
        delivery = writer(server).send(series)

    assert delivery.samples == 0
    assert server.requests == []


def test_a_server_that_is_slow_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iracing_pipeline.metrics.history.remote_write._READ_S", 0.2)

    def answer(_: Series, number: int) -> Answer:
        if number == 1:
            time.sleep(0.6)
        return 200, "", {}

    with serving(answer) as server:
        delivery = writer(server).send(session())

    assert (delivery.accepted, delivery.waiting) == (2400, 0)
    assert len(server.kept) == 2400
