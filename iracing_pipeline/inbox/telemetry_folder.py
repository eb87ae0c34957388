"""Files in the telemetry folder, and those that are ready to load.

iRacing writes a file for as long as the driver sits in the car, a sync client or a copy may write
one for minutes, and virus scanners hold them. So a file is taken only when it has stood still:
a moment if it is whole (iRacing has closed it and its size is right), longer if it is not.
Change is seen by comparing what two looks show, which works where file system events do not
(network shares, WSL) and does not trust the clock of the machine that wrote the file.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.ibt import IbtError, IbtFile
from iracing_pipeline.inbox.file_names import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IN_USE = {32, 33}  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION


class State(StrEnum):
    """State of a file; the values of ``ops.telemetry_file.state``."""

    WAITING = "waiting"
    READY = "ready"
    LOADED = "loaded"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    MISSING = "missing"


class FolderMissingError(PipelineError):
    """The telemetry folder is not there, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Settle:
    """How long a file must be unchanged before it is loaded.

    Attributes:
        whole: For a file that is closed and complete.
        broken: For one that iRacing did not close, or that cannot be read.
    """

    whole: timedelta = timedelta(seconds=2)
    broken: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class TelemetryFile:
    """One file in the folder: a row of ``ops.telemetry_file``."""

    path: str
    file_name: str
    size_bytes: int
    modified_at: datetime
    state: State
    unchanged_since: datetime
    first_seen_at: datetime
    last_seen_at: datetime
    session_key: str | None = None
    record_count: int | None = None
    note: str | None = None
    requested_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that cannot be used: why, and what to do about it."""

    file: TelemetryFile
    reason: str
    advice: str
    error_type: str


@dataclass(frozen=True, slots=True)
class Look:
    """Result of one listing of the folder.

    Attributes:
        changed: Files whose row is new or different, with their new state.
        refused: Those of them that cannot be used.
    """

    changed: list[TelemetryFile]
    refused: list[Refusal]


def list_folder(folder: Path) -> Iterator[str]:
    """The path of every ``.ibt`` file in the folder and below it, links to folders left out.

    Raises:
        FolderMissingError: If the folder is not there or cannot be read.
    """
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise FolderMissingError(
            f"The telemetry folder {folder} cannot be read ({error.strerror}). Set"
            " IRACING_TELEMETRY_DIR to the folder that iRacing writes .ibt files to."
        ) from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            try:
                yield from list_folder(Path(entry.path))
            except FolderMissingError:
                continue  # it vanished, or is closed to us: the rest of the folder counts
        elif entry.name.lower().endswith(".ibt"):
            yield entry.path


def look(
    paths: Iterable[str],
    inventory: Mapping[str, TelemetryFile],
    loaded: Mapping[str, int],
    *,
    now: datetime,
    settle: Settle | None = None,
    folder: Path | None = None,
) -> Look:
    """List files once and report the changes since the last listing.

    Args:
        paths: The files, as :func:`list_folder` gives them.
        inventory: The files as the last look left them, by path.
        loaded: Records loaded of each session, by session key.
        now: The time of this look.
        settle: How long files must stand still.
        folder: The folder of which ``paths`` are all files: what is known of it and not among
            them is missing.

    Raises:
        FolderMissingError: From ``paths``, if the folder is not there or cannot be read.
    """
    settle = settle or Settle()
    present: set[str] = set()
    changed: dict[str, TelemetryFile] = {}
    refused: list[Refusal] = []
    for path in paths:
        seen = _sighting(path, inventory, now)
        if seen is None:
            continue
        present.add(seen.path)
        before = inventory.get(seen.path)
        if before is not None and _settled_before(seen, before):
            continue
        judged = _judge(seen, settle, now) if seen.path == path else _refuse_name(seen)
        if judged is None or _same(judged[0], before):
            continue
        file, refusal = judged
        changed[file.path] = file
        if refusal is not None:
            refused.append(refusal)
    _settle_duplicates(changed, inventory, loaded, present)
    for path, file in inventory.items():
        gone = folder is not None and path not in present and Path(path).is_relative_to(folder)
        if gone and file.state is not State.MISSING:
            changed[path] = replace(file, state=State.MISSING, last_seen_at=now)
    return Look(list(changed.values()), refused)


def _settled_before(seen: TelemetryFile, before: TelemetryFile) -> bool:
    if seen.unchanged_since != before.unchanged_since:
        return False
    # A file that could not be read is tried again: a lock or a missing right may be lifted
    # without a trace in size and time.
    unread = before.state is State.QUARANTINED and before.session_key is None
    return not unread and before.state not in {State.WAITING, State.MISSING}


def _same(file: TelemetryFile, before: TelemetryFile | None) -> bool:
    """Return whether the state of a file is unchanged."""
    return before is not None and replace(file, last_seen_at=before.last_seen_at) == before


def _sighting(
    path: str, inventory: Mapping[str, TelemetryFile], now: datetime
) -> TelemetryFile | None:
    """The file as it is now, not yet judged; None if it is gone already, or no file."""
    try:
        # Not from the listing: on Windows that lags behind for a file that is being written.
        status = Path(path).stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None  # to open a pipe would wait for whoever writes to it
    path = text_of(path)
    before = inventory.get(path)
    modified = _time(status.st_mtime)
    still = (
        before is not None
        and before.size_bytes == status.st_size
        and before.modified_at == modified
    )
    return TelemetryFile(
        path=path,
        file_name=Path(path).name,
        size_bytes=status.st_size,
        modified_at=modified,
        state=State.WAITING,
        unchanged_since=before.unchanged_since if before is not None and still else now,
        first_seen_at=before.first_seen_at if before is not None else now,
        last_seen_at=now,
    )


def _time(seconds: float) -> datetime:
    """A time of the file system, which may be any number; not every one is a date."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return _EPOCH


def _judge(
    file: TelemetryFile, settle: Settle, now: datetime
) -> tuple[TelemetryFile, Refusal | None] | None:
    """The file with its state, and why it is refused, if it is; None if it is gone."""
    still = now - file.unchanged_since
    if Path(file.path).is_symlink():
        # Who may write here would choose what our account reads.
        reason = "it is a link to a file elsewhere"
        return _refuse(file, OSError(), reason, "Copy the file itself here.", settled=True)
    try:
        head = IbtFile(file.path)
    except FileNotFoundError:
        return None
    except IbtError as error:
        return _refuse(file, error, error.reason, error.advice, settled=still >= settle.broken)
    except OSError as error:
        reason = f"it cannot be opened ({error.strerror})"
        advice = "Close the program that holds it, or allow this user to read it."
        # Windows returns this for a file that another program has opened exclusively.
        in_use = getattr(error, "winerror", None) in _IN_USE
        settled = still >= settle.broken and not in_use
        return _refuse(file, error, reason, advice, settled=settled)
    if head.header.whole and file.unchanged_since == file.first_seen_at:
        # Whole, and never seen to change: it need not be watched if it was written long ago.
        # (Of one that is not, a server's clock that is behind would say the same while it grows.)
        still = max(still, now - file.modified_at)
    identified = replace(file, session_key=head.session_key, record_count=head.record_count)
    if still < (settle.whole if head.header.whole else settle.broken):
        return replace(identified, note="may still be written to"), None
    note = "; ".join(head.header.warnings) or None
    return replace(identified, state=State.READY, note=note), None


def _refuse_name(file: TelemetryFile) -> tuple[TelemetryFile, Refusal | None]:
    reason = "its name holds characters that are no text"
    return _refuse(file, UnicodeError(), reason, "Rename it.", settled=True)


def _refuse(
    file: TelemetryFile, error: Exception, reason: str, advice: str, *, settled: bool
) -> tuple[TelemetryFile, Refusal | None]:
    """The file in quarantine; or still waiting, as it may become readable yet."""
    waiting = replace(file, note=reason)
    if not settled:
        return waiting, None
    refused = replace(waiting, state=State.QUARANTINED)
    return refused, Refusal(refused, reason, advice, type(error).__name__)


def _settle_duplicates(
    changed: dict[str, TelemetryFile],
    inventory: Mapping[str, TelemetryFile],
    loaded: Mapping[str, int],
    present: set[str],
) -> None:
    """Of several files of one session, keep the longest; recognise what is loaded already."""
    unchanged = [
        file for file in inventory.values() if file.path in present and file.path not in changed
    ]
    holders = {
        file.session_key: file for file in unchanged if file.state in {State.LOADED, State.READY}
    }
    ready = [file for file in changed.values() if file.state is State.READY]
    ready += [  # those whose original is gone or refused before it was loaded
        replace(file, state=State.READY, note=None)
        for file in unchanged
        if file.state is State.DUPLICATE and file.session_key not in holders
    ]
    for file in sorted(ready, key=lambda file: (-(file.record_count or 0), file.path)):
        holder = holders.get(file.session_key)
        records = loaded.get(file.session_key or "", 0)
        if holder is not None and (file.record_count or 0) <= (holder.record_count or 0):
            changed[file.path] = _duplicate(file, holder)
            continue
        if records >= (file.record_count or 0):
            # Loaded before, under another name or before a restart.
            file = replace(file, state=State.LOADED)  # noqa: PLW2901 - the same file, settled
        elif holder is not None and holder.state is State.READY:
            changed[holder.path] = _duplicate(holder, file)
        holders[file.session_key] = changed[file.path] = file


def _duplicate(file: TelemetryFile, holder: TelemetryFile) -> TelemetryFile:
    note = f"same session as {holder.file_name}"
    return replace(file, state=State.DUPLICATE, note=note, requested_at=None, attempts=0)


def batches(
    files: Iterable[TelemetryFile], *, most: int = 50, most_bytes: int = 1 << 30
) -> list[list[TelemetryFile]]:
    """Files in groups small enough for one run: by number, and by bytes."""
    grouped: list[list[TelemetryFile]] = []
    size = 0
    for file in files:
        if not grouped or len(grouped[-1]) >= most or size + file.size_bytes > most_bytes:
            grouped.append([])
            size = 0
        grouped[-1].append(file)
        size += file.size_bytes
    return grouped
