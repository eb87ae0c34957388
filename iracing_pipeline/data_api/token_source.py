"""The one way to an access token: stored, refreshed or logged in for, in that order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from iracing_pipeline.data_api.clock import SystemClock
from iracing_pipeline.data_api.errors import AuthenticationError, LoginRequiredError
from iracing_pipeline.data_api.oauth import InvalidGrantError, ThrottledLoginError
from iracing_pipeline.data_api.tokens import Refusal, TokenState

if TYPE_CHECKING:
    from iracing_pipeline.data_api.clock import Clock
    from iracing_pipeline.data_api.oauth import OAuth
    from iracing_pipeline.data_api.token_store import TokenSlot, TokenStore
    from iracing_pipeline.data_api.tokens import Token

RENEW_BEFORE_S = 60.0
REFUSAL_HOLDS_S = 3600.0


class TokenSource:
    """Gives access tokens, sharing one with every other process.

    All decisions are taken under the store's lock, and a new token is saved before it is used.
    A login that iRacing refused is remembered in the store: no process repeats it before the
    credentials change or an hour has passed.
    """

    def __init__(self, oauth: OAuth, store: TokenStore, *, clock: Clock | None = None) -> None:
        self._oauth = oauth
        self._store = store
        self._clock = clock or SystemClock()
        self._held: Token | None = None

    def access_token(self, rejected: str | None = None) -> str:
        """An access token with at least a minute to live.

        Args:
            rejected: A token that the Data API did not accept; another one is given.

        Raises:
            LoginRequiredError: If there is no token and no password to get one with.
            AuthenticationError: If iRacing refuses the credentials.
            ApiUnavailableError: If the login service or the store does not answer.
        """
        if self._held is None or not self._usable(self._held, rejected):
            with self._store.locked() as slot:
                self._held = self._shared(slot, rejected)
        return self._held.access

    @property
    def login_ends_at(self) -> float | None:
        """Until when the token can be renewed, seconds since 1970.

        None where that does not matter, as there is a password to log in with, or is not known.
        """
        held = self._held
        if held is None or self._oauth.credentials.masked_password is not None:
            return None
        return held.refresh_expires_at or held.expires_at

    def store(self, token: Token) -> None:
        """Save a token that a login in the browser gave."""
        with self._store.locked() as slot:
            slot.save(TokenState(token=token))
        self._held = token

    def _usable(self, token: Token, rejected: str | None) -> bool:
        fresh = token.expires_at - self._clock.now() > RENEW_BEFORE_S
        return fresh and token.access != rejected

    def _shared(self, slot: TokenSlot, rejected: str | None) -> Token:
        state = slot.load()
        if state.token is not None and self._usable(state.token, rejected):
            return state.token
        token = self._refreshed(slot, state) or self._logged_in(slot, state)
        slot.save(TokenState(token=token))
        return token

    def _refreshed(self, slot: TokenSlot, state: TokenState) -> Token | None:
        old = state.token
        if old is None or old.refresh is None or old.refresh_expires_at <= self._clock.now():
            return None
        try:
            return self._oauth.refresh(old.refresh)
        except InvalidGrantError:
            # Spent or revoked: forget it, so that nobody offers it again.
            slot.save(dataclasses.replace(state, token=None))
            return None

    def _logged_in(self, slot: TokenSlot, state: TokenState) -> Token:
        credentials = self._oauth.credentials
        if credentials.masked_password is None:
            raise LoginRequiredError(
                "There is no valid token for the Data API. Run 'iracing-pipeline login', or set "
                "IRACING_USERNAME and IRACING_PASSWORD."
            )
        refusal = state.refusal
        if (
            refusal is not None
            and refusal.credentials == credentials.fingerprint
            and refusal.until > self._clock.now()
        ):
            raise AuthenticationError(refusal.reason)
        try:
            return self._oauth.password_limited()
        except AuthenticationError as error:
            pause = (
                error.retry_after_s if isinstance(error, ThrottledLoginError) else REFUSAL_HOLDS_S
            )
            until = self._clock.now() + pause
            refused = Refusal(credentials.fingerprint, until, str(error))
            slot.save(TokenState(refusal=refused))
            raise
