"""Which download of a document a version is.

The same content in several files is one of two things. A copy of a file is younger than the data
in it, so the earliest time counts. A document that was downloaded again is as new as its last
download: a browser numbers it ("result (2).json"), or it replaces the file that was there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.results.documents import dump

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from iracing_pipeline.warehouse.payloads import Document

_BITS = 7
_FIRST = 0
REPLACED = (1 << _BITS) - 1
"""The number of a download that replaced a file of its name."""


@dataclass(frozen=True, slots=True)
class Download:
    """A download of a document.

    Attributes:
        time: The time of its data, UTC.
        number: 0 for the first, that of the browser for a repeated one, or ``REPLACED``.
    """

    time: datetime
    number: int


Timed = tuple["Document", str, "datetime"]


def part(document: object, number: int) -> int:
    """The part of a version: a digest of its content and the number of the download.

    Args:
        document: The JSON.
        number: 0 for a first download, that of the browser, or ``REPLACED``.
    """
    digest = int.from_bytes(hashlib.sha256(dump(document).encode()).digest()[:3])
    return digest << _BITS | min(number, REPLACED)


def same_content(one: Document, other: Document) -> bool:
    """Return whether two versions of a document have the same content."""
    return _key(one) == _key(other)


def latest(versions: Iterable[Timed]) -> list[Timed]:
    """Versions without first downloads of a content that was downloaded again."""
    rows = list(versions)
    again = {_key(each) for each, _, _ in rows if each.part & REPLACED != _FIRST}
    return [row for row in rows if row[0].part & REPLACED != _FIRST or _key(row[0]) not in again]


def _key(document: Document) -> tuple[str, str, int]:
    return document.kind, document.item, document.part >> _BITS
