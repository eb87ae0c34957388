"""Dropped result files and the session info of ``.ibt`` files into the tables of results.

This is how results come in without any credentials.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.inbox import file_names
from iracing_pipeline.ingest import downloads
from iracing_pipeline.ingest.downloads import Download
from iracing_pipeline.ingest.isolation import NOT_OF_AN_ITEM, put_aside, reason_of
from iracing_pipeline.ingest.members import own_cust_id, store_own_members
from iracing_pipeline.ingest.results import (
    ROW_SOURCES,
    Frames,
    Outcome,
    load_in_transaction,
    load_subsessions,
    read_documents,
    store,
    winners,
)
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.exports import Export, positive_id, read_export
from iracing_pipeline.results.issues import Issues
from iracing_pipeline.results.session_info import read_session_info
from iracing_pipeline.results.source import Source
from iracing_pipeline.warehouse import audit, item_issues, payloads, quarantine, result_files
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.payloads import Document, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from iracing_pipeline.ibt import Facts
    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded

QUARANTINE = "result_file"
RECORDINGS = "telemetry_results"
"""Quarantine source of sessions whose session info cannot be read."""
SETTLE = timedelta(seconds=3)
SUFFIXES = frozenset({".json", ".csv"})
SECTIONS = ("WeekendInfo", "SessionInfo", "DriverInfo")
MOST_BYTES = 100 << 20
"""Largest file that is read; a Results Archive of 90 days has a few megabytes."""
_BATCH = 200
_ANYBODY = 1


@dataclass(slots=True)
class FilesOutcome:
    """Result of loading some files.

    Attributes:
        loaded: Files that were loaded, with the number of subsessions in each.
        refused: Files in quarantine, with the reason.
        issues: Issues of each loaded file.
        outcome: Changes of the loads.
        without_driver: Archive rows whose driver is not known: only their subsession was loaded.
    """

    loaded: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    issues: dict[str, Issues] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    without_driver: int = 0


@dataclass(slots=True)
class _FileOutcome:
    """Result of loading one file."""

    ids: list[int] = field(default_factory=list)
    issues: Issues = field(default_factory=Issues)
    outcome: Outcome = field(default_factory=Outcome)
    without_driver: int = 0


def list_result_files(folder: Path) -> Iterator[Path]:
    """The files that could be exports, in the folder and below it, in order."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
            yield path


def load_result_files(
    connection: Connection,
    paths: Iterable[Path],
    *,
    run_id: str | None = None,
    member: str | None = None,
) -> FilesOutcome:
    """Load exports; each that cannot be loaded goes to quarantine separately.

    What is wrong with a file waits for another version of it. What the database or a parser failed
    on is tried again, later each time.

    Args:
        connection: Not in autocommit; committed after each file.
        paths: The files.
        run_id: The run, for ``ops.load_audit``.
        member: The member account, as ``IRACING_MEMBER`` says.

    Returns:
        What became of each.

    Raises:
        psycopg.OperationalError: If the connection is lost; what was loaded stays.
    """
    done = FilesOutcome()
    _note_interrupted(connection)
    store_own_members(connection, member)
    connection.commit()
    _add_drivers(connection, done, run_id)
    for path in paths:
        _load_file(connection, path, done, run_id)
    store_own_members(connection, member)
    connection.commit()
    return done


def new_result_files(
    connection: Connection, folder: Path, *, now: datetime, settle: timedelta = SETTLE
) -> list[Path]:
    """List the files to read that no longer change; those that failed before come last.

    Args:
        connection: Where the inventory is.
        folder: The folder; a folder that is not there has no files.
        now: The present.
        settle: How long a file must not have been written to.
    """
    recorded = result_files.known(connection)
    new: list[tuple[int, Path]] = []
    for path in list_result_files(folder):
        try:
            version = version_of(path)
        except OSError:
            continue  # gone again
        before = recorded.get(file_names.text_of(path))
        # A time to come is some other clock's: it says nothing of standing still.
        stands = now - version[1] >= settle or version[1] > now + settle
        if stands and (before is None or before.is_due(version, now)):
            attempts = before.attempts if before and before.version == version else 0
            new.append((attempts, path))
    return [path for _, path in sorted(new, key=lambda each: each[0])]


def version_of(path: Path) -> tuple[int, datetime]:
    """Size and time of a file: another version has another."""
    seen = path.stat()
    return seen.st_size, file_names.modified_at(seen.st_mtime_ns)


def attempts_at(connection: Connection, paths: Iterable[Path]) -> dict[Path, int]:
    """Return how often each file failed to load so far, in its current version."""
    recorded = result_files.known(connection)
    return {
        path: before.attempts if (before := recorded.get(file_names.text_of(path))) else 0
        for path in paths
    }


def sessions_to_read(connection: Connection) -> list[str]:
    """Telemetry sessions whose subsession is known from nothing better, or from an older file."""
    rows = connection.execute(
        "SELECT session.session_key FROM racing.telemetry_session AS session"
        " LEFT JOIN racing.subsession AS known USING (subsession_id)"
        " WHERE session.subsession_id IS NOT NULL AND (known.subsession_id IS NULL"
        " OR (known.source = 'ibt' AND known.start_time < session.start_time))"
        " ORDER BY session.start_time"
    ).fetchall()
    return [row[0] for row in rows]


def load_session_info(
    connection: Connection,
    recordings: Iterable[tuple[str, Callable[[], Facts]]],
    *,
    run_id: str | None = None,
) -> FilesOutcome:
    """Load results from the session info of ``.ibt`` files.

    Args:
        connection: Not in autocommit; committed after each file.
        recordings: Name of each, older before newer, and what reads its facts.
        run_id: The run, for ``ops.load_audit``.
    """
    done = FilesOutcome()
    for name, read in recordings:
        try:
            facts = read()
            frames = read_session_info(
                facts.session_info(SECTIONS), facts.start, done.outcome.issues
            )
            loads = store(connection, Frames(frames), Source.IBT, done.outcome)
            audit.record(connection, loads, run_id=run_id)
            connection.commit()
        except NOT_OF_AN_ITEM:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this recording's alone
            connection.rollback()
            done.refused[name] = reason_of(error)
            continue
        done.outcome.add(loads)
        done.loaded[name] = frames.subsession.height
    put_aside(connection, RECORDINGS, done.refused)
    connection.commit()
    return done


def _load_file(connection: Connection, path: Path, done: FilesOutcome, run_id: str | None) -> None:
    """Load one file in one transaction, or put it into quarantine in another."""
    name = file_names.text_of(path)
    now = datetime.now(UTC)
    try:
        version = version_of(path)
    except OSError as error:
        done.refused[name] = str(error)
        _quarantine(connection, path, None, error)
        connection.commit()
        return
    attempts = result_files.begin(connection, name, version, now)
    connection.commit()
    one = _FileOutcome()
    try:
        export = read_export(path.name, _content(path, version))
        time = file_names.data_time(path, version[1], now)
        replaced = result_files.is_replaced(connection, name)
        number = downloads.REPLACED if replaced else file_names.download_number(path)
        loads = _store(connection, export, Download(time, number), one)
        audit.record(connection, loads, run_id=run_id)
        quarantine.resolve(connection, source=QUARANTINE, items=[name])
        item_issues.replace(connection, source=QUARANTINE, item=name, issues=one.issues)
        file = result_files.ResultFile(version, "loaded", 0, None)
        result_files.mark(connection, name, file, now=now, subsessions=len(one.ids))
        connection.commit()
    except Exception as error:  # whatever it is, it is this file's, and the others go on
        if _is_lost(connection):
            raise
        connection.rollback()
        done.refused[name] = str(error)
        _refuse(connection, path, version, attempts, error)
        return
    done.loaded[name] = len(one.ids)
    done.issues[name] = one.issues
    done.without_driver += one.without_driver
    done.outcome.rows += one.outcome.rows
    done.outcome.changed += one.outcome.changed
    done.outcome.kept += one.outcome.kept
    done.outcome.issues.counts += one.issues.counts


def _content(path: Path, version: tuple[int, datetime]) -> bytes:
    if version[0] > MOST_BYTES:
        raise ExportError(
            path.name,
            f"it has {version[0] >> 20} MB, more than {MOST_BYTES >> 20}",
            "Download the archive in shorter periods.",
        )
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _store(
    connection: Connection, export: Export, download: Download, one: _FileOutcome
) -> list[Loaded]:
    """Keep what a file holds, and load the best version of each of its subsessions."""
    cust_id = own_cust_id(connection)
    documents = list(export.payloads or export.rows)
    # Fields are read whoever's they are: what is odd in them shows before the member is known.
    reader = cust_id if cust_id is not None else _ANYBODY
    frames = read_documents(documents, export.source, one.issues, cust_id=reader)
    by_id = {positive_id(each.get("subsession_id")): each for each in documents}
    one.ids = [each for each in by_id if each is not None]
    _refuse_unreadable(export, frames.subsession.height, frames.result.height)
    if export.source in ROW_SOURCES and cust_id is None:
        one.without_driver = sum(by_id[each].get("cust_id") is None for each in one.ids)
    label = export.source.label
    versions = [
        Version(
            Document(label, str(each), downloads.part(by_id[each], download.number)),
            by_id[each],
            download.time,
            latest=download.number == downloads.REPLACED,
        )
        for each in one.ids
    ]
    payloads.put_versions(connection, versions, source=label)
    loads: list[Loaded] = []
    stored = Outcome()  # whose issues are those of other files too
    for begin in range(0, len(one.ids), _BATCH):
        batch = one.ids[begin : begin + _BATCH]
        loads += load_in_transaction(connection, batch, stored, cust_id=cust_id)
    one.outcome.add(loads)
    held = winners(connection, one.ids)
    one.outcome.kept = sum(
        not downloads.same_content(held[int(each.document.item)], each.document)
        for each in versions
    )
    return loads


def _refuse_unreadable(export: Export, subsessions: int, results: int) -> None:
    """Refuse a file of which nobody's result would be stored although it has some."""
    if not subsessions:
        raise ExportError(
            "result file", "no row of it says which subsession it is of", "Download it again."
        )
    entries = sum(
        isinstance(entry, dict)
        for payload in export.payloads
        for simsession in payload["session_results"]
        if isinstance(simsession, dict) and isinstance(simsession.get("results"), list)
        for entry in simsession["results"]
    )
    if entries and not results:
        raise ExportError(
            "event result",
            f"none of its {entries} result rows says whose it is and of which session",
            "Export it again.",
        )


def _add_drivers(connection: Connection, done: FilesOutcome, run_id: str | None) -> None:
    """Load rows of archives without a member again, once the member is known."""
    cust_id = own_cust_id(connection)
    if cust_id is None or not (ids := without_driver(connection)):
        return
    outcome = load_subsessions(connection, ids, run_id=run_id, cust_id=cust_id)
    done.outcome.rows += outcome.rows
    done.outcome.changed += outcome.changed


def without_driver(connection: Connection) -> list[int]:
    """List subsessions with an archive row of an unknown member."""
    rows = connection.execute(
        "SELECT subsession_id FROM racing.subsession AS subsession WHERE source = 'archive_csv'"
        " AND NOT EXISTS (SELECT FROM racing.result AS result"
        " WHERE result.subsession_id = subsession.subsession_id) ORDER BY subsession_id"
    ).fetchall()
    return [row[0] for row in rows]


def _note_interrupted(connection: Connection) -> None:
    """Put files into quarantine that an earlier run began to read and did not finish."""
    for name, (size, modified) in result_files.interrupted(connection):
        quarantine.put(
            connection,
            source=QUARANTINE,
            item=name,
            reason="The run that read it ended before it was done",
            advice="It is read again by itself; if that does not help, report this with the file.",
            error_type="Interrupted",
            file_name=name.replace("\\", "/").rsplit("/", 1)[-1],
            size_bytes=size,
            modified_at=modified,
        )


def _is_lost(connection: Connection) -> bool:
    """Return whether the database itself is lost, so that the file is not to blame."""
    try:
        connection.rollback()
        connection.execute("SELECT")
    except psycopg.Error:
        return True
    return False


def _refuse(
    connection: Connection,
    path: Path,
    version: tuple[int, datetime],
    attempts: int,
    error: Exception,
) -> None:
    """Put a file into quarantine; where its content is not at fault, it is read again later."""
    now = datetime.now(UTC)
    again = None if isinstance(error, ExportError) else now + result_files.pause(attempts)
    file = result_files.ResultFile(version, "quarantined", attempts, again)
    result_files.mark(connection, file_names.text_of(path), file, now=now)
    _quarantine(connection, path, version, error)
    connection.commit()


def _quarantine(
    connection: Connection, path: Path, version: tuple[int, datetime] | None, error: Exception
) -> None:
    size, modified = version or (None, None)
    quarantine.put(
        connection,
        source=QUARANTINE,
        item=file_names.text_of(path),
        reason=_reason(error),
        advice=_advice(error),
        error_type=type(error).__name__,
        file_name=file_names.text_of(path.name),
        size_bytes=size,
        modified_at=modified,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ExportError | LoadError):
        return error.reason
    if isinstance(error, psycopg.Error):
        return f"The database refuses it: {error.diag.message_primary or error}"
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror or error}"
    return f"It cannot be read: {type(error).__name__}: {error}"


def _advice(error: Exception) -> str:
    if isinstance(error, ExportError | LoadError):
        return error.advice
    if isinstance(error, OSError):
        return "Check that the file can be read; it is tried again by itself."
    return "It is tried again by itself; if that does not help, report this with the file."
