"""What can go wrong with the database.

Policy: a failure says what is wrong and what to do about it, and never repeats a password.
Nothing is half written: a load that fails leaves its transaction to be rolled back.
"""

from __future__ import annotations


class WarehouseError(Exception):
    """The database cannot do what was asked of it.

    Attributes:
        reason: What is wrong, in words.
        advice: What to do about it.
    """

    def __init__(self, reason: str, advice: str) -> None:
        """Say what is wrong and what to do."""
        self.reason = reason
        self.advice = advice
        super().__init__(f"{reason}. {advice}")

    def __reduce__(self) -> tuple[type[WarehouseError], tuple[str, str]]:
        """Rebuild from the facts, so that the error crosses process boundaries."""
        return type(self), (self.reason, self.advice)


class EmbeddedServerError(WarehouseError):
    """The embedded PostgreSQL server cannot be installed, started or stopped."""


class UnavailableError(WarehouseError):
    """The database cannot be reached, or does not let us in."""


class MigrationError(WarehouseError):
    """The database's tables cannot be brought to this version's state."""


class LoadError(WarehouseError):
    """Rows do not fit their table; none of them was stored."""
