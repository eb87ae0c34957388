"""Manifest of an archive."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from iracing_pipeline.backup.errors import BackupError, DamagedArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "manifest.json"
FORMAT = 1
MAX_BYTES = 64 << 20
"""Largest manifest that is read: about 300,000 files."""

FOLDERS = {"lake": "lake/", "dagster": "dagster/"}
"""The folders of an archive, and the prefix of their members."""

# One part of a member's path: no separator, drive, stream or control character of any platform,
# no "." or "..", and nothing that Windows strips from the end or reserves for a device.
_PART = re.compile(
    r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$))"
    r"""[^/\\:*?"<>|\x00-\x1f\x7f]*[^/\\:*?"<>|\x00-\x1f\x7f. ]""",
    re.IGNORECASE,
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9]{4}")
_MOST = 2**63 - 1


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
    """Current value of a column's sequence.

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
    """Manifest of an archive.

    Attributes:
        version: The version of this project that made it.
        created_at: When, in ISO 8601 with zone.
        revision: The revision of the database's tables.
        server: The version of the PostgreSQL server.
        tables: Tables, those first that others refer to.
        sequences: Current values of sequences.
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
        """The manifest as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            BackupError: If it is of a newer form.
            DamagedArchiveError: If it makes no sense.
        """
        try:
            stored = json.loads(text)
            form = _whole(stored.pop("format"))
            if form == FORMAT:
                return _manifest(stored)
        # A RecursionError comes from JSON that is nested without end.
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DamagedArchiveError(
                f"The archive's {NAME} cannot be read", "Use another backup"
            ) from error
        raise BackupError(
            f"The archive has form {form}, this version knows {FORMAT}",
            "Update iracing-pipeline: pip install -U",
        )


def is_member_path(name: str) -> bool:
    """Whether a name is a relative path that means the same file on every platform."""
    return len(name) <= 1024 and name.isprintable() and all(map(_PART.fullmatch, name.split("/")))


def _manifest(stored: dict[str, Any]) -> Manifest:
    tables = tuple(_table(each) for each in _list(stored["tables"]))
    folders = {
        name: _folder(stored["folders"][name], prefix)
        for name, prefix in FOLDERS.items()
        if name in stored["folders"]
    }
    members = [table.member for table in tables]
    members += [file for folder in folders.values() for file in folder.files]
    # Two names that differ in case alone are one file on Windows and macOS.
    if len({member.name.casefold() for member in members}) != len(members):
        raise ValueError
    return Manifest(
        version=_text(stored["version"]),
        created_at=datetime.fromisoformat(stored["created_at"]).isoformat(timespec="seconds"),
        revision=_text(stored["revision"], _REVISION.fullmatch),
        server=_text(stored["server"]),
        tables=tables,
        sequences=tuple(_sequence(each) for each in _list(stored["sequences"])),
        folders=folders,
    )


def _table(stored: dict[str, Any]) -> StoredTable:
    name = _text(stored["name"])
    member = _member(stored["member"], "tables/")
    columns = tuple(_text(each) for each in _list(stored["columns"]))
    return StoredTable(name, columns, _whole(stored["rows"]), member)


def _sequence(stored: dict[str, Any]) -> Sequence:
    used = stored["used"]
    if not isinstance(used, bool):
        raise TypeError(used)
    return Sequence(
        _text(stored["table"]), _text(stored["column"]), _whole(stored["last"], least=1), used
    )


def _folder(stored: dict[str, Any], prefix: str) -> StoredFolder:
    place, included = stored["place"], stored["included"]
    # A root, and even more so "", would be the beginning of every path there is.
    if not isinstance(place, str) or not place.strip("/\\") or "\0" in place:
        raise ValueError(place)
    if not isinstance(included, bool):
        raise TypeError(included)
    return StoredFolder(
        place, included, tuple(_member(each, prefix) for each in _list(stored["files"]))
    )


def _member(stored: dict[str, Any], prefix: str) -> Member:
    # Nothing is unpacked outside the folder that it belongs to, whoever wrote the archive.
    name = _text(stored["name"], is_member_path, most=1024)
    if not name.startswith(prefix):
        raise ValueError(name)
    return Member(name, _whole(stored["size_bytes"]), _text(stored["sha256"], _SHA256.fullmatch))


def _text(
    value: object, accepts: Callable[[str], object] = str.isprintable, most: int = 200
) -> str:
    if not isinstance(value, str) or len(value) > most or not accepts(value):
        raise ValueError(value)
    return value


def _whole(value: object, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= _MOST:
        raise ValueError(value)
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value
