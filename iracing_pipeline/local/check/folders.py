"""Folders: there, open, with room."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.inbox.places import telemetry_candidates
from iracing_pipeline.inbox.telemetry_folder import list_folder
from iracing_pipeline.lake import Lake, LakeError
from iracing_pipeline.local.check.finding import ok, warning, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.local.check.finding import Finding
    from iracing_pipeline.settings import Settings

LITTLE_BYTES, NO_BYTES = 2 << 30, 256 << 20
LITTLE_SHARE = 0.1
# Windows without long paths; the lake's longest name is that of frames in the making.
LONGEST_PATH = 259
_IN_THE_MAKING = len("telemetry/20260101T000000Z-0123456789ab/.frames.parquet..partial") + 32


def telemetry(folder: Path, candidates: tuple[Path, ...] | None = None) -> list[Finding]:
    """Whether the telemetry folder is there, can be read, and when iRacing last wrote to it."""
    subject = "telemetry folder"
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        folders = telemetry_candidates() if candidates is None else candidates
        elsewhere = [str(each) for each in folders if each != folder and each.is_dir()]
        advice = "Set IRACING_TELEMETRY_DIR to the folder that iRacing writes .ibt files to"
        if elsewhere:
            advice += f"; there is {' and '.join(elsewhere)}"
        return [wrong(subject, f"there is no {folder}", advice)]
    except NotADirectoryError:
        return [wrong(subject, f"{folder} is a file", "Set IRACING_TELEMETRY_DIR to a folder")]
    except OSError as error:
        message = f"{folder} cannot be read: {error.strerror or error}"
        return [wrong(subject, message, "Let the user who runs this read it")]
    modified = [each for path in list_folder(folder) if (each := _modified(path)) is not None]
    if not modified:
        advice = "In the car, turn telemetry on with Alt+L; or load files from elsewhere"
        return [warning(subject, f"{folder} holds no .ibt file", advice)]
    newest = datetime.fromtimestamp(max(modified), UTC)
    message = f"{folder}, {len(modified)} .ibt files, the newest of {newest:%Y-%m-%d %H:%M} UTC"
    return [ok(subject, message)]


def home(folder: Path) -> list[Finding]:
    """Whether the data folder can be written to."""
    if (refusal := _refusal(folder)) is not None:
        return [wrong("data folder", refusal, "Set IRACING_HOME to a folder of your own")]
    synchronised = [part for part in folder.parts if part.lower().startswith("onedrive")]
    if synchronised:
        advice = "Set IRACING_HOME to a folder that is not synchronised: a database is not a file"
        return [warning("data folder", f"{folder} is synchronised by OneDrive", advice)]
    return [ok("data folder", str(folder))]


def lake(settings: Settings) -> list[Finding]:
    """Whether the lake can be written to."""
    try:
        store = Lake(settings.lake)
        if store.local is not None:
            return _local_lake(store.local)
        store.write_bytes("check", "check", "check.txt", b"It can be deleted.\n")
        store.delete("check", "check", "check.txt")
    except LakeError as error:
        return [wrong("lake", error.reason, error.advice)]
    return [ok("lake", str(store.root))]


def _local_lake(folder: Path) -> list[Finding]:
    if (refusal := _refusal(folder)) is not None:
        return [wrong("lake", refusal, "Set IRACING_LAKE to a folder that you may write to")]
    longest = len(str(folder)) + 1 + _IN_THE_MAKING
    if sys.platform == "win32" and longest > LONGEST_PATH and not _long_paths():
        refusal = f"paths in {folder} become up to {longest} characters long, Windows takes 259"
        advice = "Set IRACING_LAKE to a folder with a shorter path, or turn long paths on"
        return [wrong("lake", refusal, advice)]
    return [ok("lake", str(folder))]


def disks(places: Mapping[str, Path]) -> list[Finding]:
    """Whether there is room where these places are; each disk once."""
    findings: dict[int, Finding] = {}
    for name, folder in places.items():
        there = _existing(folder)
        usage = shutil.disk_usage(there)
        gigabytes = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.0f} GB are free"
        message = f"{gigabytes} where the {name} is"
        advice = "Make room: .ibt files that are loaded may go, their frames are in the lake"
        if usage.free < NO_BYTES:
            finding = wrong("disk", message, advice)
        elif usage.free < LITTLE_BYTES or usage.free < LITTLE_SHARE * usage.total:
            finding = warning("disk", message, advice)
        else:
            finding = ok("disk", message)
        findings.setdefault(there.stat().st_dev, finding)
    return list(findings.values())


def _modified(path: str) -> float | None:
    """When a file was last written to, in seconds since 1970; None if it is gone."""
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return None


def _refusal(folder: Path) -> str | None:
    """Why nothing can be written below a folder, which need not be there yet; None if it can."""
    there = _existing(folder)
    if not there.is_dir():
        return f"{there} is a file"
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"x")
    except OSError as error:
        return f"{there} cannot be written to: {error.strerror or error}"
    return None


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), Path(folder.anchor))


def _long_paths() -> bool:
    if sys.platform != "win32":
        return True
    import winreg  # noqa: PLC0415 - does not exist elsewhere

    try:
        name = r"SYSTEM\CurrentControlSet\Control\FileSystem"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, name) as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False
