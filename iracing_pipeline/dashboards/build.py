"""Files of the boards: write them, and compare them with the files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.dashboards.board import Folder
from iracing_pipeline.dashboards.catalog import BOARDS

if TYPE_CHECKING:
    from pathlib import Path


def files() -> dict[str, str]:
    """All files: path below ``grafana/dashboards``, and text."""
    return {f"{board.folder.directory}/{board.file_name}": board.json() for board in BOARDS}


def write(folder: Path) -> list[Path]:
    """Write all files; boards that are no longer there are deleted.

    Args:
        folder: ``grafana/dashboards``.

    Returns:
        The files that changed.
    """
    changed = []
    for name, text in files().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    for name in _strangers(folder):
        (folder / name).unlink()
        changed.append(folder / name)
    return changed


def differences(folder: Path) -> list[str]:
    """List the differences between the files and the boards, one sentence each."""
    problems = []
    for name, text in files().items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif path.read_bytes() != text.encode():
            problems.append(f"{name} is not what the code builds")
    problems += [f"{name} is of no board" for name in _strangers(folder)]
    return problems


def _strangers(folder: Path) -> list[str]:
    expected = files()
    return sorted(
        name
        for each in Folder
        for path in (folder / each.directory).glob("*.json")
        if (name := f"{each.directory}/{path.name}") not in expected
    )
