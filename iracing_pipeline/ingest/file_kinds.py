"""Kind of a file, by its first bytes."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.results.csv_text import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = frozenset({".ibt", ".json", ".csv"})
_HEAD_BYTES = 512


class FileKind(Enum):
    """Kind of a file."""

    RECORDING = "recording"
    RESULTS = "results"


def kind_of(path: Path) -> FileKind:
    """Return whether a file holds text, as results do, or a recording.

    A file that is empty or cannot be read has the kind of its suffix.
    """
    by_name = FileKind.RECORDING if path.suffix.lower() == ".ibt" else FileKind.RESULTS
    try:
        if not path.is_file():  # to open a pipe would wait for whoever writes to it
            return by_name
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return by_name
    if not head:
        return by_name
    if head.startswith((b"\1\0\0\0", b"\2\0\0\0")):  # the version in iRacing's header
        return FileKind.RECORDING
    text = decode(head)
    if by_name is FileKind.RECORDING:
        like_results = text.lstrip()[:1] in {"{", "["} or text.split("\n", 1)[0].count(",") > 2
    else:
        odd = sum(not (each.isprintable() or each in "\t\r\n") for each in text)
        like_results = 5 * (odd + text.count("\ufffd")) <= len(text)
    return FileKind.RESULTS if like_results else FileKind.RECORDING


def files_below(folder: Path) -> Iterator[Path]:
    """The recordings and results in a folder and below it, in order; links to folders left out.

    Raises:
        OSError: If the folder itself cannot be read.
    """
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            try:
                yield from files_below(path)
            except OSError:
                continue  # it vanished, or is closed to us: the rest of the folder counts
        elif path.suffix.lower() in SUFFIXES and not entry.is_dir():
            yield path
