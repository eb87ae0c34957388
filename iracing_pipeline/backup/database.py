"""The tables of a database, written to an archive and loaded from it.

The database's own catalogue says which tables there are, so none can be forgotten, and a database
that an older or newer version made is saved just as well.
"""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING
from urllib.parse import quote

from psycopg import sql

from iracing_pipeline.backup.archive import BLOCK
from iracing_pipeline.backup.errors import DamagedArchiveError
from iracing_pipeline.backup.manifest import Sequence, StoredTable
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse.migrate import VERSION_TABLE
from iracing_pipeline.warehouse.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iracing_pipeline.backup.archive import Reader, Writer
    from iracing_pipeline.warehouse.connection import Connection

    Progress = Callable[[str], None]

SCHEMAS = ("racing", "raw", "ops")
VIEWS_SCHEMA = "grafana"
TOKENS = "ops.oauth_token"
# The revision stands in the manifest. A login's refresh token works once: by the time that a
# backup is restored, iRacing has given out others, and takes the use of an old one for theft.
LEFT_OUT = {f"ops.{VERSION_TABLE}", TOKENS}

# Text in one form, whatever the server's settings and version are; nothing hidden by policies.
FORM = """
SET LOCAL client_encoding = 'UTF8';
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = '60s';
SET LOCAL row_security = off
"""

_TABLES = """
SELECT n.nspname || '.' || c.relname,
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
    ARRAY(SELECT rn.nspname || '.' || r.relname FROM pg_constraint AS f
        JOIN pg_class AS r ON r.oid = f.confrelid JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
        WHERE f.conrelid = c.oid AND f.contype = 'f')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1
"""

_SEQUENCES = """
SELECT n.nspname || '.' || c.relname, a.attname::text, s.oid::regclass::text
FROM pg_depend AS d
JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_class AS c ON c.oid = d.refobjid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND n.nspname = ANY(%s)
ORDER BY 1, 2
"""


def tables(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The columns of all tables that are saved, those first that others refer to."""
    rows = connection.execute(_TABLES, [list(SCHEMAS)]).fetchall()
    columns = {name: tuple(names) for name, names, _ in rows}
    order = TopologicalSorter({name: set(others) - {name} for name, _, others in rows})
    return {
        name: columns[name]
        for name in order.static_order()
        if name in columns and name not in LEFT_OUT
    }


def save(connection: Connection, writer: Writer, progress: Progress) -> tuple[StoredTable, ...]:
    """Write every table into an archive.

    Args:
        connection: In a transaction that sees one state of the database.
        writer: The archive.
        progress: Called with each table's name and rows.
    """
    connection.execute(FORM.encode())
    saved = []
    for name, columns in tables(connection).items():
        rows = 0
        with writer.member(f"tables/{quote(name)}.copy", pack=True) as sink:
            for block, count in _blocks(connection, name, columns):
                sink.write(block)
                rows += count
        saved.append(StoredTable(name, columns, rows, writer.members[-1]))
        progress(f"{name}: {rows} rows")
    return tuple(saved)


def sequences(connection: Connection) -> tuple[Sequence, ...]:
    """List the current values of the sequences of all tables."""
    rows = []
    for table, column, name in connection.execute(_SEQUENCES, [list(SCHEMAS)]).fetchall():
        query = f"SELECT last_value, is_called FROM {name}".encode()
        last, used = connection.execute(query).fetchone() or (1, False)
        rows.append(Sequence(table, column, last, used))
    return tuple(rows)


def load(connection: Connection, reader: Reader, progress: Progress) -> list[str]:
    """Fill the empty tables of a database that is at the archive's revision.

    Args:
        connection: The database, in the transaction that is to hold all of it.
        reader: The archive.
        progress: Called with each table's name and rows.

    Returns:
        Tables in the archive that no migration makes: they stay in it.

    Raises:
        DamagedArchiveError: If a table is not as the manifest says.
    """
    connection.execute(FORM.encode())
    declared = tables(connection)
    stored = {table.name: table for table in reader.manifest.tables}
    for name in declared:
        if (table := stored.get(name)) is None:
            raise DamagedArchiveError(f"The archive lacks the table {name}", "Use another backup")
        rows = _fill(connection, reader, table, declared[name])
        progress(f"{name}: {rows} rows")
    for each in reader.manifest.sequences:
        if each.table in declared:
            connection.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)",
                [each.table, each.column, each.last, each.used],
            )
    return sorted(stored.keys() - declared.keys())


def move(connection: Connection, old: str, new: str) -> None:
    """Let the sessions name the place where their frames lie now.

    Args:
        connection: The database.
        old: The lake's folder or URI in the archive; only what lies below it is renamed.
        new: The lake's folder or URI now.
    """
    windows = re.match(r"[A-Za-z]:|\\\\", new) is not None
    old = old.rstrip("/\\")
    new = new.rstrip("/\\")
    connection.execute(
        "UPDATE racing.telemetry_session"
        " SET frames_uri = %(new)s || translate(substr(frames_uri, %(length)s), %(from)s, %(to)s)"
        " WHERE starts_with(frames_uri, %(old)s)"
        " AND substr(frames_uri, %(length)s, 1) IN ('/', '\\')",
        {
            "old": old,
            "new": new,
            "length": len(old) + 1,
            "from": "/" if windows else "\\",
            "to": "\\" if windows else "/",
        },
    )


def held(connection: Connection) -> dict[str, int]:
    """Count the rows of the database, by table; empty tables are left out."""
    counts = {}
    for name in tables(connection):
        query = sql.SQL("SELECT count(*) FROM {}").format(_identifier(name))
        (count,) = connection.execute(query).fetchone() or (0,)
        if count:
            counts[name] = count
    return counts


def foreign(connection: Connection) -> list[str]:
    """Tables and views in the project's schemas that are not the project's."""
    rows = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND NOT c.relispartition ORDER BY 1",
        [[VIEWS_SCHEMA, *SCHEMAS]],
    ).fetchall()
    own = {table.name for table in TABLES} | {view.name for view in VIEWS} | LEFT_OUT
    return [name for (name,) in rows if name not in own]


def tokens(connection: Connection) -> list[tuple[object, ...]]:
    """The logins that the database holds."""
    row = connection.execute("SELECT to_regclass(%s)::text", [TOKENS]).fetchone()
    if row is None or row[0] is None:
        return []
    query = f"SELECT client_id, state, updated_at FROM {TOKENS}"
    return connection.execute(query.encode()).fetchall()


def keep_tokens(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    """Put back what ``tokens`` found."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TOKENS} (client_id, state, updated_at) VALUES (%s, %s, %s)".encode(),
            rows,
        )


def clear(connection: Connection) -> None:
    """Drop all that migrations have made."""
    for schema in (VIEWS_SCHEMA, *SCHEMAS):
        statement = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE")
        connection.execute(statement.format(sql.Identifier(schema)))


def _blocks(
    connection: Connection, name: str, columns: tuple[str, ...]
) -> Iterator[tuple[bytes, int]]:
    """The lines of a table and how many they are, in blocks."""
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), _identifier(name)
    )
    lines: list[bytes] = []
    size = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in copy:
            lines.append(bytes(line))
            size += len(line)
            if size >= BLOCK:
                yield b"".join(lines), len(lines)
                lines, size = [], 0
    yield b"".join(lines), len(lines)


def _fill(
    connection: Connection, reader: Reader, table: StoredTable, columns_here: tuple[str, ...]
) -> int:
    if set(table.columns) != set(columns_here):
        raise DamagedArchiveError(
            f"The archive's table {table.name} has other columns than revision"
            f" {reader.manifest.revision} has",
            "Use the version that made the archive",
        )
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        _identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in reader.blocks(table.member):
                copy.write(block)
        rows = cursor.rowcount
    if rows != table.rows:
        raise DamagedArchiveError(
            f"The table {table.name} has {rows} rows, the archive speaks of {table.rows}",
            "Nothing was changed. Use another backup",
        )
    return rows


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split(".", 1))
