"""The HTTP endpoint that Prometheus scrapes."""

from __future__ import annotations

import logging
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.http_guard import allowed_hosts, refusal
from iracing_pipeline.http_server import LimitedServer
from iracing_pipeline.metrics.families import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


class PortInUseError(PipelineError):
    """The endpoint cannot listen where it shall."""


class Endpoint:
    """A server of one text at ``/metrics``; it answers ``/healthz`` too."""

    def __init__(
        self,
        render: Callable[[], bytes],
        *,
        host: str = LOOPBACK,
        port: int = 0,
        handler: type[Handler] | None = None,
    ) -> None:
        """Listen; nothing is answered before :meth:`start`.

        Args:
            render: What to answer; called for each scrape, so it must be quick.
            host: Address to listen on.
            port: Port; 0 for any that is free.
            handler: What answers further paths.

        Raises:
            PortInUseError: If it cannot listen there.
        """
        made = type("Handler", (handler or Handler,), {"render": staticmethod(render)})
        try:
            self._server = _Server((host, port), made)
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


class Handler(BaseHTTPRequestHandler):
    """Answers ``/metrics`` and ``/healthz``; :meth:`route` adds paths."""

    server: _Server
    render: ClassVar[Callable[[], bytes]]
    protocol_version = "HTTP/1.1"
    server_version = "iracing-pipeline"
    sys_version = ""
    timeout = 30  # of a client that connects and says nothing

    def do_GET(self) -> None:
        """Answer a request."""
        path, _, query = self.path.partition("?")
        if why := refusal("GET", path, query, self.named_headers(), self.server.allowed):
            self._answer(HTTPStatus.FORBIDDEN, f"{why}\n".encode())
        elif self.server.stopping:  # on a connection that was kept open
            self.close_connection = True
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Stopping\n")
        elif self.route(path):
            return
        elif path in {"/metrics", "/"}:
            self._answer(HTTPStatus.OK, type(self).render(), CONTENT_TYPE)
        elif path == "/healthz":
            self._answer(HTTPStatus.OK, b"ok\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"Metrics are at /metrics\n")

    def route(self, path: str) -> bool:
        """Answer a path; False for one that is not answered here."""
        del path
        return False

    def named_headers(self) -> dict[str, str]:
        """The headers of the request, by names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}

    def _answer(
        self,
        status: HTTPStatus,
        body: bytes,
        kind: str = "text/plain",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature inherited
        """Keep requests out of the log, but for those who debug."""
        logger.debug(format, *args)
