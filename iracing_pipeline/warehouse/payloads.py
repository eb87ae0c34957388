"""Documents as they were received, kept for good: every table of results is rebuilt from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iracing_pipeline.results.documents import dump

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from iracing_pipeline.warehouse.connection import Connection


DATED = ("results/get",)
"""Kinds whose time decides between versions: the same answer again makes it newer."""


@dataclass(frozen=True, slots=True)
class Document:
    """Which document: the columns that identify a row of ``raw.payload``.

    Attributes:
        kind: Endpoint, such as ``results/get``, or kind of dropped file.
        item: What of: a subsession, a season, a member.
        part: Simsession number where it is of one; a digest of the document where several
            versions are kept; 0 otherwise.
    """

    kind: str
    item: str
    part: int = 0


def put(connection: Connection, document: Document, body: object, *, source: str) -> None:
    """Store a document; an earlier version of it is replaced.

    Args:
        connection: Connection with the caller's transaction.
        document: Which it is.
        body: The JSON; where it was chunked, ``{"header": ..., "rows": [...]}``.
        source: Source.
    """
    # clock_timestamp(), as the answer came within this transaction, not when that began.
    connection.execute(
        "INSERT INTO raw.payload AS known (kind, item, part, source, body, received_at)"
        " VALUES (%s, %s, %s, %s, %s, clock_timestamp())"
        " ON CONFLICT (kind, item, part) DO UPDATE"
        " SET source = excluded.source, body = excluded.body, received_at = excluded.received_at"
        " WHERE known.body::text <> excluded.body::text OR known.source <> excluded.source"
        " OR known.kind = ANY(%s)",
        [document.kind, document.item, document.part, source, dump(body), list(DATED)],
    )


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document that a dropped file holds.

    Attributes:
        document: Which it is; its part is a digest of the body.
        body: The JSON.
        source_time: The time of its data, UTC.
        latest: Whether the latest of its times counts, not the earliest.
    """

    document: Document
    body: object
    source_time: datetime
    latest: bool = False


def put_versions(connection: Connection, versions: Iterable[Version], *, source: str) -> None:
    """Store versions of documents, beside the existing ones.

    The same version again keeps the earliest of its times, as a copy of a file is younger than
    what is in it; the latest, where it replaced a file.

    Args:
        connection: Connection with the caller's transaction.
        versions: The versions.
        source: Source.
    """
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO raw.payload AS known (kind, item, part, source, body, received_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (kind, item, part) DO UPDATE"
            " SET received_at = excluded.received_at"
            " WHERE CASE WHEN %s THEN known.received_at < excluded.received_at"
            " ELSE known.received_at > excluded.received_at END",
            [
                [
                    each.document.kind,
                    each.document.item,
                    each.document.part,
                    source,
                    dump(each.body),
                    each.source_time,
                    each.latest,
                ]
                for each in versions
            ],
        )


def times_of_items(
    connection: Connection, kinds: Sequence[str], items: Iterable[str]
) -> list[tuple[Document, str, datetime]]:
    """The documents of some kinds and items without their bodies: source and time of each."""
    rows = connection.execute(
        "SELECT kind, item, part, source, received_at FROM raw.payload"
        " WHERE kind = ANY(%s) AND item = ANY(%s) ORDER BY kind, item, part",
        [list(kinds), list(items)],
    ).fetchall()
    return [(Document(*row[:3]), row[3], row[4]) for row in rows]


def bodies(connection: Connection, documents: Sequence[Document]) -> dict[Document, Any]:
    """The bodies of some documents."""
    rows = connection.execute(
        "SELECT kind, item, part, body FROM raw.payload JOIN unnest(%s::text[], %s::text[],"
        " %s::integer[]) AS wanted (kind, item, part) USING (kind, item, part)",
        [
            [each.kind for each in documents],
            [each.item for each in documents],
            [each.part for each in documents],
        ],
    ).fetchall()
    return {Document(*row[:3]): row[3] for row in rows}


def get(connection: Connection, document: Document) -> Any:
    """A document; None when it is not there."""
    row = connection.execute(
        "SELECT body FROM raw.payload WHERE kind = %s AND item = %s AND part = %s",
        [document.kind, document.item, document.part],
    ).fetchone()
    return None if row is None else row[0]


def of_items(
    connection: Connection, kinds: Sequence[str], items: Iterable[str]
) -> list[tuple[Document, str, Any]]:
    """The documents of some kinds and items, each with its source."""
    rows = connection.execute(
        "SELECT kind, item, part, source, body FROM raw.payload"
        " WHERE kind = ANY(%s) AND item = ANY(%s) ORDER BY kind, item, part",
        [list(kinds), list(items)],
    ).fetchall()
    return [(Document(kind, item, part), source, body) for kind, item, part, source, body in rows]


def known_of(connection: Connection, kinds: Sequence[str], item: str) -> set[Document]:
    """Which documents of an item are there."""
    rows = connection.execute(
        "SELECT kind, item, part FROM raw.payload WHERE kind = ANY(%s) AND item = %s",
        [list(kinds), item],
    ).fetchall()
    return {Document(*row) for row in rows}


def items_of(connection: Connection, kind: str) -> list[str]:
    """The items that a kind of document is there of."""
    rows = connection.execute(
        "SELECT DISTINCT item FROM raw.payload WHERE kind = %s ORDER BY item", [kind]
    ).fetchall()
    return [row[0] for row in rows]
