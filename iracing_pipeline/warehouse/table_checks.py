"""Rules that every row of a table keeps, looked up in the table itself.

A rule that was broken once stays broken until its rows are right again: each look takes all
sessions, whichever run loaded them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.warehouse.connection import Connection

MOST_NAMED = 100
"""Sessions that an outcome names; it counts all."""


@dataclass(frozen=True, slots=True)
class TableCheck:
    """A rule of a table.

    Attributes:
        name: Its name, such as ``laps_close``.
        statement: SELECT of ``session_key`` and ``wrong``, the rows of that session that break the
            rule; sessions that keep it are left out.
        summary: SELECT of one row that is shown beside the outcome, by column name.
        bounds: Parameters of both.
    """

    name: str
    statement: str
    summary: str
    bounds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """Result of a check of a table.

    Attributes:
        summary: The summary's columns and values; those that are null are left out.
        sessions: How many sessions break the rule.
        named: Up to :data:`MOST_NAMED` of them, as file name and session key, with the number of
            rows that break it.
    """

    summary: Mapping[str, int | float]
    sessions: int
    named: Mapping[str, int]


def look(connection: Connection, check: TableCheck) -> CheckOutcome:
    """Check all rows of a table.

    Raises:
        psycopg.Error: If the database does not answer.
    """
    cursor = connection.execute(check.summary.encode(), check.bounds)
    names = [column.name for column in cursor.description or []]
    row = cursor.fetchone() or ()
    rows = connection.execute(
        f"SELECT file_name || ' (' || session_key || ')', wrong, count(*) OVER ()"
        f" FROM ({check.statement}) AS broken JOIN racing.telemetry_session USING (session_key)"
        f" ORDER BY start_time DESC LIMIT {MOST_NAMED}".encode(),
        check.bounds,
    ).fetchall()
    return CheckOutcome(
        {name: value for name, value in zip(names, row, strict=False) if value is not None},
        rows[0][2] if rows else 0,
        {name: wrong for name, wrong, _ in rows},
    )
