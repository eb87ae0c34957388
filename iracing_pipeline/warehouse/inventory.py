"""The inventory of telemetry files: what was seen in the folder, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from psycopg.rows import class_row

from iracing_pipeline.tables.ops import TELEMETRY_FILE
from iracing_pipeline.warehouse.load import upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded

State = Literal["waiting", "ready", "loaded", "quarantined", "missing", "duplicate"]

STILL_THERE = timedelta(hours=1)  # how old last_seen_at may grow before it alone is written


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as a listing of the folder shows it."""

    path: str
    size_bytes: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class TelemetryFile:
    """One row of ``ops.telemetry_file``; its columns are declared in ``tables.ops``."""

    path: str
    file_name: str
    size_bytes: int
    modified_at: datetime
    session_key: str | None
    state: State
    unchanged_since: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    record_count: int | None = None
    note: str | None = None


def read(connection: Connection, *, lock: bool = False) -> dict[str, TelemetryFile]:
    """The inventory by path, in one query.

    Args:
        connection: Where to read.
        lock: Whether others shall wait with changes until this transaction ends, so that what
            is written back does not undo what a run has written meanwhile.
    """
    if lock:
        connection.execute("LOCK TABLE ops.telemetry_file IN SHARE ROW EXCLUSIVE MODE")
    with connection.cursor(row_factory=class_row(TelemetryFile)) as cursor:
        rows = cursor.execute("SELECT * FROM ops.telemetry_file").fetchall()
    return {row.path: row for row in rows}


def write(connection: Connection, files: Iterable[TelemetryFile]) -> Loaded | None:
    """Insert or update rows of the inventory in one load; None when there are none."""
    rows = [asdict(file) for file in files]
    return upsert(connection, TELEMETRY_FILE, TELEMETRY_FILE.frame(rows)) if rows else None


def mark(
    connection: Connection,
    path: str,
    state: State,
    *,
    session_key: str | None = None,
    record_count: int | None = None,
    note: str | None = None,
) -> None:
    """Say what became of a file; what is not given here stays as it is, but for the note."""
    connection.execute(
        "UPDATE ops.telemetry_file SET state = %s, note = %s,"
        " session_key = coalesce(%s, session_key), record_count = coalesce(%s, record_count)"
        " WHERE path = %s",
        [state, note, session_key, record_count, path],
    )


def observe(
    known: Mapping[str, TelemetryFile],
    seen: Iterable[SeenFile],
    *,
    now: datetime,
    settle: timedelta,
) -> list[TelemetryFile]:
    """The rows that a listing of the folder changes: new, grown, settled and vanished files.

    A file is ready when its size and time have not changed for ``settle``. Call it only with a
    listing that succeeded: a folder that cannot be listed says nothing about its files.

    Args:
        known: The inventory.
        seen: All files in the folder.
        now: The time of the listing, aware.
        settle: How long a file must be unchanged before it is taken.
    """
    changed: list[TelemetryFile] = []
    present: set[str] = set()
    for file in seen:
        present.add(file.path)
        before = known.get(file.path)
        after = _observed(before, file, now, settle)
        if after != before:
            changed.append(after)
    changed += [
        replace(file, state="missing")
        for path, file in known.items()
        if path not in present and file.state != "missing"
    ]
    return changed


def _observed(
    before: TelemetryFile | None, file: SeenFile, now: datetime, settle: timedelta
) -> TelemetryFile:
    if before is None:
        # A file that was written long ago need not be watched: its own time tells.
        since = min(file.modified_at, now)
        return TelemetryFile(
            path=file.path,
            file_name=file.path.replace("\\", "/").rpartition("/")[2],
            size_bytes=file.size_bytes,
            modified_at=file.modified_at,
            session_key=None,
            state="ready" if now - since >= settle else "waiting",
            unchanged_since=since,
            first_seen_at=now,
            last_seen_at=now,
        )
    if (before.size_bytes, before.modified_at) != (file.size_bytes, file.modified_at):
        return replace(
            before,
            size_bytes=file.size_bytes,
            modified_at=file.modified_at,
            state="waiting",
            unchanged_since=now,
            last_seen_at=now,
            note=None,
        )
    if before.state in ("waiting", "missing"):
        settled = now - before.unchanged_since >= settle
        state: State = "ready" if settled else "waiting"
        if state != before.state:
            return replace(before, state=state, last_seen_at=now)
    if now - before.last_seen_at >= STILL_THERE:
        return replace(before, last_seen_at=now)
    return before
