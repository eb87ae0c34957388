"""Statements as ``grafana_reader``: read only, for a stated time, a stated number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import sql

from iracing_pipeline.ask.answer import AskError, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S = 10
MOST_ROWS = 200
MOST_BYTES = 256_000
"""Characters of all values of one answer."""
_CONNECT_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Result:
    """Rows as read.

    Attributes:
        names: Names of the columns.
        comments: What each says, by the comment of the view's column; empty for an expression.
        rows: The rows.
        more: Whether there are more.
    """

    names: list[str]
    comments: list[str]
    rows: list[tuple[Any, ...]]
    more: bool


class Database:
    """The database, for the role that reads the views of schema ``grafana``.

    Each statement has a separate connection, which is closed afterwards: nothing that a statement
    sets reaches the next one.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def read(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run one statement.

        Args:
            statement: One ``SELECT``. The extended protocol takes no second one.
            parameters: Values of its ``%(name)s``; None if it has none.

        Raises:
            AskError: The statement fails, takes too long, or the database cannot be reached.
        """
        try:
            with psycopg.connect(
                self._url,
                connect_timeout=_CONNECT_TIMEOUT_S,
                application_name="iracing-pipeline ask",
                autocommit=True,
            ) as connection:
                connection.execute(
                    "SELECT set_config('statement_timeout', %s, false)", [f"{TIMEOUT_S}s"]
                )
                connection.execute("BEGIN TRANSACTION READ ONLY")
                return _read(connection, statement, parameters)
        except psycopg.errors.QueryCanceled as error:
            raise AskError(
                f"The query took longer than {TIMEOUT_S} s",
                "Narrow it: name a session, a car or a track",
            ) from error
        except psycopg.OperationalError as error:
            raise AskError(
                "The database cannot be reached", "Start it: iracing-pipeline check says how"
            ) from error
        except psycopg.Error as error:
            message = str(plain(error.diag.message_primary or str(error)))
            raise AskError(f"The database refused it: {message}", "Correct the query") from error


def _read(
    connection: psycopg.Connection, statement: str, parameters: Mapping[str, Any] | None
) -> Result:
    rows: list[tuple[Any, ...]] = []
    size, more = 0, False
    cursor = connection.cursor()
    text = sql.SQL(cast("Any", statement))
    # Rows arrive one by one: what is not wanted is never held.
    stream = cursor.stream(text, parameters)
    for row in stream:
        size += sum(len(str(value)) for value in row)
        if len(rows) == MOST_ROWS or size > MOST_BYTES:
            more = True
            break
        rows.append(tuple(plain(value) for value in row))
    names = [column.name for column in cursor.description or ()]
    sources = [
        (cursor.pgresult.ftable(at), cursor.pgresult.ftablecol(at)) if cursor.pgresult else (0, 0)
        for at in range(len(names))
    ]
    # A generator: it cancels what still runs, which aborts the transaction.
    stream.close()  # type: ignore[attr-defined]
    connection.execute("ROLLBACK")
    return Result(names, _comments(connection, sources), rows, more)


def _comments(connection: psycopg.Connection, sources: list[tuple[int, int]]) -> list[str]:
    """Comments of the columns that results come from."""
    tables = [table for table, _ in sources]
    numbers = [number for _, number in sources]
    rows = connection.execute(
        "SELECT coalesce(col_description(t, c), '')"
        " FROM unnest(%s::oid[], %s::integer[]) WITH ORDINALITY AS source (t, c, n) ORDER BY n",
        [tables, numbers],
    ).fetchall()
    return [row[0] for row in rows]
