"""The token service of the simulated Data API: single-use refresh tokens, and a limit on logins."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from iracing_pipeline.data_api.masking import mask_secret

if TYPE_CHECKING:
    from iracing_pipeline.data_api.clock import Clock

CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-client-secret"  # noqa: S105 - of the simulated Data API, known to everybody
USERNAME = "robin.vale@example.com"
PASSWORD = "demo-password"  # noqa: S105 - as above

TOKEN_LIFETIME_S = 600
REFRESH_LIFETIME_S = 604_800
LOGINS_PER_HOUR = 12

Reply = tuple[int, dict[str, Any], dict[str, str]]


class TokenService:
    """Issues tokens and knows them again. Its caller serialises the calls."""

    def __init__(self, clock: Clock) -> None:
        self.grants: Counter[str] = Counter()
        self._clock = clock
        self._access: dict[str, tuple[float, bool]] = {}
        self._refresh: dict[str, float] = {}
        self._codes: dict[str, str] = {}
        self._logins: list[float] = []

    def answer(self, form: dict[str, str]) -> Reply:
        """Answer a request for a token: status, body and headers."""
        grant = form.get("grant_type", "")
        self.grants[grant] += 1
        masked = mask_secret(CLIENT_SECRET, CLIENT_ID)
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != masked:
            return 401, {"error": "invalid_client"}, {}
        now = self._clock.now()
        if grant == "password_limited":
            return self._password(form, now)
        if grant == "refresh_token":
            good = self._refresh.pop(form.get("refresh_token", ""), 0.0) > now
        elif grant == "authorization_code":
            good = self._codes.pop(form.get("code", ""), None) == form.get("redirect_uri")
        else:
            return 400, {"error": "unsupported_grant_type"}, {}
        return (200, self._issue(now), {}) if good else (400, {"error": "invalid_grant"}, {})

    def authorize(self, redirect_uri: str) -> str:
        """Give a code, as the page for logging in would after a login."""
        code = secrets.token_hex(8)
        self._codes[code] = redirect_uri
        return code

    def accepts(self, access_token: str) -> bool:
        """Whether an access token is good."""
        expires, _ = self._access.get(access_token, (0.0, False))
        return expires > self._clock.now()

    def used(self, access_token: str) -> bool:
        """Whether an access token has been used before; it counts as used from now on."""
        expires, fresh = self._access[access_token]
        self._access[access_token] = (expires, False)
        return not fresh

    def revoke(self, access_token: str) -> None:
        """Forget an access token."""
        self._access.pop(access_token, None)

    def _password(self, form: dict[str, str], now: float) -> Reply:
        self._logins = [each for each in self._logins if now - each < 3600]
        if len(self._logins) >= LOGINS_PER_HOUR:
            wait = 3600 - (now - self._logins[0])
            return 400, {"error": "unauthorized_client"}, {"Retry-After": str(int(wait))}
        self._logins.append(now)
        good = form.get("username") == USERNAME and form.get("password") == mask_secret(
            PASSWORD, USERNAME
        )
        if not good:
            return 400, {"error": "access_denied"}, {}
        left = LOGINS_PER_HOUR - len(self._logins)
        return 200, self._issue(now), {"RateLimit-Remaining": str(left)}

    def _issue(self, now: float) -> dict[str, Any]:
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        self._access[access] = (now + TOKEN_LIFETIME_S, True)
        self._refresh[refresh] = now + REFRESH_LIFETIME_S
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_LIFETIME_S,
            "scope": "iracing.auth",
        }
