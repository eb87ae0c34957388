"""Tokens and credentials, in types that do not print their secrets."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from iracing_pipeline.data_api.masking import mask_secret


@dataclass(frozen=True, slots=True)
class Token:
    """Answer of the token endpoint.

    Attributes:
        access: Bearer token for the Data API.
        expires_at: When ``access`` ends, seconds since 1970.
        refresh: Single-use token for the next one; None when iRacing gave none.
        refresh_expires_at: When ``refresh`` ends, seconds since 1970.
    """

    access: str = field(repr=False)
    expires_at: float
    refresh: str | None = field(default=None, repr=False)
    refresh_expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal of a login by iRacing, so that no process tries the same one again.

    Attributes:
        credentials: Fingerprint of the credentials it was about.
        until: Until when it holds, seconds since 1970.
        reason: iRacing's message.
    """

    credentials: str
    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class TokenState:
    """Content of the token store: a token, a refusal, both or neither."""

    token: Token | None = None
    refusal: Refusal | None = None

    def to_json(self) -> str:
        """The state as JSON, secrets included: for the store alone."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TokenState:
        """The state from its JSON; anything unreadable is an empty state."""
        try:
            held = json.loads(text)
            token, refusal = held.get("token"), held.get("refusal")
            return cls(
                token=Token(**token) if token else None,
                refusal=Refusal(**refusal) if refusal else None,
            )
        except (ValueError, TypeError, AttributeError):
            return cls()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials for requesting tokens.

    Attributes:
        client_id: OAuth client id, as iRacing issued it.
        client_secret: Its secret; None for a public client.
        username: E-mail address of the account; None without ``password_limited``.
        password: Its password; None without ``password_limited``.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def masked_client_secret(self) -> str | None:
        """The client secret as the token endpoint wants it."""
        return mask_secret(self.client_secret, self.client_id) if self.client_secret else None

    @property
    def masked_password(self) -> str | None:
        """The password as the token endpoint wants it."""
        if self.username is None or self.password is None:
            return None
        return mask_secret(self.password, self.username)

    @property
    def fingerprint(self) -> str:
        """Changes when any of the credentials change, and gives none of them away."""
        parts = (self.client_id, self.masked_client_secret, self.username, self.masked_password)
        digest = hashlib.scrypt(json.dumps(parts).encode(), salt=b"iracing", n=2**12, r=8, p=1)
        return digest.hex()[:16]
