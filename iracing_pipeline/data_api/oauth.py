"""The token endpoint of iRacing's OAuth service and its three grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from iracing_pipeline import http_client
from iracing_pipeline.data_api.clock import SystemClock
from iracing_pipeline.data_api.errors import ApiUnavailableError, AuthenticationError
from iracing_pipeline.data_api.tokens import Token

if TYPE_CHECKING:
    from iracing_pipeline.data_api.clock import Clock
    from iracing_pipeline.data_api.stats import ApiStats
    from iracing_pipeline.data_api.tokens import Credentials

OAUTH_URL = "https://oauth.iracing.com/oauth2"
SCOPE = "iracing.auth"
ATTEMPTS = 2
TIMEOUT_S = (10.0, 30.0)
PASSING = ("server_error", "temporarily_unavailable")
DEFAULT_LIFETIME_S = 600.0


class InvalidGrantError(AuthenticationError):
    """The refresh token or the code is spent, expired or revoked."""


class ThrottledLoginError(AuthenticationError):
    """Too many token requests: iRacing wants a pause before the next.

    Attributes:
        retry_after_s: The pause it asks for, in seconds.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OAuth:
    """The token endpoint.

    A refusal (400, 401) is raised at once: repeating it locks the client out. Only what says
    nothing about the credentials (429, server faults, timeouts) is tried again, twice at
    most. Bodies are never part of a message.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        url: str = OAUTH_URL,
        session: requests.Session | None = None,
        clock: Clock | None = None,
        stats: ApiStats | None = None,
    ) -> None:
        self.credentials = credentials
        self.url = url.rstrip("/")
        self._session = session or http_client.session()
        self._clock = clock or SystemClock()
        self._stats = stats

    def password_limited(self) -> Token:
        """A token for the account's e-mail address and password.

        Raises:
            AuthenticationError: If iRacing refuses, or there is no password.
            ApiUnavailableError: If the service does not answer.
        """
        username, password = self.credentials.username, self.credentials.masked_password
        if username is None or password is None:
            raise AuthenticationError("IRACING_USERNAME and IRACING_PASSWORD are not both set.")
        return self._request(
            "password_limited", {"username": username, "password": password, "scope": SCOPE}
        )

    def refresh(self, refresh_token: str) -> Token:
        """The next token for a refresh token, which is spent by this.

        Raises:
            InvalidGrantError: If the refresh token is spent, expired or revoked.
            AuthenticationError: If iRacing refuses for another reason.
            ApiUnavailableError: If the service does not answer.
        """
        return self._request("refresh_token", {"refresh_token": refresh_token})

    def authorization_code(self, code: str, redirect_uri: str, verifier: str) -> Token:
        """A token for the code that a login in the browser gave.

        Raises:
            AuthenticationError: If iRacing refuses.
            ApiUnavailableError: If the service does not answer.
        """
        return self._request(
            "authorization_code",
            {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier},
        )

    def _request(self, grant: str, fields: dict[str, str]) -> Token:
        form = {"grant_type": grant, "client_id": self.credentials.client_id, **fields}
        if secret := self.credentials.masked_client_secret:
            form["client_secret"] = secret
        # A refresh token may be spent even if its answer was lost: trying again is harmless, as
        # it can only end in invalid_grant.
        for attempt in range(ATTEMPTS):
            if attempt:
                self._clock.sleep(2.0 * 2**attempt)
            if self._stats:
                self._stats.token_requested(grant)
            try:
                response = self._session.post(
                    f"{self.url}/token", data=form, timeout=TIMEOUT_S, allow_redirects=False
                )
            except requests.RequestException as error:
                trouble = f"did not answer ({type(error).__name__})"
                continue
            if response.status_code == requests.codes.ok:
                return self._token(response)
            trouble = f"answered with status {response.status_code}"
            if response.status_code < 500 and response.status_code != 429:
                code = _json_object(response).get("error")
                if not isinstance(code, str):
                    # Not the service itself, and another login may count as one: do not repeat.
                    raise ApiUnavailableError(
                        f"iRacing's login service {trouble}. Try again later."
                    )
                if code not in PASSING:
                    raise self._refusal(grant, response)
        raise ApiUnavailableError(
            f"iRacing's login service {trouble}, {ATTEMPTS} times. Try again later."
        )

    def _token(self, response: requests.Response) -> Token:
        body = _json_object(response)
        access = body.get("access_token")
        if not isinstance(access, str) or not access:
            raise ApiUnavailableError("iRacing's login service answered without an access token.")
        # The scope may be absent; then the Data API says whether the token can read it.
        scope = body.get("scope")
        if scope is not None and SCOPE not in str(scope).split():
            raise AuthenticationError(
                "The token may not read the Data API: its scope lacks iracing.auth. Ask iRacing "
                "to allow that scope for the client id."
            )
        now = self._clock.now()
        refresh = body.get("refresh_token")
        return Token(
            access=access,
            expires_at=now + _seconds(body.get("expires_in"), DEFAULT_LIFETIME_S),
            refresh=refresh if isinstance(refresh, str) and refresh else None,
            refresh_expires_at=now + _seconds(body.get("refresh_token_expires_in"), 0.0),
        )

    def _refusal(self, grant: str, response: requests.Response) -> AuthenticationError:
        code = str(_json_object(response).get("error", f"status {response.status_code}"))
        request_id = response.headers.get("x-request-id", "none")
        message = f"iRacing refused the login: {code[:60]} (request id {request_id[:60]})."
        retry_after = response.headers.get("Retry-After")
        if code == "unauthorized_client" and retry_after is not None:
            pause = _seconds(retry_after, 3600.0)
            return ThrottledLoginError(
                f"{message} It limits how often a client may log in; wait {pause:.0f} s.", pause
            )
        if code == "invalid_grant" and grant != "password_limited":
            return InvalidGrantError(f"{message} Run 'iracing-pipeline login'.")
        return AuthenticationError(
            f"{message} Check IRACING_CLIENT_ID and IRACING_CLIENT_SECRET"
            + (", IRACING_USERNAME and IRACING_PASSWORD" if grant == "password_limited" else "")
            + ". It was not tried again, as repeated failures lock the client out."
        )


def _json_object(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: object, default: float) -> float:
    try:
        return float(str(value))
    except ValueError:
        return default
