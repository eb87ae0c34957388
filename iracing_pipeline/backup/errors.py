"""Errors of backups.

Policy: an archive, a database and a lake are there whole or as they were before.
"""

from __future__ import annotations

from iracing_pipeline.warehouse.errors import WarehouseError


class BackupError(WarehouseError):
    """A backup cannot be made or restored."""


class DamagedArchiveError(BackupError):
    """The archive is cut short, was changed, or is no archive."""


class OccupiedError(BackupError):
    """There is something where the backup is to go."""


class NoRoomError(BackupError):
    """A disk is full."""
