"""The HTTP endpoint that Prometheus scrapes."""

from __future__ import annotations

import logging
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar

from iracing_pipeline.http_guard import allowed_hosts, refusal
from iracing_pipeline.http_server import LimitedServer
from iracing_pipeline.metrics.families import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


class PortInUseError(Exception):
    """The endpoint cannot listen where it shall."""


class Endpoint:
    """A server of one text at ``/metrics``; it answers ``/healthz`` too."""

    def __init__(self, render: Callable[[], bytes], *, host: str = LOOPBACK, port: int = 0) -> None:
        """Listen; nothing is answered before :meth:`start`.

        Args:
            render: What to answer; called for each scrape, so it must be quick.
            host: Address to listen on.
            port: Port; 0 for any that is free.

        Raises:
            PortInUseError: If it cannot listen there.
        """
        handler = type("Handler", (_Handler,), {"render": staticmethod(render)})
        try:
            self._server = _Server((host, port), handler)
        except OSError as error:
            raise PortInUseError(
                f"Cannot listen on {host}:{port} ({error.strerror}). Choose another with --port."
            ) from error
        self._server.allowed = allowed_hosts()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """URL of the metrics."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/metrics"

    def start(self) -> None:
        """Answer, in a separate thread."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics endpoint", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.stopping = True
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(LimitedServer):
    stopping = False
    allowed: frozenset[str] = frozenset()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if isinstance(sys.exception(), OSError):  # the scraper went away
            logger.debug("%s went away", client_address)
        else:
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    render: ClassVar[Callable[[], bytes]]
    protocol_version = "HTTP/1.1"
    server_version = "iracing-pipeline"
    sys_version = ""
    timeout = 30  # of a client that connects and says nothing

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if why := refusal("GET", path, query, headers, self.server.allowed):
            self._answer(HTTPStatus.FORBIDDEN, f"{why}\n".encode())
        elif self.server.stopping:  # on a connection that was kept open
            self.close_connection = True
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Stopping\n")
        elif path in {"/metrics", "/"}:
            self._answer(HTTPStatus.OK, type(self).render(), CONTENT_TYPE)
        elif path == "/healthz":
            self._answer(HTTPStatus.OK, b"ok\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"Metrics are at /metrics\n")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature inherited
        logger.debug(format, *args)
