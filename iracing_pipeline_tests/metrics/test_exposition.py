"""The scrape endpoint: no work in a scrape, and no fall when a source falls."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from iracing_pipeline.metrics.endpoint import Endpoint, PortInUseError
from iracing_pipeline.metrics.exposition import Answer, Exposition, SourceError
from iracing_pipeline.metrics.families import counter, exposition, gauge, histogram, timed

if TYPE_CHECKING:
    from collections.abc import Iterator


def values(text: bytes) -> dict[str, float]:
    rows = (line.rpartition(" ") for line in text.decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in rows}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    served = Endpoint(lambda: b"a 1\n")
    served.start()
    yield served
    served.stop()


def test_values_have_a_partner_that_says_when() -> None:
    at = datetime(2026, 3, 7, tzinfo=UTC)

    text = exposition(
        timed("best_lap", "seconds", "Best.", ("car",), [(("A",), 90.5, at), (("B",), None, at)])
    )

    assert values(text) == {
        'iracing_best_lap_seconds{car="A"}': 90.5,
        'iracing_best_lap_timestamp_seconds{car="A"}': at.timestamp(),
    }


def test_families_without_values_are_left_out() -> None:
    assert exposition([gauge("a", "A."), counter("b", "B.")]) == b""


def test_a_histogram_is_cumulative() -> None:
    text = exposition([histogram("h", "H.", (), (0.1, 1.0), [((), [1, 3, 4], 7.5)])])

    assert values(text) == {
        'iracing_h_bucket{le="0.1"}': 1,
        'iracing_h_bucket{le="1"}': 3,
        'iracing_h_bucket{le="+Inf"}': 4,
        "iracing_h_count": 4,
        "iracing_h_sum": 7.5,
    }


def test_a_source_that_fails_keeps_its_last_answer_and_says_its_age() -> None:
    now, up = [1000.0], [True]

    def database() -> Answer:
        if not up[0]:
            raise SourceError("down")
        return Answer(b"a 1\n", now[0])

    shown = Exposition({"database": database}, up="database", clock=lambda: now[0])
    shown.refresh()
    assert values(shown.render())["iracing_up"] == 1
    up[0], now[0] = False, 1060.0
    shown.refresh()

    result = values(shown.render())

    assert result["a"] == 1
    assert result["iracing_up"] == 0
    assert result['iracing_source_answer_age_seconds{source="database"}'] == 60
    assert result['iracing_source_failures_total{source="database"}'] == 1
    up[0] = True
    shown.refresh()
    result = values(shown.render())
    assert result["iracing_up"] == 1
    assert result['iracing_source_answer_age_seconds{source="database"}'] == 0


def test_a_source_with_a_bug_is_down_and_asked_again() -> None:
    turns = list[int]()

    def wrong() -> Answer:
        turns.append(len(turns))
        if len(turns) == 1:
            raise AttributeError("passed")
        return Answer(b"b 2\n", 7.0)

    shown, stop = Exposition({"dagster": wrong}, clock=lambda: 7.0), threading.Event()
    shown.refresh()
    assert values(shown.render())['iracing_source_up{source="dagster"}'] == 0
    threads = shown.run(0.01, stop)
    deadline = time.monotonic() + 10
    while "b" not in values(shown.render()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join(10)

    assert values(shown.render())['iracing_source_up{source="dagster"}'] == 1


def test_an_answer_from_before_is_shown_until_there_is_one() -> None:
    def down() -> Answer:
        raise SourceError("down")

    shown = Exposition({"racing": down}, clock=lambda: 500.0)
    shown.seed("racing", Answer(b"old 1\n", 100.0))
    shown.refresh()

    result = values(shown.render())

    assert result["old"] == 1
    assert result['iracing_source_up{source="racing"}'] == 0
    assert result['iracing_source_answer_age_seconds{source="racing"}'] == 400


def test_a_source_that_hangs_delays_no_scrape_and_no_other_source() -> None:
    release, asked = threading.Event(), threading.Event()

    def hangs() -> Answer:
        release.wait(10)
        return Answer(b"", time.time())

    def quick() -> Answer:
        asked.set()
        return Answer(b"b 2\n", time.time())

    shown, stop = Exposition({"slow": hangs, "quick": quick}), threading.Event()
    threads = shown.run(0.01, stop)
    try:
        assert asked.wait(5)
        time.sleep(0.05)
        began = time.perf_counter()
        text = shown.render()
        took = time.perf_counter() - began
    finally:
        stop.set()
        release.set()
        for thread in threads:
            thread.join(5)

    assert values(text)["b"] == 2
    assert took < 0.05


def test_the_endpoint_listens_on_loopback_and_answers(endpoint: Endpoint) -> None:
    assert endpoint.url.startswith("http://127.0.0.1:")
    with urlopen(endpoint.url) as answer:  # noqa: S310 - our own
        assert answer.read() == b"a 1\n"
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    with pytest.raises(HTTPError, match="404"):
        urlopen(endpoint.url.replace("metrics", "other"))  # noqa: S310 - our own


def test_a_port_in_use_is_said(endpoint: Endpoint) -> None:
    port = int(endpoint.url.split(":")[2].split("/")[0])

    with pytest.raises(PortInUseError, match=f"{port}.*--port"):
        Endpoint(lambda: b"", port=port)
