"""Names of a session: in every command, and in the names of files.

A user writes ``last``, a date (``2026-07-04``, ``today``, ``yesterday``: its newest session), an
``.ibt`` file, or a session key or its beginning.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.inbox.file_names import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.warehouse.connection import Connection

LAST = "last"
"""The name of the newest session."""

HELP = (
    "SESSION is last, a date such as 2026-07-04 (its newest session), today, yesterday, an .ibt"
    " file, or a session key as iracing-pipeline sessions lists it."
)

_LONGEST_PART_BYTES = 80
_LIST = "List the sessions: iracing-pipeline sessions"
_SESSIONS = "SELECT session_key FROM grafana.telemetry_sessions"
_NEWEST = " ORDER BY start_time DESC, session_key DESC LIMIT 1"
# The date on the clock of the racing PC; UTC where its offset is not known.
_OF_DATE = (
    " WHERE (start_time AT TIME ZONE 'UTC' + make_interval(secs => coalesce(utc_offset_s, 0)))"
    "::date = %s"
)


class NoSessionError(PipelineError):
    """No session has the name."""


def session_key(connection: Connection, name: str, *, today: date | None = None) -> str:
    """The key of the session that a user names.

    Args:
        connection: Of a role that may read schema ``grafana``.
        name: ``last``, a date, a file, or a key or its beginning.
        today: The present date, local.

    Raises:
        NoSessionError: If no session, or more than one, has the name.
        IbtError: If it is a file that cannot be read as a recording.
    """
    name = text_of(name.strip())
    if name.lower() == LAST:
        nothing = "No session is in the database yet. Load one: iracing-pipeline load FILE.ibt"
        return _first(connection, _NEWEST, nothing)
    if (day := _date(name, today)) is not None:
        return _first(connection, _OF_DATE + _NEWEST, f"No session started on {day}. {_LIST}", day)
    path = Path(name)
    if path.is_dir():
        raise NoSessionError(f"{name} is a folder. Name one .ibt file of it. {_LIST}")
    if path.is_file():
        key = IbtFile(path).session_key
        return _first(
            connection,
            " WHERE session_key = %s",
            f"{name} is not loaded yet. Load it: iracing-pipeline load {_quoted(name)}",
            key,
        )
    return _by_key_or_file_name(connection, name)


def _by_key_or_file_name(connection: Connection, name: str) -> str:
    rows = connection.execute(
        f"{_SESSIONS} WHERE starts_with(session_key, %s) OR file_name = %s"
        " ORDER BY session_key LIMIT 2",
        [name, re.split(r"[/\\]", name)[-1]],
    ).fetchall()
    if len(rows) == 1 or (rows and rows[0][0] == name):
        return str(rows[0][0])
    if rows:
        raise NoSessionError(f"More than one session key begins with {name}. {_LIST}")
    if name.lower().endswith(".ibt"):
        raise NoSessionError(f"There is no file {name}, and no session from such a file. {_LIST}")
    raise NoSessionError(
        f"There is no session {name}. Write last, a date such as 2026-07-04, an .ibt file, or a"
        f" session key. {_LIST}"
    )


def _first(connection: Connection, where: str, otherwise: str, *values: object) -> str:
    row = connection.execute(_SESSIONS + where, values).fetchone()
    if row is None:
        raise NoSessionError(otherwise)
    return str(row[0])


def _date(name: str, today: date | None) -> date | None:
    today = today or datetime.now().astimezone().date()
    if name.lower() == "today":
        return today
    if name.lower() == "yesterday":
        return today - timedelta(days=1)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", name, re.ASCII):
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:
        raise NoSessionError(f"{name} is not a date. Write it as 2026-07-04.") from None


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def local_start(session: Mapping[str, Any]) -> datetime:
    """When a session began, on the clock of the racing PC; in UTC where its zone is unknown.

    Args:
        session: ``start_time`` and ``utc_offset_s`` of the session.
    """
    offset = session["utc_offset_s"]
    zone = UTC if offset is None else timezone(timedelta(seconds=offset))
    start: datetime = session["start_time"].astimezone(zone)
    return start


def file_stem(session: Mapping[str, Any]) -> str:
    """The name of a file about a session, without its ending.

    Local date and time, car and track: ``2026-07-04 18-22-30 Formula Vale, Millbrook``. Sorted by
    name, such files are sorted by time.

    Args:
        session: Its row of ``grafana.telemetry_sessions``, or of the table ``telemetry_session``.
    """
    track = " ".join(filter(None, (session["track_name"], session["track_config"])))
    parts = [_part(text) for text in (session["car_name"], track)]
    what = ", ".join(part for part in parts if part)
    return f"{local_start(session):%Y-%m-%d %H-%M-%S} {what}".strip()


def _part(text: str | None) -> str:
    """A name from a file, as a part of a file name that every system takes."""
    plain = unicodedata.normalize("NFC", text or "")
    kept = "".join(
        each if each.isalnum() or each in " -+&'()" or unicodedata.category(each) == "Mn" else " "
        for each in plain
    )
    cut = " ".join(kept.split()).encode()[:_LONGEST_PART_BYTES]
    return cut.decode(errors="ignore").strip()
