"""Statements of every kind against `query`: does one write, or get beyond the role?

``python -m benchmarks.fuzz_query READER_URL OWNER_URL [COUNT]`` makes statements from a grammar and
by mutation, asks each, and compares every table, role, function, large object and lock before and
after. Secrets of the server that only a refused function can give are looked for in the answers.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from iracing_pipeline.ask import AskError, Database, query

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOWEST_S = 12.0
"""The time limit of a statement, and what a connection takes beside it."""

_VIEWS = {
    "telemetry_laps": ("session_key", "lap_time_s", "kind", "clean", "reasons", "start_time"),
    "session_summaries": ("session_key", "car_name", "best_lap_time_s", "incidents"),
    "race_results": ("subsession_id", "display_name", "finish_position", "irating_change"),
    "quarantine": ("item", "reason", "occurrences"),
}
_ALLOWED = ("abs", "avg", "count", "max", "min", "round", "lower", "length", "coalesce", "sum")
_FORBIDDEN = (
    "pg_sleep(20)",
    "set_config('statement_timeout','0',false)",
    "current_setting('data_directory')",
    "pg_read_file('PG_VERSION')",
    "pg_ls_dir('.')",
    "pg_advisory_lock(4711)",
    "pg_try_advisory_lock(4711)",
    "pg_notify('fuzz','x')",
    "lo_create(4711)",
    "lo_from_bytea(4711,'x')",
    "pg_terminate_backend(1)",
    "pg_cancel_backend(1)",
    "version()",
    "current_user",
    "session_user",
    "user",
    "current_role",
    "current_catalog",
    "inet_server_port()",
    "query_to_xml('SELECT current_user',true,true,'')",
    "database_to_xml(true,true,'')",
    "pg_logical_emit_message(true,'x','y')",
    "nextval('x')",
    "txid_current()",
    "pg_current_xact_id()",
    "repeat('x',1000000000)",
    "generate_series(1,1000000000)",
    "xmlparse(document '<x/>')",
    "'pg_authid'::regclass::text",
    "(SELECT passwd FROM pg_shadow LIMIT 1)",
    "(SELECT rolname FROM pg_catalog.pg_roles LIMIT 1)",
    "(SELECT state FROM ops.oauth_token LIMIT 1)",
    "(SELECT body FROM raw.payload LIMIT 1)",
)
_WRITES = (
    "DELETE FROM racing.lap RETURNING 1",
    "UPDATE grafana.career SET cust_id = 1 RETURNING 1",
    "INSERT INTO racing.member DEFAULT VALUES RETURNING 1",
    "MERGE INTO racing.lap USING racing.lap x ON true WHEN MATCHED THEN DELETE",
)
_COMMANDS = (
    "CREATE TEMP TABLE t AS SELECT 1",
    "COPY racing.lap TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "DO $$BEGIN PERFORM pg_sleep(1);END$$",
    "SET ROLE iracing",
    "RESET ALL",
    "TRUNCATE racing.lap",
    "VACUUM",
    "LISTEN x",
    "NOTIFY x",
    "LOCK TABLE racing.lap",
    "EXPLAIN ANALYZE DELETE FROM racing.lap",
    "PREPARE x AS DELETE FROM racing.lap",
    "EXECUTE x",
    "DECLARE c CURSOR FOR SELECT 1",
    "SAVEPOINT x",
    "COMMIT",
    "ROLLBACK",
    "CALL x()",
    "GRANT ALL ON racing.lap TO grafana_reader",
    "ALTER ROLE grafana_reader SUPERUSER",
)
_PIECES = (
    ";", "--", "/*", "*/", "$$", "'", '"', "(", ")", ",", "::regclass", "::text", " UNION ALL ",
    " INTO t ", " FOR UPDATE ", " RETURNING ", "U&'\\0041'", "E'\\x41'", "\0", "\u202e", "%s", "%",
    "$1", ":x", "{}", " LIMIT 1 ", " OFFSET 1e9 ", " TABLESAMPLE SYSTEM (1) ", " LATERAL ",
    " WITH RECURSIVE ", " IS NULL ", "\\", "grafana.", "racing.", "pg_catalog.", "public.",
)  # fmt: skip
_CANARIES = ("PostgreSQL 1", "grafana_reader", "SCRAM-SHA", "/postgres/data")


@dataclass
class Campaign:
    """Result of a campaign.

    Attributes:
        asked: Statements asked.
        answered: Statements that gave an answer.
        refused: Statements that were refused, by the first words of the reason.
        leaks: Statements whose answer holds what only a refused function gives.
        slow: Statements that took longer than their limit.
        changed: What differs in the database afterwards.
        seconds: Duration.
    """

    asked: int = 0
    answered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    seconds: float = 0.0


def statements(seed: int, count: int) -> Iterator[str]:
    """Statements, half from a grammar and half by mutation of those."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    pool: list[str] = []
    for number in range(count):
        if number % 2 == 0 or not pool:
            made = _statement(chance)
            pool.append(made)
        else:
            made = _mutated(chance, pool)
        yield made


def campaign(
    database: Database, owner_url: str, *, count: int, seed: int = 1, longest_s: float = 1e9
) -> Campaign:
    """Ask statements, and compare the database before and after.

    Args:
        database: As the reader.
        owner_url: As the owner, who sees everything.
        count: How many.
        seed: Of all chance.
        longest_s: Time after which no further one is asked.
    """
    result = Campaign()
    before, began = _state(owner_url), time.monotonic()
    for statement in statements(seed, count):
        if time.monotonic() - began > longest_s:
            break
        started = time.monotonic()
        result.asked += 1
        try:
            answer = query(database, statement)
        except AskError as error:
            result.refused[error.reason[:40]] += 1
        else:
            result.answered += 1
            shown = repr(answer.rows)
            if any(each in shown and each not in statement for each in _CANARIES):
                result.leaks.append(statement)
        if time.monotonic() - started > SLOWEST_S:
            result.slow.append(statement)
    result.seconds = time.monotonic() - began
    after = _state(owner_url)
    result.changed = {k: (before[k], after[k]) for k in before if before[k] != after[k]}
    return result


def _state(owner_url: str) -> dict[str, Any]:
    """Everything that a statement could change, as counts and digests."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname IN ('racing', 'raw', 'ops', 'public') ORDER BY 1"
        ).fetchall()
        state: dict[str, Any] = {}
        for (table,) in tables:
            query = (
                f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t"
            )
            state[table] = connection.execute(query.encode()).fetchone()
        for catalog in ("pg_class", "pg_proc", "pg_namespace", "pg_roles", "pg_db_role_setting"):
            query = f"SELECT count(*), sum(hashtextextended(c::text, 0)) FROM {catalog} c"
            ignored = " WHERE relkind <> 't'" if catalog == "pg_class" else ""
            columns = "relname || relkind::text || coalesce(relacl::text, '')"
            if catalog == "pg_class":  # counts of pages and rows change by themselves
                query = f"SELECT count(*), sum(hashtextextended({columns}, 0)) FROM pg_class"
            state[catalog] = connection.execute((query + ignored).encode()).fetchone()
        for name, query in {
            "large objects": "SELECT count(*) FROM pg_largeobject_metadata",
            "advisory locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
            "prepared": "SELECT count(*) FROM pg_prepared_xacts",
        }.items():
            state[name] = connection.execute(query.encode()).fetchone()
    return state


def _statement(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.08:
        return chance.choice(_COMMANDS)
    if kind < 0.14:
        return f"WITH w AS ({chance.choice(_WRITES)}) SELECT * FROM w"
    return _select(chance, 0)


def _select(chance: random.Random, depth: int) -> str:
    view = chance.choice(list(_VIEWS))
    items = ", ".join(_item(chance, view, depth) for _ in range(chance.randint(1, 3)))
    schema = chance.choices(("grafana.", "racing.", "", "pg_catalog."), (90, 4, 4, 2))[0]
    text = f"SELECT {items} FROM {schema}{view}"
    if chance.random() < 0.3:
        text += f" WHERE {_item(chance, view, depth)} IS NOT NULL"
    if chance.random() < 0.2:
        text += f" ORDER BY {_item(chance, view, depth)}"
    text += f" LIMIT {chance.choice((1, 5, 100))}"
    if depth < 2 and chance.random() < 0.15:
        text = f"SELECT * FROM ({text}) AS q{depth}, LATERAL ({_select(chance, depth + 1)}) AS r"
    if depth < 2 and chance.random() < 0.1:
        text = f"({text}) UNION ALL ({_select(chance, depth + 1)})"
    return text


def _item(chance: random.Random, view: str, depth: int) -> str:
    column = chance.choice(_VIEWS[view])
    kind = chance.random()
    if kind < 0.55:
        return column
    if kind < 0.75:
        return f"{chance.choice(_ALLOWED)}({column})"
    if kind < 0.85 and depth < 2:
        return f"({_select(chance, depth + 1)})"
    return chance.choice(_FORBIDDEN)


def _mutated(chance: random.Random, pool: list[str]) -> str:
    text = chance.choice(pool)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            text = text[:at] + chance.choice(_PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + chance.randint(1, 8) :]
        elif kind == 2:
            other = chance.choice(pool)
            text = text[:at] + other[chance.randrange(len(other)) :]
        elif kind == 3:
            text = text[:at] + chance.choice(_FORBIDDEN) + text[at:]
        elif kind == 4:
            text = text.swapcase() if chance.random() < 0.5 else text.replace(" ", "/**/", 2)
        else:
            text = text[:at] + chr(chance.randrange(1, 0x3000)) + text[at:]
    return text


def main() -> None:
    """Run a campaign, and print what it gave."""
    reader, owner = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    result = campaign(Database(reader), owner, count=count)
    print(f"{result.asked} statements in {result.seconds:.0f} s: {result.answered} answered")
    for reason, number in result.refused.most_common(12):
        print(f"{number:8d}  {reason}")
    print(f"leaks: {result.leaks}; slow: {result.slow}; changed: {result.changed}")
    sys.exit(1 if result.leaks or result.slow or result.changed else 0)


if __name__ == "__main__":
    main()
