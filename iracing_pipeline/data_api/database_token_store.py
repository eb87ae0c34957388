"""The token in PostgreSQL: one encrypted row, behind an advisory lock."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from iracing_pipeline.data_api.errors import ApiUnavailableError
from iracing_pipeline.data_api.token_store import LOCK_TIMEOUT_S
from iracing_pipeline.data_api.tokens import TokenState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.data_api.token_store import TokenSlot

ADVISORY_LOCK = "iracing-pipeline oauth token"


class DatabaseTokenStore:
    """The row of ``ops.oauth_token`` that belongs to a client.

    The row is encrypted with a key derived from ``key_material``, which is not in the database:
    a dump of it gives no token away. A row that does not decrypt counts as none.

    Args:
        dsn: Connection string of the database.
        client_id: Whose token it is.
        key_material: A secret of at least 8 characters: the client secret or the password.
    """

    def __init__(self, dsn: str, client_id: str, key_material: str) -> None:
        self._dsn = dsn
        self._client_id = client_id
        self._cipher = Fernet(_key(key_material, client_id))

    @contextmanager
    def locked(self) -> Iterator[TokenSlot]:
        """Exclusive access to the row.

        Raises:
            ApiUnavailableError: If the database does not answer or the lock is held for minutes.
        """
        try:
            # Autocommit: what is saved is durable while the lock is still held. The lock is the
            # session's, so it ends with the connection, even when the process is killed.
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                timeout_ms = str(int(LOCK_TIMEOUT_S * 1000))
                connection.execute("select set_config('lock_timeout', %s, false)", [timeout_ms])
                connection.execute(
                    "select pg_advisory_lock(hashtext(%s), hashtext(%s))",
                    [ADVISORY_LOCK, self._client_id],
                )
                yield _RowSlot(connection, self._client_id, self._cipher)
        except psycopg.errors.LockNotAvailable as error:
            raise ApiUnavailableError(
                f"Another process has held the token for {LOCK_TIMEOUT_S:.0f} s. Try again."
            ) from error
        except psycopg.OperationalError as error:
            raise ApiUnavailableError(
                "The database that keeps the token does not answer. Check IRACING_DATABASE_URL."
            ) from error


class _RowSlot:
    def __init__(
        self, connection: psycopg.Connection[tuple[object, ...]], client_id: str, cipher: Fernet
    ) -> None:
        self._connection = connection
        self._client_id = client_id
        self._cipher = cipher

    def load(self) -> TokenState:
        row = self._connection.execute(
            "select state from ops.oauth_token where client_id = %s", [self._client_id]
        ).fetchone()
        if row is None or not isinstance(row[0], bytes):
            return TokenState()
        try:
            return TokenState.from_json(self._cipher.decrypt(row[0]).decode())
        except InvalidToken:
            return TokenState()

    def save(self, state: TokenState) -> None:
        self._connection.execute(
            "insert into ops.oauth_token (client_id, state, updated_at) values (%s, %s, now())"
            " on conflict (client_id) do update"
            " set state = excluded.state, updated_at = excluded.updated_at",
            [self._client_id, self._cipher.encrypt(state.to_json().encode())],
        )


def _key(material: str, client_id: str) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=f"oauth token of {client_id}".encode())
    return base64.urlsafe_b64encode(derived.derive(material.encode()))
