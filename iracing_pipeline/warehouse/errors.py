"""Errors of the database.

Policy: a failure says what is wrong and what to do about it, and never repeats a password.
Nothing is half written: a load that fails leaves its transaction to be rolled back.
"""

from __future__ import annotations

from iracing_pipeline.errors import PipelineError


class WarehouseError(PipelineError):
    """The database cannot do what was asked of it."""


class EmbeddedServerError(WarehouseError):
    """The embedded PostgreSQL server cannot be installed, started or stopped."""


class UnavailableError(WarehouseError):
    """The database cannot be reached, or does not let us in."""


class MigrationError(WarehouseError):
    """The database's tables cannot be brought to this version's state."""


class LoadError(WarehouseError):
    """Rows do not fit their table; none of them was stored."""
