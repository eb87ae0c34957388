"""Secrets as files: generated once, never overwritten."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GENERATED = (
    "postgres_password",
    "iracing_owner_password",
    "iracing_app_password",
    "dagster_password",
    "grafana_reader_password",
    "grafana_admin_password",
    "grafana_secret_key",
)
"""Nobody needs to know them but the containers; the file of a database role bears its name."""

FOLDER = "IRACING_SECRETS_DIR"
"""The variable in ``.env`` that names another folder than ``secrets`` in the checkout."""

OWN = ("iracing_client_secret", "iracing_account", "cloud_token", "pdc_token")
"""Secrets that others issue: empty until the owner writes something in them."""

_BYTES = 32


def folder_of(root: Path, values: Mapping[str, str]) -> Path:
    """Return the folder of the secrets of a checkout, by its ``.env``."""
    return root / values.get(FOLDER, "secrets")


def make(folder: Path) -> list[str]:
    """Make the secrets that are missing; their names.

    The folder is its owner's alone. The files in it can be read by whoever gets there, as the
    users inside the containers, which see the file without the folder, are not its owner.

    Raises:
        OSError: From the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in GENERATED:
        if (folder / name).exists() and not (folder / name).stat().st_size:
            (folder / name).unlink()  # of a setup that was killed
    made = [name for name in GENERATED if write(folder / name, secrets.token_urlsafe(_BYTES))]
    return made + [name for name in OWN if write(folder / name, "")]


def make_proxy_user(folder: Path) -> list[str]:
    """Make the proxy's user ``admin`` unless there are users; names of the secrets made.

    Raises:
        OSError: From the disk.
    """
    if (folder / "proxy_users").exists():
        return []
    password = secrets.token_urlsafe(_BYTES)
    salt = secrets.token_bytes(8)
    # The one salted form that every nginx can check, whatever its C library. Its hash is a quick
    # one, which is as good as a slow one for a password of 32 random bytes.
    digest = hashlib.sha1(password.encode() + salt).digest()  # noqa: S324 - as said
    write(folder / "proxy_password", password)
    write(folder / "proxy_users", f"admin:{{SSHA}}{base64.b64encode(digest + salt).decode()}\n")
    return ["proxy_password", "proxy_users"]


def write(path: Path, value: str) -> bool:
    """Write a secret unless its file exists; whether it was written.

    Raises:
        OSError: From the disk.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(value)
    path.chmod(0o644)  # whatever the mask says
    return True
