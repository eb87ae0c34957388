"""``.env``: what Docker Compose reads about this machine. It holds no secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADING = """\
# Made by `iracing-pipeline stack setup`, and yours to edit: what is here stays.
# No secret stands here: they are files in secrets/. All variables: docs/compose.md
"""
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


def read(path: Path) -> dict[str, str]:
    """The variables in the file; empty without one.

    Raises:
        OSError: From the disk.
    """
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {match[1]: _unquoted(match[2]) for line in lines if (match := _LINE.match(line))}


def add(path: Path, values: Mapping[str, str]) -> list[str]:
    """Add the variables that the file lacks, making it if need be; their names.

    Raises:
        OSError: From the disk.
    """
    existing = read(path)
    missing = [name for name in values if name not in existing]
    if not missing:
        return []
    text = path.read_text(encoding="utf-8") if path.exists() else HEADING
    text += "" if text.endswith("\n") or not text else "\n"
    text += "".join(f"{name}={_quoted(values[name])}\n" for name in missing)
    _write(path, text)
    return missing


def put(path: Path, values: Mapping[str, str]) -> None:
    """Give variables these values, whatever they were.

    Raises:
        OSError: From the disk.
    """
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not ((m := _LINE.match(line)) and m[1] in values)]
        _write(path, "".join(kept))
    add(path, values)


def _write(path: Path, text: str) -> None:
    """All of it or nothing: lines in it are its owner's."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def _quoted(value: str) -> str:
    """So that Compose takes every character as it is."""
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.partition(" #")[0].rstrip()
