"""A server that answers as a test tells it to."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from iracing_pipeline_tests.metrics.history.decode import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[int, str, dict[str, str]]
Series = dict[tuple[tuple[str, str], ...], list[tuple[float, int]]]


@dataclass(slots=True)
class Scripted:
    """Its answers and its requests.

    Attributes:
        answer: Given the decoded request and its number, status, text and headers.
        requests: The series of each request.
        headers: The headers of each request.
        kept: Samples of accepted requests, by series and time.
        url: Address.
    """

    answer: Callable[[Series, int], Answer]
    requests: list[Series] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    kept: dict[tuple[Any, int], float] = field(default_factory=dict)
    url: str = ""


def times(series: Series) -> list[int]:
    """All times in a request."""
    return [time for samples in series.values() for _, time in samples]


def accept(_: Series, __: int) -> Answer:
    """Take everything."""
    return 204, "", {}


@contextmanager
def serving(answer: Callable[[Series, int], Answer] = accept) -> Iterator[Scripted]:
    """Serve on loopback, on a free port."""
    script = Scripted(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            series = read(self.rfile.read(int(self.headers["Content-Length"])))
            script.requests.append(series)
            script.headers.append(dict(self.headers))
            status, text, headers = script.answer(series, len(script.requests))
            if 200 <= status < 300:
                for labels, samples in series.items():
                    script.kept.update({(labels, time): value for value, time in samples})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as inherited
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/api/v1/write"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
