"""Store of the project's one token, shared by its processes.

A refresh token works once, so two processes that refresh at the same time burn it. Every store
therefore gives its content out under an exclusive lock, and what is saved within it is durable
before the lock is given back.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout

from iracing_pipeline.data_api.errors import ApiUnavailableError
from iracing_pipeline.data_api.tokens import TokenState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

LOCK_TIMEOUT_S = 120.0


class TokenSlot(Protocol):
    """The content of a store, while its lock is held."""

    def load(self) -> TokenState:
        """Return the stored state; an empty one if there is none."""
        ...

    def save(self, state: TokenState) -> None:
        """Store ``state``, durably, before returning."""
        ...


class TokenStore(Protocol):
    """One place for the token."""

    def locked(self) -> AbstractContextManager[TokenSlot]:
        """Exclusive access to the content.

        Raises:
            ApiUnavailableError: If another process holds it for minutes.
        """
        ...


class FileTokenStore:
    """A file that only its owner may read.

    Args:
        path: The file. A lock file and, while writing, a ``.partial`` file lie beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[TokenSlot]:
        """Exclusive access to the content.

        Raises:
            ApiUnavailableError: If another process holds it for minutes.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_suffix(".lock"), timeout=LOCK_TIMEOUT_S)
        try:
            lock.acquire()
        except Timeout as error:
            raise ApiUnavailableError(
                f"Another process has held {lock.lock_file} for {LOCK_TIMEOUT_S:.0f} s. "
                "Stop it, or try again."
            ) from error
        try:
            yield _FileSlot(self.path)
        finally:
            lock.release()


class _FileSlot:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> TokenState:
        try:
            return TokenState.from_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return TokenState()

    def save(self, state: TokenState) -> None:
        partial = self._path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(state.to_json())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
