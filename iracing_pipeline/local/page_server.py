"""The folder of reports and the start page, served on loopback."""

from __future__ import annotations

import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from iracing_pipeline.http_guard import allowed_hosts, refusal
from iracing_pipeline.http_server import LimitedServer
from iracing_pipeline.local.report_files import START_PAGE, is_report

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"


class PageServer:
    """Answers with the start page at ``/`` and with each report under its file name."""

    def __init__(self, folder: Path, port: int) -> None:
        """Listen; nothing is answered before :meth:`start`.

        Args:
            folder: The folder of reports.
            port: Port on loopback; 0 for any that is free.

        Raises:
            OSError: If the port is taken.
        """
        self._server = _Server((HOST, port), _Handler)
        self._server.folder, self._server.allowed = folder, allowed_hosts()

    @property
    def url(self) -> str:
        """The address of the start page."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Answer, in a separate thread."""
        threading.Thread(target=self._server.serve_forever, name="start page", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(LimitedServer):
    folder: Path
    allowed: frozenset[str]

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("A request of %s failed: %s", client_address, request)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "iracing-pipeline"
    sys_version = ""
    timeout = 30  # of a client that connects and says nothing

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if why := refusal("GET", path, query, headers, self.server.allowed):
            self._answer(HTTPStatus.FORBIDDEN, f"{why}\n".encode())
            return
        name = unquote(path.removeprefix("/")) or START_PAGE
        # Only names that the pipeline gives: none of them leads out of the folder.
        content = None
        if name == START_PAGE or is_report(name):
            content = self._content(name)
        if content is None:
            self._answer(HTTPStatus.NOT_FOUND, b"There is no such page. The start page is at /\n")
        else:
            self._answer(HTTPStatus.OK, content, "text/html; charset=utf-8")

    def _content(self, name: str) -> bytes | None:
        try:
            return (self.server.folder / name).read_bytes()
        except (OSError, ValueError):
            return None

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature inherited
        logger.debug(format, *args)
