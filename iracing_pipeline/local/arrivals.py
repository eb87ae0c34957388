"""Follow what the pipeline loads: a line for each session and refused file, reports, start page."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.inbox.telemetry_folder import FolderMissingError, list_folder
from iracing_pipeline.lake import atomic
from iracing_pipeline.local import lines, report_files
from iracing_pipeline.report import start_page
from iracing_pipeline.report.session_list import newest, of_keys
from iracing_pipeline.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from iracing_pipeline.report.session_list import Session
    from iracing_pipeline.settings import ReportSettings
    from iracing_pipeline.warehouse import Connection

logger = logging.getLogger(__name__)

RECENT = timedelta(hours=24)
"""Sessions that ended earlier get no automatic report."""

_EVERY_S = 3.0
_MOST_AT_START = 10

# A session is new, or grew, when its records change.
_LOADED = (
    "SELECT path, session_key, record_count FROM grafana.telemetry_files WHERE state = 'loaded'"
)
_REFUSED = """
SELECT id, last_at, coalesce(file_name, source || ' ' || item), reason, advice
FROM grafana.quarantine WHERE resolved_at IS NULL ORDER BY last_at
"""
_CHANGES = """
SELECT (SELECT count(*) FROM grafana.telemetry_files WHERE state IN ('waiting', 'ready')),
    (SELECT max(observed_at) FROM grafana.rating_history),
    (SELECT count(*) FROM grafana.session_results)
"""


class Arrivals:
    """New rows in the database since the last look."""

    def __init__(
        self,
        url: str,
        reports: ReportSettings,
        telemetry: Path,
        *,
        say: Callable[[str], None],
        links: Mapping[str, str],
    ) -> None:
        """Take the places; nothing is read yet.

        Args:
            url: The database.
            reports: Folder of reports and start page.
            telemetry: The telemetry folder.
            say: Prints a line.
            links: Addresses that the start page links, by their names.
        """
        self._warehouse, self._reports, self._telemetry = Warehouse(url), reports, telemetry
        self._say, self._links = say, links
        self._loaded: dict[str, tuple[str, int | None]] | None = None
        self._refused: set[tuple[int, datetime]] = set()
        self._page_of: object = None
        self._faults: set[str] = set()
        self._worth: dict[object, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="arrivals", daemon=True)

    def start(self) -> None:
        """Look now and then, in a separate thread; the first look prints nothing."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(_EVERY_S)

    def _follow(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self.look()

    def look(self) -> None:
        """Print what is new, write its reports, and bring the start page up to date."""
        try:
            with self._warehouse.connect() as connection:
                first = self._loaded is None
                keys = self._new_sessions(connection)
                refused = self._new_refusals(connection)
                for session in of_keys(connection, keys, self._worth):
                    report = self._write(connection, session)
                    self._say(lines.of_session(session, report))
                if first:
                    self._write_missing(connection)
                else:
                    for line in refused:
                        self._say(line)
                self._write_page(connection)
        except (WarehouseError, psycopg.Error) as error:
            logger.info("The database cannot be read: %s", error)  # the next look tries again
        except Exception as error:  # noqa: BLE001 - loading goes on without lines and pages
            fault = f"Reports and start page: {type(error).__name__}: {error}"
            if fault not in self._faults:
                self._say(fault)
            self._faults.add(fault)

    def _new_sessions(self, connection: Connection) -> Sequence[str]:
        loaded = {
            str(path): (str(key), records)
            for path, key, records in connection.execute(_LOADED.encode())
        }
        before = loaded if self._loaded is None else self._loaded
        self._loaded = loaded
        changed = [loaded[path][0] for path in loaded if before.get(path) != loaded[path]]
        return list(dict.fromkeys(changed))

    def _new_refusals(self, connection: Connection) -> list[str]:
        rows = connection.execute(_REFUSED.encode()).fetchall()
        new_lines = [
            lines.of_refusal(name, reason, advice)
            for number, at, name, reason, advice in rows
            if (number, at) not in self._refused
        ]
        self._refused = {(number, at) for number, at, *_ in rows}
        return new_lines

    def _write(self, connection: Connection, session: Session) -> Path | None:
        """The report of a session that ended a short time ago; None for every other one."""
        if not self._reports.kept or not is_recent(session):
            return None
        return write_report(connection, session, self._reports)

    def _write_missing(self, connection: Connection) -> None:
        """The reports of recent sessions that were loaded while nobody looked."""
        there = {path.name for path in report_files.listed(self._reports.folder)}
        for session in newest(connection, _MOST_AT_START, self._worth):
            if report_files.name_of(session) not in there:
                self._write(connection, session)

    def _write_page(self, connection: Connection) -> None:
        watching = watched(self._telemetry)
        others = connection.execute(_CHANGES.encode()).fetchone()
        there = tuple(path.name for path in report_files.listed(self._reports.folder))
        state = (self._loaded, self._refused, others, there, watching)
        if state == self._page_of:
            return
        write_page(
            connection, self._reports.folder, links=self._links, watching=watching,
            worth=self._worth,
        )  # fmt: skip
        self._page_of = state


def is_recent(session: Session, now: datetime | None = None) -> bool:
    """Return whether a session ended recently enough for an automatic report."""
    ended = session.end_time or session.start_time
    return (now or datetime.now(UTC)) - ended < RECENT


def write_report(connection: Connection, session: Session, reports: ReportSettings) -> Path | None:
    """Write the report of a session into the folder of reports; None where it cannot be drawn."""
    try:
        path = report_files.write(
            connection, session.session_key, reports.folder, units=reports.units
        )
    except (OSError, psycopg.Error):
        raise
    except Exception as error:  # noqa: BLE001 - the session's line is worth printing without it
        logger.warning("The report of %s cannot be drawn: %r", session.session_key, error)
        return None
    report_files.prune(reports.folder, reports.kept)
    return path


def write_page(
    connection: Connection,
    folder: Path,
    *,
    links: Mapping[str, str],
    watching: str,
    worth: dict[object, str] | None = None,
) -> Path:
    """Write the start page beside the reports.

    Args:
        connection: Of a role that may read schema ``grafana``.
        folder: The folder of reports.
        links: Addresses by their names.
        watching: What is said of the telemetry folder.
        worth: What is worth a look in sessions that were listed before.
    """
    there = {path.name for path in report_files.listed(folder)}

    def report_of(session: Session) -> str | None:
        name = report_files.name_of(session)
        return name if name in there else None

    html = start_page.page(
        start_page.read(connection, worth), report_of=report_of, links=links, watching=watching
    )
    path = folder / report_files.START_PAGE
    partial = atomic.partial(path)
    try:
        partial.write_text(html, encoding="utf-8", newline="\n")
        atomic.publish(partial, path, durable=False)
    finally:
        partial.unlink(missing_ok=True)
    return path


def watched(folder: Path) -> str:
    """Return a sentence on whether the telemetry folder can be watched."""
    try:
        count = sum(1 for _ in list_folder(folder))
    except FolderMissingError as error:
        return f"Not watching yet. {error}"
    return f"Watching {folder} ({count} .ibt files)."
