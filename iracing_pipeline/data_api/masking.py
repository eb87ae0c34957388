"""Masking of secrets, as iRacing's token endpoint asks for."""

from __future__ import annotations

import base64
import hashlib


def mask_secret(secret: str, identifier: str) -> str:
    """The form in which a secret goes to the token endpoint.

    Args:
        secret: The client secret or the password.
        identifier: The client id for a client secret, the e-mail address for a password. Case
            and surrounding space do not matter.

    Returns:
        Base64 of the SHA-256 of the secret followed by the normalised identifier.
    """
    salted = secret + identifier.strip().lower()
    return base64.b64encode(hashlib.sha256(salted.encode()).digest()).decode("ascii")
