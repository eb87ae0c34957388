"""Answers that are made to fill the memory, or to never end."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import requests

from iracing_pipeline import http_client
from iracing_pipeline.http_client import MB, BoundExceededError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(OSError):  # the client has had enough
                answer(self)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=[0.05], daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}/"
    running.shutdown()
    running.server_close()


def body(content: bytes, *headers: tuple[str, str], length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def get(answer: Answer, *, longest_s: float = 10.0, most_bytes: int = MB) -> requests.Response:
    with (
        server(answer) as url,
        http_client.session(most_bytes=most_bytes, longest_s=longest_s) as session,
    ):
        return session.get(url, timeout=2.0)


PACKED = ("Content-Encoding", "gzip")


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """2 MB that unpack to 2 GB."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(MB)
    return b"".join(packer.compress(block) for _ in range(2048)) + packer.flush()


def test_a_bomb_is_refused_in_bounded_memory(bomb: bytes) -> None:
    assert len(bomb) < 3 * MB
    tracemalloc.start()
    try:
        with pytest.raises(BoundExceededError):
            get(body(bomb, PACKED), most_bytes=4 * MB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MB


def test_what_is_large_and_not_packed_is_refused() -> None:
    with pytest.raises(BoundExceededError):
        get(body(bytes(2 * MB)))


def test_an_error_page_is_bounded_as_well(bomb: bytes) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(503)
        handler.send_header(*PACKED)
        handler.send_header("Content-Length", str(len(bomb)))
        handler.end_headers()
        handler.wfile.write(bomb)

    with pytest.raises(BoundExceededError):
        get(answer)


@pytest.mark.parametrize("chunk", [b"x", gzip.compress(b"", mtime=0)[:10]])
def test_an_answer_that_drips_is_ended_in_time(chunk: bytes) -> None:
    """Each byte comes in time, the answer never ends; a gzip header may be endless too."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(MB))
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(chunk)
            handler.wfile.flush()
            time.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(BoundExceededError):
        get(answer, longest_s=0.5)
    assert time.monotonic() - began < 3.0


@pytest.mark.parametrize(
    ("content", "packed"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        (b'{"a": 1}' * 50_000, gzip.compress(b'{"a": 1}' * 50_000, mtime=0)),
        (b"one two", gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0)),
        (b"", gzip.compress(b"", mtime=0)),
        (b"", b""),
    ],
)
def test_ordinary_answers_are_read_whole(content: bytes, packed: bytes) -> None:
    headers = [PACKED] if packed[:2] == b"\x1f\x8b" else []
    answer = get(body(packed, *headers))
    assert answer.content == content
    assert answer.status_code == 200


def test_chunked_answers_are_read_whole() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header(*PACKED)
        handler.end_headers()
        packed = gzip.compress(b"0123456789" * 1000, mtime=0)
        for part in (packed[:7], packed[7:]):
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    assert get(answer).content == b"0123456789" * 1000


@pytest.mark.parametrize(
    "answer",
    [
        body(b"no gzip", PACKED),
        body(b"cut", length=100),
        body(gzip.compress(bytes(1000), mtime=0)[:-4], PACKED, length=100),
    ],
    ids=["no gzip", "cut", "packed and cut"],
)
def test_what_is_damaged_is_an_error_of_requests(answer: Answer) -> None:
    with pytest.raises(requests.RequestException):
        get(answer)
