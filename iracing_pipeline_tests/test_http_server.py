"""The servers of our own, when connections are silent, too many, or cannot be taken."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from iracing_pipeline import http_server
from iracing_pipeline.metrics.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    running = Endpoint(lambda: b"iracing_up 1\n")
    running.start()
    yield running
    running.stop()


def test_descriptors_that_run_out_do_not_take_a_core(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def exhausted(_server: object) -> Any:
        tries.append(time.monotonic())
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("http.server.ThreadingHTTPServer.get_request", exhausted)
        waiting = socket.create_connection(("127.0.0.1", urlsplit(endpoint.url).port or 0))
        began = time.process_time()
        time.sleep(2.0)
        took = time.process_time() - began
    waiting.close()

    assert 1 <= len(tries) <= 5
    assert took < 0.5
    assert requests.get(endpoint.url, timeout=5).text == "iracing_up 1\n", "it goes on afterwards"


def test_silent_connections_leave_room_for_a_scrape(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection too many is closed; those that say nothing time out."""
    monkeypatch.setattr("iracing_pipeline.metrics.endpoint.Handler.timeout", 0.5)
    port = urlsplit(endpoint.url).port or 0
    many = [
        socket.create_connection(("127.0.0.1", port))
        for _ in range(http_server.MOST_CONNECTIONS + 20)
    ]
    time.sleep(0.3)
    threads = sum(thread.name.startswith("Thread-") for thread in threading.enumerate())
    time.sleep(1.5)

    assert threads <= http_server.MOST_CONNECTIONS + 10
    assert requests.get(endpoint.url, timeout=5).status_code == 200
    for each in many:
        each.close()


@pytest.mark.parametrize("path", ["/metrics", "/", "/healthz"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:9410"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_reads_no_metrics(endpoint: Endpoint, path: str, headers: dict[str, str]) -> None:
    address = endpoint.url.removesuffix("/metrics") + path
    assert requests.get(address, headers=headers, timeout=5).status_code == 403


@pytest.mark.parametrize("host", ["metrics:9410", "host.docker.internal:9411", "localhost:1"])
def test_prometheus_reads_them_under_every_name_that_it_has_for_us(
    endpoint: Endpoint, host: str
) -> None:
    assert requests.get(endpoint.url, headers={"Host": host}, timeout=5).status_code == 200
