"""Decide which requests an HTTP server on this machine answers.

A page that a browser shows can send requests to servers on loopback, and by DNS rebinding it can do
so under a name of its own. Both are known by their headers: a browser always sends ``Host``, and it
sends ``Origin`` or ``Sec-Fetch-Site`` with every request that could do harm.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

ALLOWED_HOSTS = "IRACING_ALLOWED_HOSTS"
# Names that a browser resolves to this machine alone, and the name that containers have for it.
_OWN_NAMES = frozenset({"localhost", "host.docker.internal"})
_GRAPHQL = "/graphql"


def allowed_hosts(env: Mapping[str, str] | None = None) -> frozenset[str]:
    """The names that ``IRACING_ALLOWED_HOSTS`` adds, and those of this machine."""
    env = os.environ if env is None else env
    names = {name.strip().lower() for name in env.get(ALLOWED_HOSTS, "").split(",")} - {""}
    own = socket.gethostname().lower()
    return frozenset(names | _OWN_NAMES | {own, f"{own.removesuffix('.local')}.local"})


def refusal(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    allowed: frozenset[str],
) -> str | None:
    """Return the reason to refuse a request; None if it is answered.

    Args:
        method: Such as ``GET``; ``WEBSOCKET`` for one that opens a WebSocket.
        path: The path.
        query: The query string.
        headers: Its headers, by names in lower case.
        allowed: Names of this server, from :func:`allowed_hosts`.
    """
    host = headers.get("host", "")
    if not _is_own(host, allowed):
        return f"This server has another name. Add it to {ALLOWED_HOSTS} if it is one of yours."
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return "Requests from pages of other sites are refused."
    graphql = path.rstrip("/").endswith(_GRAPHQL)
    foreign = headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
    # A link from another site may be followed to a page, which runs nothing.
    page = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    if foreign and (graphql or not page):
        return "Requests from pages of other sites are refused."
    # What an old browser sends for an image or a form has none of these headers, and is no JSON.
    if graphql and method != "WEBSOCKET" and not _is_json(method, query, headers):
        return "GraphQL is answered by POST with JSON."
    return None


def _is_own(host: str, allowed: frozenset[str]) -> bool:
    """Whether a Host header names this server; no name that others can own does."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in allowed:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        # A name without a dot is one of a local network, such as a service of Docker Compose.
        return bool(name) and "." not in name
    return True


def _is_json(method: str, query: str, headers: Mapping[str, str]) -> bool:
    if method == "GET":  # shows the page for queries, and runs nothing
        return not query and "text/html" in headers.get("accept", "")
    return headers.get("content-type", "").partition(";")[0].strip() == "application/json"


class Guard:
    """An ASGI application that passes on what may be answered."""

    def __init__(self, app: App, allowed: frozenset[str]) -> None:
        """Guard an application.

        Args:
            app: The application.
            allowed: Names of this server, from :func:`allowed_hosts`.
        """
        self._app, self._allowed = app, allowed

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request, or refuse it with 403."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            # Twice the same header: both must please, and no value has a comma that does.
            headers[key] = f"{headers[key]},{text}" if key in headers else text
        method = scope.get("method", "WEBSOCKET")
        query = scope.get("query_string", b"").decode("latin-1")
        why = refusal(method, scope["path"], query, headers, self._allowed)
        if why is None:
            await self._app(scope, receive, _framed_by_nobody(send))
        elif scope["type"] == "websocket":
            await receive()  # before a connection is answered, it has to be taken
            await send({"type": "websocket.close", "code": 1008, "reason": why[:120]})
        else:
            body = f"{why}\n".encode()
            lines = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 403, "headers": lines})
            await send({"type": "http.response.body", "body": body})


def _framed_by_nobody(send: Any) -> Any:
    """Let no page of another site show this one in a frame, where clicks could be stolen."""

    async def framed(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"x-frame-options", b"SAMEORIGIN")]
        await send(message)

    return framed
