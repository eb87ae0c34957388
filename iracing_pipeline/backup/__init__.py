"""Backup of all data of the pipeline in one file, and restore.

The archive is a zip file: a text file for each table, in the form of PostgreSQL's ``COPY``; the
files of a lake that is a folder; Dagster's history if asked for; and ``manifest.json``, which says
how many rows and which digest each of them has. It is made and read without PostgreSQL's own
programs, so it is the same for an embedded server, a container's and a managed one.
"""

from iracing_pipeline.backup.errors import (
    BackupError,
    DamagedArchiveError,
    NoRoomError,
    OccupiedError,
)
from iracing_pipeline.backup.restore import Restored, restore
from iracing_pipeline.backup.write import Written, write

__all__ = [
    "BackupError",
    "DamagedArchiveError",
    "NoRoomError",
    "OccupiedError",
    "Restored",
    "Written",
    "restore",
    "write",
]
