"""Documents as they were received, kept for good: every table of results is rebuilt from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iracing_pipeline.warehouse.connection import Connection


@dataclass(frozen=True, slots=True)
class Document:
    """Which document: the columns that identify a row of ``raw.payload``.

    Attributes:
        kind: Endpoint, such as ``results/get``, or kind of dropped file.
        item: What of: a subsession, a season, a member.
        part: Simsession number where it is of one; 0 otherwise.
    """

    kind: str
    item: str
    part: int = 0


def put(connection: Connection, document: Document, body: object, *, source: str) -> None:
    """Keep a document; an earlier version of it is replaced.

    Args:
        connection: In whose transaction it happens.
        document: Which it is.
        body: The JSON; where it was chunked, ``{"header": ..., "rows": [...]}``.
        source: Where it comes from.
    """
    # PostgreSQL's json type keeps the text as it is, unlike jsonb, which cannot hold NUL either.
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=True)
    connection.execute(
        "INSERT INTO raw.payload AS known (kind, item, part, source, body)"
        " VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (kind, item, part) DO UPDATE"
        " SET source = excluded.source, body = excluded.body, received_at = now()"
        " WHERE known.body::text <> excluded.body::text OR known.source <> excluded.source",
        [document.kind, document.item, document.part, source, text],
    )


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
