from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql

from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.tables.raw import PAYLOAD
from iracing_pipeline.warehouse import views
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import MigrationError
from iracing_pipeline.warehouse.view import View
from iracing_pipeline.warehouse.views import VIEWS
from iracing_pipeline_tests.conftest import at_database

# The function hides the module of the same name in the package.
from iracing_pipeline.warehouse.migrate import HEAD, SCRIPTS, migrate  # isort: skip

if TYPE_CHECKING:
    from iracing_pipeline.tables import Column, Table
    from iracing_pipeline.warehouse.connection import Connection

TYPES = {
    pl.Binary(): "bytea",
    pl.String(): "text",
    pl.Boolean(): "boolean",
    pl.Int16(): "smallint",
    pl.Int32(): "integer",
    pl.Int64(): "bigint",
    pl.Float32(): "real",
    pl.Float64(): "double precision",
    pl.Date(): "date",
    pl.Datetime("us", "UTC"): "timestamp with time zone",
}


def postgres_type(column: Column) -> str:
    if column is PAYLOAD.columns[-1]:
        return "json"  # as received, to the byte
    if column.json:
        return "jsonb"
    if isinstance(column.dtype, pl.List):
        return f"{TYPES[column.dtype.inner]}[]"  # type: ignore[index]  # an instance here
    return TYPES[column.dtype]  # type: ignore[index]  # an instance here


def columns_of(connection: Connection, relation: str) -> list[tuple[str, str, bool, str]]:
    return connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull,"
        " col_description(attrelid, attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [relation],
    ).fetchall()


def key_of(connection: Connection, table: str) -> list[tuple[str, ...]]:
    rows = connection.execute(
        "SELECT array_agg(attname ORDER BY array_position(indkey::int2[], attnum))"
        " FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)"
        " WHERE indrelid = %s::regclass AND indisunique GROUP BY indexrelid",
        [table],
    ).fetchall()
    return [tuple(names) for (names,) in rows]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_are_as_declared(migrated: Connection, table: Table) -> None:
    assert columns_of(migrated, table.name) == [
        (column.name, postgres_type(column), column.required, column.comment)
        for column in table.columns
    ]
    assert table.key in key_of(migrated, table.name)
    assert migrated.execute(
        "SELECT obj_description(%s::regclass, 'pg_class')", [table.name]
    ).fetchone() == (table.doc,)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_views_are_as_declared(migrated: Connection, view: View) -> None:
    assert columns_of(migrated, view.name) == [
        (shown.column.name, postgres_type(shown.column), False, shown.column.comment)
        for shown in view.columns
    ]


def test_no_table_is_undeclared(migrated: Connection) -> None:
    rows = migrated.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables"
        " WHERE schemaname IN ('racing', 'raw', 'ops', 'grafana')"
    ).fetchall()
    assert {name for (name,) in rows} == {table.name for table in TABLES} | {"ops.schema_version"}


def test_head_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrating_again_does_nothing(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert migrate(empty_database)
    statements: list[object] = []
    execute = psycopg.Connection.execute

    def recorded(self: Connection, query: Any, *args: Any) -> Any:
        statements.append(query)
        return execute(self, query, *args)

    monkeypatch.setattr(psycopg.Connection, "execute", recorded)
    assert not migrate(empty_database)
    assert len(statements) == 1


def test_many_migrate_at_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        did = list(pool.map(migrate, [empty_database] * 4))
    assert sorted(did) == [False, False, False, True]


def test_databases_of_one_server_migrate_at_once(server_url: str) -> None:
    names = [f"iracing_pair_{number}" for number in range(3)]
    with psycopg.connect(server_url, autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            with ThreadPoolExecutor(3) as pool:
                assert all(pool.map(migrate, [at_database(server_url, name) for name in names]))
        finally:
            for name in names:
                admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def test_a_failed_migration_leaves_nothing(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Connection) -> None:
        connection.execute("SELECT * FROM no_such_table")

    with monkeypatch.context() as patch:
        patch.setattr(views, "create", fail)
        with pytest.raises(MigrationError, match="no_such_table"):
            migrate(empty_database)
    with Warehouse(empty_database).connect() as connection:
        assert connection.execute("SELECT to_regnamespace('racing')").fetchone() == (None,)
    assert migrate(empty_database)


def test_a_newer_database_is_refused(database: str) -> None:
    with Warehouse(database).connect() as connection:
        connection.execute("UPDATE ops.schema_version SET version_num = '9999'")
    with pytest.raises(MigrationError, match="Update iracing-pipeline"):
        migrate(database)


def test_changed_views_and_comments_reach_a_database_that_is_at_head(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Warehouse(database).connect() as connection:
        connection.execute("CREATE VIEW public.mine AS SELECT 1 AS one")
        connection.execute("CREATE VIEW grafana.mine AS SELECT 2 AS two")
    first, *rest = VIEWS
    fewer = View(first.name, "Another meaning.", first.source, first.columns[1:])
    monkeypatch.setattr(views, "VIEWS", (fewer, *rest))
    assert migrate(database)
    assert not migrate(database)
    with Warehouse(database).connect() as connection:
        names = [name for name, *_ in columns_of(connection, first.name)]
        assert names == [shown.column.name for shown in first.columns[1:]]
        assert connection.execute(
            "SELECT obj_description(%s::regclass), (SELECT two FROM grafana.mine)", [first.name]
        ).fetchone() == ("Another meaning.", 2)


def test_a_view_that_others_use_is_not_taken_away(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = VIEWS
    with Warehouse(database).connect() as connection:
        connection.execute(f"CREATE VIEW public.mine AS SELECT * FROM {first.name}".encode())
    fewer = View(first.name, first.doc, first.source, first.columns[1:])
    monkeypatch.setattr(views, "VIEWS", (fewer, *rest))
    with pytest.raises(MigrationError, match=r"view mine depends on .* Drop what uses it"):
        migrate(database)


def test_a_user_who_may_not_migrate_is_told_so(server_url: str, empty_database: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE iracing_guest LOGIN PASSWORD 'guest'")
        try:
            rest = empty_database.partition("@")[2]
            with pytest.raises(MigrationError, match="may not migrate it"):
                migrate(f"postgresql://iracing_guest:guest@{rest}")
        finally:
            admin.execute("DROP ROLE iracing_guest")
