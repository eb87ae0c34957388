"""Real recordings, where there are any: a folder beside the repository, or IRACING_TEST_DATA."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[2] / "shared" / "data"


def folder() -> Path | None:
    """The folder of real files, or None if there is none."""
    path = Path(os.environ.get("IRACING_TEST_DATA") or _BESIDE)
    return path if (path / "ibt").is_dir() else None


def recordings() -> list[Path]:
    """The real ``.ibt`` files; empty where there are none."""
    path = folder()
    return sorted((path / "ibt").glob("*.ibt")) if path else []


def cases(kind: str) -> list[Path]:
    """The case files of a kind; empty where there are none."""
    path = folder()
    return sorted((path / "cases" / kind).glob("*.*")) if path else []


def odd_files() -> list[Path]:
    """Files that are no recordings though they are named so; empty where there are none."""
    path = folder()
    return sorted((path / "ibt" / "odd").iterdir()) if path else []


def each(paths: list[Path]) -> pytest.MarkDecorator:
    """Run a test once for each of the files as ``path``, or skip it where there are none."""
    if paths:
        return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)
    return pytest.mark.parametrize("path", [pytest.param(None, marks=NEEDS_REAL_FILES)])


NEEDS_REAL_FILES = pytest.mark.skipif(
    folder() is None,
    reason="no real recordings: set IRACING_TEST_DATA to a folder with ibt/*.ibt",
)
