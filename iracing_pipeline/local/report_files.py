"""Reports as files: written whole, named by session, and deleted when there are too many."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from iracing_pipeline.lake import atomic
from iracing_pipeline.report import file_stem, read, report

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.report.session_list import Session
    from iracing_pipeline.warehouse import Connection

# The names that this module gives. Other files in the folder are never deleted.
_NAME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}-\d{2}-\d{2}[^/\\:]*\.html", re.ASCII)

START_PAGE = "index.html"


def name_of(session: Session) -> str:
    """The file name of a session's report."""
    return f"{session.file_stem}.html"


def is_report(name: str) -> bool:
    """Whether a file name is one that reports get; none with a path in it is."""
    return _NAME.fullmatch(name) is not None


def write(
    connection: Connection, key: str, folder: Path, *, units: str, target: Path | None = None
) -> Path:
    """Write the report of a session.

    Args:
        connection: Of a role that may read schema ``grafana``.
        key: The session key.
        folder: Folder of the report; made if it is missing.
        units: ``metric`` or ``imperial``: what it shows at first.
        target: The file to write instead.

    Returns:
        The file.

    Raises:
        NoSessionError: If there is no such session.
        OSError: If the file cannot be written.
    """
    data = read(connection, key)
    path = target or folder / f"{file_stem(data.session)}.html"
    partial = atomic.partial(path)
    try:
        partial.write_text(report(data, units=units), encoding="utf-8", newline="\n")
        atomic.publish(partial, path, durable=False)
    finally:
        partial.unlink(missing_ok=True)
    return path


def listed(folder: Path) -> list[Path]:
    """The reports in a folder, the newest session first."""
    with suppress(OSError):
        return sorted((p for p in folder.iterdir() if is_report(p.name)), reverse=True)
    return []


def prune(folder: Path, kept: int) -> int:
    """Delete the reports of the oldest sessions until ``kept`` are left; how many were deleted."""
    surplus = listed(folder)[kept:]
    for path in surplus:
        path.unlink(missing_ok=True)
    return len(surplus)
