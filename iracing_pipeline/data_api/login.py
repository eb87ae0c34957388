"""Log in once in the browser: authorization code with PKCE, received on a loopback port."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from iracing_pipeline.data_api.errors import AuthenticationError
from iracing_pipeline.data_api.oauth import SCOPE
from iracing_pipeline.http_server import LimitedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.data_api.oauth import OAuth
    from iracing_pipeline.data_api.tokens import Token

CALLBACK = "/callback"
WAIT_S = 300.0
SILENT_S = 10.0
"""How long a connection may say nothing, seconds."""
LONGEST_ANSWER = 8192
DONE = b"<!doctype html><title>Logged in</title><p>Logged in. You can close this window."


@dataclass(frozen=True, slots=True)
class Challenge:
    """A secret of this login, and what may be shown of it.

    Attributes:
        verifier: Goes to the token endpoint with the code.
        challenge: Goes through the browser: SHA-256 of the verifier (S256).
    """

    verifier: str
    challenge: str

    @classmethod
    def new(cls) -> Challenge:
        """A fresh one."""
        return cls.of(secrets.token_urlsafe(48))

    @classmethod
    def of(cls, verifier: str) -> Challenge:
        """The one with a given verifier."""
        digest = hashlib.sha256(verifier.encode()).digest()
        return cls(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def log_in(oauth: OAuth, open_browser: Callable[[str], object], *, wait_s: float = WAIT_S) -> Token:
    """Let the user log in at iRacing, and take the token.

    The client has to be registered with the redirect address ``http://127.0.0.1:0/callback``, in
    which port 0 stands for any.

    Args:
        oauth: The token service.
        open_browser: Shows a page to the user.
        wait_s: How long to wait for the user.

    Raises:
        AuthenticationError: If the login is refused, or does not happen.
        ApiUnavailableError: If the login service does not answer.
    """
    challenge, state = Challenge.new(), secrets.token_urlsafe(16)
    with _Callback() as callback:
        query = {
            "client_id": oauth.credentials.client_id,
            "redirect_uri": callback.uri,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge.challenge,
            "code_challenge_method": "S256",
        }
        open_browser(f"{oauth.url}/authorize?{urlencode(query)}")
        answer = callback.wait(wait_s)
        uri = callback.uri
    if answer is None:
        raise AuthenticationError(
            f"Nobody logged in within {wait_s:.0f} s. Run 'iracing-pipeline login' again."
        )
    if not secrets.compare_digest(answer.get("state", ""), state):
        raise AuthenticationError(
            "The browser came back from another login. Run 'iracing-pipeline login' again."
        )
    if "code" not in answer:
        reason = answer.get("error", "no code")[:60]
        raise AuthenticationError(f"iRacing refused the login: {reason}.")
    return oauth.authorization_code(answer["code"], uri, challenge.verifier)


class _Server(LimitedServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: the browser went away."""


class _Callback:
    """A server on loopback that the browser is sent back to, once."""

    def __init__(self) -> None:
        self._answer: dict[str, str] | None = None
        self._arrived = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = SILENT_S

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                own = self.headers.get("Host") == urlsplit(outer.uri).netloc
                if parts.path != CALLBACK or not own or len(self.path) > LONGEST_ANSWER:
                    self.send_error(404)
                    return
                answer = {n: v[0] for n, v in parse_qs(parts.query).items()}
                outer.take(answer)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(DONE)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Stay silent: the address holds the code."""

        # A thread for each connection: browsers open some in advance, and say nothing on them.
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{CALLBACK}"

    def take(self, answer: dict[str, str]) -> None:
        if self._answer is None:
            self._answer = answer
            self._arrived.set()

    def wait(self, seconds: float) -> dict[str, str] | None:
        self._arrived.wait(seconds)
        return self._answer
