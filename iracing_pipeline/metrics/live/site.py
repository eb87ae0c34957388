"""The server of ``live``: the page, its events, and the metrics.

On loopback everybody on this machine is answered. Beyond it, requests carry a token: a browser in a
cookie that the form of the page sets, Prometheus in ``Authorization``. It is never part of an
address, which browsers and proxies keep.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs

from iracing_pipeline.http_guard import refusal
from iracing_pipeline.metrics.endpoint import LOOPBACK, Endpoint, Handler
from iracing_pipeline.metrics.families import CONTENT_TYPE
from iracing_pipeline.metrics.live.page import document, policy

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LISTENERS = 16
_COOKIE = "iracing_live"
_COOKIE_S = 30 * 86_400
_MOST_FORM = 1024
_KEEP_ALIVE_S = 10.0
_AFTER_A_WRONG_TOKEN_S = 1.0


class Feed:
    """The newest event, and who waits for the next."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._changed = threading.Condition()
        self._number, self._event = 0, b""
        self._ended = False
        self.listeners = threading.BoundedSemaphore(MOST_LISTENERS)

    def put(self, event: bytes) -> None:
        """Replace the event and wake those who wait."""
        with self._changed:
            self._number, self._event = self._number + 1, event
            self._changed.notify_all()

    def after(self, number: int, timeout_s: float) -> tuple[int, bytes] | None:
        """The newest event and its number; None where none came after ``number`` in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self._ended, timeout_s)
            newer = self._number > number and not self._ended
            return (self._number, self._event) if newer else None

    @property
    def ended(self) -> bool:
        """Whether there will be no more."""
        return self._ended

    def end(self) -> None:
        """Send those who wait away."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Site(Endpoint):
    """The page at ``/``, its events at ``/events``, and ``/metrics``."""

    def __init__(
        self,
        metrics: Callable[[], bytes],
        feed: Feed,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        token: str | None = None,
    ) -> None:
        """Listen; nothing is answered before :meth:`start`.

        Args:
            metrics: The text of ``/metrics``; called for each scrape, so it must be quick.
            feed: Events of the page.
            host: Address to listen on.
            port: Port; 0 for any that is free.
            token: What requests have to carry; None to answer everybody.

        Raises:
            PortInUseError: If it cannot listen there.
        """
        self._feed = feed
        handler = type(
            "SiteHandler",
            (_Handler,),
            {"feed": feed, "token": token, "wrong": threading.Lock()},
        )
        super().__init__(metrics, host=host, port=port, handler=handler)

    @property
    def address(self) -> str:
        """Where the page is."""
        return self.url.removesuffix("metrics")

    def stop(self) -> None:
        """Answer no more."""
        self._feed.end()
        super().stop()


class _Handler(Handler):
    feed: ClassVar[Feed]
    token: ClassVar[str | None]
    wrong: ClassVar[threading.Lock]

    def route(self, path: str) -> bool:
        """Answer a GET; False for what the endpoint answers by itself."""
        if path == "/":
            self._page()
        elif path == "/healthz":
            return False
        elif not self._allowed():
            self._answer(HTTPStatus.UNAUTHORIZED, b"Send the token\n")
        elif path == "/events":
            self._events()
        elif path == "/allowed":
            self._answer(HTTPStatus.NO_CONTENT, b"")
        elif path == "/metrics":
            self._answer(HTTPStatus.OK, type(self).render(), CONTENT_TYPE)
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"The page is at /, metrics are at /metrics\n")
        return True

    def do_POST(self) -> None:  # noqa: N802 - the name inherited
        """Take the token of the page's form."""
        path, _, query = self.path.partition("?")
        self.close_connection = True  # whatever else the client sends is not read
        if why := refusal("POST", path, query, self.named_headers(), self.server.allowed):
            self._answer(HTTPStatus.FORBIDDEN, f"{why}\n".encode())
        elif path != "/login" or self.token is None:
            self._answer(HTTPStatus.NOT_FOUND, b"Nothing here takes a form\n")
        elif (given := self._given_token()) is None:
            self._answer(HTTPStatus.BAD_REQUEST, b"Send the form of the page\n")
        elif hmac.compare_digest(given.encode(), self.token.encode()):
            self._welcome()
        elif not self.wrong.acquire(blocking=False):
            self._answer(HTTPStatus.TOO_MANY_REQUESTS, b"One attempt at a time\n")
        else:
            try:
                time.sleep(_AFTER_A_WRONG_TOKEN_S)
            finally:
                self.wrong.release()
            self._answer(HTTPStatus.UNAUTHORIZED, b"This is not the token\n")

    def _page(self) -> None:
        headers = {
            "Content-Security-Policy": policy(),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        self._answer(HTTPStatus.OK, document(), "text/html; charset=utf-8", headers)

    def _welcome(self) -> None:
        cookie = (
            f"{_COOKIE}={_fingerprint(self.token or '')}; Path=/; Max-Age={_COOKIE_S}; HttpOnly;"
            " SameSite=Strict"
        )
        self._answer(HTTPStatus.SEE_OTHER, b"", headers={"Set-Cookie": cookie, "Location": "/"})

    def _given_token(self) -> str | None:
        length = self.headers.get("Content-Length", "")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if not length.isdecimal() or not 0 < int(length) <= _MOST_FORM:
            return None
        if kind != "application/x-www-form-urlencoded":
            return None
        form = parse_qs(self.rfile.read(int(length)).decode("latin-1"))
        return form["token"][0].strip() if len(form.get("token", ())) == 1 else None

    def _allowed(self) -> bool:
        if self.token is None:
            return True
        scheme, _, bearer = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            bearer.strip().encode(), self.token.encode()
        ):
            return True
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(
            cookie.value.encode(), _fingerprint(self.token).encode()
        )

    def _events(self) -> None:
        """Send each event as it comes, until the browser goes away."""
        if not self.feed.listeners.acquire(blocking=False):
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Too many pages are open\n")
            return
        try:
            self.close_connection = True
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            number = 0
            while not self.feed.ended and not self.server.stopping:
                found = self.feed.after(number, _KEEP_ALIVE_S)
                if found is None:
                    self.wfile.write(b": still here\n\n")
                else:
                    number, event = found
                    self.wfile.write(event)
                self.wfile.flush()
        finally:
            self.feed.listeners.release()


def _fingerprint(token: str) -> str:
    """The cookie's value, computed from the token."""
    return hashlib.sha256(b"iracing-pipeline live\0" + token.encode()).hexdigest()
