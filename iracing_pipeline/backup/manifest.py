"""What an archive says about itself."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from iracing_pipeline.backup.errors import BackupError, DamagedArchiveError

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the archive.

    Attributes:
        name: Its name there.
        size_bytes: Its size, unpacked.
        sha256: The digest of its content.
    """

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table in the archive.

    Attributes:
        name: Schema and name.
        columns: The columns, in the order in which they stand in each line.
        rows: How many there are.
        member: The file that holds them.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    member: Member


@dataclass(frozen=True, slots=True)
class Sequence:
    """Where the numbering of a column stands.

    Attributes:
        table: Schema and name of the table.
        column: The column.
        last: The last number, or the first one if ``used`` is false.
        used: Whether it was given out.
    """

    table: str
    column: str
    last: int
    used: bool


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """A folder in the archive.

    Attributes:
        place: Where it was: a path, or the URI of a lake that is elsewhere.
        included: Whether its files are in the archive.
        files: They.
    """

    place: str
    included: bool
    files: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds.

    Attributes:
        version: The version of this project that made it.
        created_at: When, in ISO 8601 with zone.
        revision: The revision of the database's tables.
        server: The version of the PostgreSQL server.
        tables: Tables, those first that others refer to.
        sequences: Where numberings stand.
        folders: Folders, by ``lake`` and ``dagster``.
    """

    version: str
    created_at: str
    revision: str
    server: str
    tables: tuple[StoredTable, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    folders: dict[str, StoredFolder] = field(default_factory=dict)

    def to_json(self) -> str:
        """The manifest as it stands in the archive."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            BackupError: If it is of a newer form.
            DamagedArchiveError: If it makes no sense.
        """
        try:
            held = json.loads(text)
            form = held.pop("format")
            if form == FORMAT:
                return _manifest(held)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedArchiveError(
                f"The archive's {NAME} cannot be read", "Use another backup"
            ) from error
        raise BackupError(
            f"The archive has form {form}, this version knows {FORMAT}",
            "Update iracing-pipeline: pip install -U",
        )


def _manifest(held: dict[str, Any]) -> Manifest:
    tables = tuple(
        StoredTable(
            name=str(each["name"]),
            columns=tuple(map(str, each["columns"])),
            rows=int(each["rows"]),
            member=_member(each["member"]),
        )
        for each in held.pop("tables")
    )
    sequences = tuple(Sequence(**each) for each in held.pop("sequences"))
    if not re.fullmatch(r"\d{4}", held["revision"]):
        raise ValueError(held["revision"])
    folders = {
        name: StoredFolder(each["place"], each["included"], tuple(map(_member, each["files"])))
        for name, each in held.pop("folders").items()
    }
    return Manifest(**held, tables=tables, sequences=sequences, folders=folders)


def _member(held: dict[str, Any]) -> Member:
    name = str(held["name"])
    parts = PurePosixPath(name).parts
    # Whoever wrote it: nothing is unpacked outside the folder that it belongs to.
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name:
        raise ValueError(name)
    return Member(name, int(held["size_bytes"]), str(held["sha256"]))
