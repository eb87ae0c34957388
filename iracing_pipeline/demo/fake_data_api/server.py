"""The simulated Data API: quota, faults, and the forms in which the API answers."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from iracing_pipeline.data_api.clock import SystemClock
from iracing_pipeline.demo.fake_data_api.documents import (
    NoSuchDocumentError,
    RefusedDocumentError,
    document,
)
from iracing_pipeline.demo.fake_data_api.faults import Fault, Faults
from iracing_pipeline.demo.fake_data_api.http_handler import Handler
from iracing_pipeline.demo.fake_data_api.storage import Storage
from iracing_pipeline.demo.fake_data_api.token_service import TokenService

if TYPE_CHECKING:
    from types import TracebackType

    from iracing_pipeline.data_api.clock import Clock
    from iracing_pipeline.demo.fake_data_api.career import Career
    from iracing_pipeline.demo.fake_data_api.token_service import Reply

WINDOW_S = 60
CHUNKED = ("results/lap_chart_data", "results/lap_data", "results/event_log")
SEARCHES = ("results/search_series", "results/search_hosted")
GATEWAY_PAGE = (
    b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">\r\n'
    b"<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD>"
    b"<BODY><H1>504 ERROR</H1></BODY></HTML>"
)
FAULTY = {
    Fault.CONNECTION_DROPPED: (0, b""),
    Fault.RATE_LIMITED: (429, b"Rate limit exceeded"),
    Fault.RATE_LIMITED_200: (200, b"Rate limit exceeded"),
    Fault.MAINTENANCE: (
        503,
        b'{"error":"Site Maintenance","note":"The site is currently undergoing maintenance."}',
    ),
    Fault.GATEWAY_HTML: (504, GATEWAY_PAGE),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeDataApi:
    """A server on loopback; use it as a context manager.

    Args:
        career: The career that it serves.
        faults: The faults it has; none by default.
        clock: What time it is, for tokens, links and the quota.
        quota: Requests that it allows a minute.
        port: Port to listen on; 0 for any free port.
    """

    def __init__(
        self,
        career: Career,
        *,
        faults: Faults | None = None,
        clock: Clock | None = None,
        quota: int = 240,
        port: int = 0,
    ) -> None:
        self.career = career
        self.faults = faults or Faults()
        self.clock = clock or SystemClock()
        self.quota = quota
        self.port = port
        self.calls: Counter[tuple[str, int]] = Counter()
        self.leaked_tokens = 0
        self._tokens = TokenService(self.clock)
        self._storage = Storage(self.clock, self.faults)
        self._lock = threading.Lock()
        self._window = (0.0, 0)
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Root of the API."""
        if self._server is None:
            raise RuntimeError("The simulated Data API has not been started.")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def oauth_url(self) -> str:
        """Root of the token service."""
        return f"{self.url}/oauth2"

    @property
    def requests(self) -> int:
        """API requests answered, whatever the answer."""
        return sum(self.calls.values())

    @property
    def grants(self) -> Counter[str]:
        """Requests to the token service, by grant."""
        return self._tokens.grants

    def start(self) -> None:
        """Listen, in a separate thread."""
        handler = type("BoundHandler", (Handler,), {"api": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def token(self, form: dict[str, str]) -> Reply:
        """Answer a request for a token: status, body and headers."""
        with self._lock:
            return self._tokens.answer(form)

    def authorize(self, redirect_uri: str) -> str:
        """Give a code, as the page for logging in would after a login."""
        with self._lock:
            return self._tokens.authorize(redirect_uri)

    def storage(self, name: str, *, leaked: bool) -> tuple[int, bytes]:
        """Answer a download: status and body.

        Args:
            name: Name of the document.
            leaked: Whether a bearer token came along, which must never happen.
        """
        with self._lock:
            self.leaked_tokens += leaked
            return self._storage.answer(name)

    def data(
        self, endpoint: str, parameters: dict[str, str], bearer: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Answer a request to the API: status, body and headers."""
        with self._lock:
            headers, exceeded = self._spend(self.clock.now())
            status, body = self._fault(bearer, exceeded=exceeded) or self._document(
                endpoint, parameters
            )
            self.calls[endpoint, status] += 1
        return status, body, headers

    def _fault(self, bearer: str, *, exceeded: bool) -> tuple[int, bytes] | None:
        if exceeded:
            return FAULTY[Fault.RATE_LIMITED]
        if not self._tokens.accepts(bearer):
            return 401, b'{"error":"Unauthorized"}'
        # A token just issued is good: one that never is means wrong credentials.
        if self._tokens.used(bearer) and self.faults.strikes(Fault.TOKEN_REVOKED):
            self._tokens.revoke(bearer)
            return 401, b'{"error":"Unauthorized"}'
        fault = self.faults.strikes(*FAULTY)
        return FAULTY[fault] if fault else None

    def _document(self, endpoint: str, parameters: dict[str, str]) -> tuple[int, bytes]:
        try:
            payload = document(self.career, endpoint, parameters, self.clock.now())
        except RefusedDocumentError:
            return 403, b'{"error":"Forbidden"}'
        except NoSuchDocumentError:
            return 404, b'{"error":"Not Found"}'
        except (KeyError, ValueError):
            return 400, b'{"error":"Bad Request"}'
        return 200, json.dumps(self._wrapped(endpoint, payload)).encode()

    def _wrapped(self, endpoint: str, payload: Any) -> Any:
        if endpoint.startswith("constants/"):
            return payload
        if endpoint in SEARCHES:
            info = self._storage.chunks(self.url, payload)
            return {"type": endpoint, "data": {"success": True, "chunk_info": info}}
        if endpoint in CHUNKED:
            header, rows = payload
            payload = {**header, "chunk_info": self._storage.chunks(self.url, rows)}
        return self._storage.link(self.url, payload)

    def _spend(self, now: float) -> tuple[dict[str, str], bool]:
        start, used = self._window
        if now - start >= WINDOW_S:
            start, used = now - now % WINDOW_S, 0
        used += 1
        self._window = (start, used)
        headers = {
            "X-RateLimit-Limit": str(self.quota),
            "X-RateLimit-Remaining": str(max(0, self.quota - used)),
            "X-RateLimit-Reset": str(int(start + WINDOW_S)),
        }
        return headers, used > self.quota
