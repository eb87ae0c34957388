"""Dropped result files and the session info of ``.ibt`` files into the tables of results.

This is how results come in without any credentials.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from iracing_pipeline.data_api.backfill import RESULT
from iracing_pipeline.ingest.isolation import NOT_OF_AN_ITEM, put_aside, reason_of
from iracing_pipeline.ingest.members import own_cust_id
from iracing_pipeline.ingest.results import Frames, Outcome, load_subsessions, store
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.exports import Export, read_export
from iracing_pipeline.results.search import read_search
from iracing_pipeline.results.session_info import read_session_info
from iracing_pipeline.results.source import Source
from iracing_pipeline.results.subsession import SubsessionFrames
from iracing_pipeline.tables.results import MEMBER, SIMSESSION, SUBSESSION_CLASS
from iracing_pipeline.warehouse import audit, payloads, quarantine, result_files
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.payloads import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from iracing_pipeline.ibt import Facts
    from iracing_pipeline.warehouse.connection import Connection

QUARANTINE = "result_file"
RECORDINGS = "telemetry_results"
"""Sessions whose session info cannot be read, in quarantine."""
SETTLE = timedelta(seconds=3)
SUFFIXES = frozenset({".json", ".csv"})
SECTIONS = ("WeekendInfo", "SessionInfo", "DriverInfo")


@dataclass(slots=True)
class FilesOutcome:
    """What became of some files.

    Attributes:
        loaded: Files that were loaded, with the number of subsessions in each.
        refused: Files in quarantine, with the reason.
        outcome: What the loads did.
        without_driver: Archive rows whose driver is not known: only their subsession was loaded.
    """

    loaded: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    without_driver: int = 0


def list_result_files(folder: Path) -> Iterator[Path]:
    """The files that could be exports, in the folder and below it, in order."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
            yield path


def load_result_files(
    connection: Connection, paths: Iterable[Path], *, run_id: str | None = None
) -> FilesOutcome:
    """Load exports; one that is not, is damaged or of another language goes to quarantine.

    Args:
        connection: Not in autocommit; committed after each file.
        paths: The files.
        run_id: The run that does it, for the books.

    Returns:
        What became of each.
    """
    done = FilesOutcome()
    for path in paths:
        try:
            version = version_of(path)
            content = path.read_bytes()
            export = read_export(path.name, content)
            count = _load(connection, export, content, done, run_id)
            quarantine.resolve(connection, source=QUARANTINE, items=[str(path)])
            result_files.mark(connection, path, version, state="loaded", subsessions=count)
            connection.commit()
            done.loaded[str(path)] = count
        except (ExportError, LoadError, OSError) as error:
            connection.rollback()
            done.refused[str(path)] = str(error)
            _refuse(connection, path, error)
    return done


def new_result_files(
    connection: Connection, folder: Path, *, now: datetime, settle: timedelta = SETTLE
) -> list[Path]:
    """The files that have not been read as they are now, and that stand still.

    Args:
        connection: Where the inventory is.
        folder: The folder; a folder that is not there has no files.
        now: The present.
        settle: How long a file must not have been written to.
    """
    known = result_files.known(connection)
    new = []
    for path in list_result_files(folder):
        try:
            version = version_of(path)
        except OSError:
            continue  # gone again
        if known.get(str(path)) != version and now - version[1] >= settle:
            new.append(path)
    return new


def version_of(path: Path) -> tuple[int, datetime]:
    """Size and time of a file: another version has another."""
    seen = path.stat()
    return seen.st_size, datetime.fromtimestamp(seen.st_mtime_ns // 1000 / 1e6, UTC)


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
    """Load what the session info of ``.ibt`` files says of results.

    Args:
        connection: Not in autocommit; committed after each file.
        recordings: Name of each, older before newer, and what reads its facts.
        run_id: The run that does it, for the books.
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


def _load(
    connection: Connection,
    export: Export,
    content: bytes,
    done: FilesOutcome,
    run_id: str | None,
) -> int:
    if export.payloads:
        return _load_results(connection, export, done, run_id)
    digest = hashlib.sha256(content).hexdigest()[:16]
    payloads.put(
        connection,
        Document(export.source.label, digest),
        export.rows,
        source=export.source.label,
    )
    cust_id = own_cust_id(connection)
    issues = done.outcome.issues
    found = read_search(export.rows, export.source, issues, cust_id=cust_id)
    done.without_driver += found.subsession.height - found.result["subsession_id"].n_unique()
    frames = SubsessionFrames(
        subsession=found.subsession,
        subsession_class=SUBSESSION_CLASS.frame(),
        simsession=SIMSESSION.frame(),
        result=found.result,
        member=MEMBER.frame(),
    )
    loads = store(connection, Frames(frames), export.source, done.outcome)
    audit.record(connection, loads, run_id=run_id)
    done.outcome.add(loads)
    return found.subsession.height


def _load_results(
    connection: Connection, export: Export, done: FilesOutcome, run_id: str | None
) -> int:
    ids = []
    for payload in export.payloads:
        subsession_id = payload.get("subsession_id")
        if type(subsession_id) is not int:
            raise ExportError(
                "event result", "its subsession_id is not a whole number", "Export it again."
            )
        # Laps that the API gave stay: the export has none.
        document = Document(RESULT, str(subsession_id))
        payloads.put(connection, document, payload, source=export.source.label)
        ids.append(subsession_id)
    outcome = load_subsessions(connection, ids, run_id=run_id)
    done.outcome.rows += outcome.rows
    done.outcome.changed += outcome.changed
    done.outcome.kept += outcome.kept
    done.outcome.issues.counts += outcome.issues.counts
    for reason in outcome.refused.values():
        raise LoadError(reason, "Export it again; if that does not help, report this")
    return len(ids)


def _refuse(connection: Connection, path: Path, error: Exception) -> None:
    try:
        size, modified = version_of(path)
        result_files.mark(connection, path, (size, modified), state="quarantined", subsessions=0)
    except OSError:
        size, modified = None, None
    quarantine.put(
        connection,
        source=QUARANTINE,
        item=str(path),
        reason=getattr(error, "reason", str(error)),
        advice=getattr(error, "advice", "Check that the file can be read."),
        error_type=type(error).__name__,
        file_name=path.name,
        size_bytes=size,
        modified_at=modified,
    )
    connection.commit()
