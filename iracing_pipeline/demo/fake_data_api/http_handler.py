"""HTTP for the simulated Data API: requests in, its answers out."""

from __future__ import annotations

import json
import secrets
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from iracing_pipeline.demo.fake_data_api.token_service import Reply


class Answers(Protocol):
    """Interface of the API for the handler: an answer for each kind of request."""

    def token(self, form: dict[str, str]) -> Reply:
        """Answer a request for a token: status, body and headers."""

    def authorize(self, redirect_uri: str) -> str:
        """Give a code, as the login page does."""

    def storage(self, name: str, *, leaked: bool) -> tuple[int, bytes]:
        """Answer a download: status and body."""

    def data(
        self, endpoint: str, parameters: dict[str, str], bearer: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Answer a request to the API: status, body and headers."""


class Handler(BaseHTTPRequestHandler):
    """Answers by the API that its class is bound to."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave in one piece, at once: else each answer waits 40 ms for an ack.
    wbufsize = -1
    disable_nagle_algorithm = True
    api: Answers

    def do_GET(self) -> None:
        """Answer the API, the storage and the page for logging in."""
        parts = urlsplit(self.path)
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if parts.path.startswith("/storage/"):
            name = parts.path.removeprefix("/storage/")
            status, body = self.api.storage(name, leaked=bool(bearer))
            self._send(status, body, {}, "binary/octet-stream")
        elif parts.path.startswith("/data/"):
            endpoint = parts.path.removeprefix("/data/")
            status, body, headers = self.api.data(endpoint, _fields(parts.query), bearer)
            self._send(status, body, headers, "application/json")
        elif parts.path == "/oauth2/authorize":
            query = _fields(parts.query)
            code = self.api.authorize(query["redirect_uri"])
            target = f"{query['redirect_uri']}?code={code}&state={query.get('state', '')}"
            self._send(302, b"", {"Location": target}, "text/plain")
        else:
            self._send(404, b"", {}, "text/plain")

    def do_POST(self) -> None:
        """Answer the token service."""
        length = int(self.headers.get("Content-Length", "0"))
        form = _fields(self.rfile.read(length).decode())
        if urlsplit(self.path).path != "/oauth2/token":
            self._send(404, b"", {}, "text/plain")
            return
        status, body, headers = self.api.token(form)
        headers["x-request-id"] = secrets.token_hex(8)
        self._send(status, json.dumps(body).encode(), headers, "application/json")

    def _send(self, status: int, body: bytes, headers: dict[str, str], kind: str) -> None:
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Stay silent: the requests are counted."""


def _fields(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
