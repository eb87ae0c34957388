"""Issues of loaded items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.results.documents import storable_text

if TYPE_CHECKING:
    from iracing_pipeline.results.issues import Issues
    from iracing_pipeline.warehouse.connection import Connection

MOST, LONGEST = 200, 200
"""Issues kept of one item, and characters of a name in it: both come from outside."""


def replace(connection: Connection, *, source: str, item: str, issues: Issues) -> None:
    """Replace the issues of an item by those of its last load, the most frequent first.

    Args:
        connection: Connection with the caller's transaction.
        source: Kind of item.
        item: The item.
        issues: Issues of the item.
    """
    connection.execute("DELETE FROM ops.item_issue WHERE source = %s AND item = %s", [source, item])
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ops.item_issue AS known"
            " (source, item, location, field, problem, detail, rows)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
            # Names that differ only beyond what is kept of them.
            " ON CONFLICT (source, item, location, field, problem, detail)"
            " DO UPDATE SET rows = known.rows + excluded.rows",
            [
                [source, item, issue.where, _cut(issue.field), issue.problem.value, issue.detail, n]
                for issue, n in issues.counts.most_common(MOST)
            ],
        )


def _cut(name: str) -> str:
    return storable_text(name)[:LONGEST]
