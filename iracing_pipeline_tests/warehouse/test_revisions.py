"""The baseline, the revisions before and after it, and what ``tables`` declares, say the same."""

from __future__ import annotations

import ast
import importlib.util
from typing import TYPE_CHECKING

import polars as pl
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from iracing_pipeline.tables import Column, Table
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse import bounds, declared
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.migrations.__main__ import write

# The function hides the module of the same name in the package.
from iracing_pipeline.warehouse.migrate import (  # isort: skip
    BASELINE,
    EARLIER,
    HEAD,
    SCRIPTS,
    migrate,
    migrating,
    revision_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

COLUMNS = """
SELECT attrelid::regclass::text, attnum, attname, format_type(atttypid, atttypmod), attnotnull,
    attidentity, pg_get_expr(adbin, adrelid)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relkind = 'r' AND attnum > 0 AND relnamespace IN
    ('racing'::regnamespace, 'raw'::regnamespace, 'ops'::regnamespace)
ORDER BY 1, 2
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace IN ('racing'::regnamespace, 'raw'::regnamespace, 'ops'::regnamespace)
ORDER BY 1, 2
"""
INDEXES = """
SELECT schemaname, indexname, indexdef FROM pg_indexes
WHERE schemaname IN ('racing', 'raw', 'ops') ORDER BY 1, 2
"""


def schema_of(connection: Connection) -> list[list[tuple[object, ...]]]:
    return [connection.execute(query).fetchall() for query in (COLUMNS, CONSTRAINTS, INDEXES)]


def schema_at(url: str, *revisions: str) -> list[list[tuple[object, ...]]]:
    """The tables after the revisions, in a transaction that is rolled back."""
    with migrating(url) as migration:
        for revision in revisions:
            migration.upgrade(revision)
        schema = schema_of(migration.connection)
        migration.transaction.rollback()
    return schema


@pytest.mark.parametrize("steps", [["0006"], list(EARLIER)], ids=["from 0006", "one by one"])
def test_earlier_revisions_arrive_at_the_baseline(empty_database: str, steps: list[str]) -> None:
    fresh = schema_at(empty_database, BASELINE)
    assert len(fresh[0]) > 800
    assert schema_at(empty_database, *steps, BASELINE) == fresh


@pytest.mark.parametrize("revision", ["0006", "0011", "0018"])
def test_a_database_since_0006_is_migrated(empty_database: str, revision: str) -> None:
    with migrating(empty_database) as migration:
        migration.upgrade(revision)
    assert migrate(empty_database)
    assert not migrate(empty_database)
    with Warehouse(empty_database).connect() as connection:
        assert revision_of(connection) == HEAD


def test_alembic_finds_no_difference_to_the_declarations(empty_database: str) -> None:
    with migrating(empty_database) as migration:
        migration.upgrade()
        options = declared.comparison()
        metadata = options.pop("target_metadata")
        context = MigrationContext.configure(migration.transaction, opts=options)
        assert compare_metadata(context, metadata) == []
        migration.transaction.execute(text("ALTER TABLE racing.stint DROP COLUMN spread_s"))
        ((change, _, table, column),) = compare_metadata(context, metadata)
        assert (change, table, column.name) == ("add_column", "stint", "spread_s")


def test_bounds_are_as_declared(connection: Connection) -> None:
    present = {
        (table, name): condition
        for table, name, condition in connection.execute(
            "SELECT conrelid::regclass::text, conname, obj_description(oid, 'pg_constraint')"
            " FROM pg_constraint WHERE starts_with(conname, %s)",
            [bounds.PREFIX],
        )
    }
    assert present == {
        (table.name, name): condition
        for table in TABLES
        for name, condition in bounds.conditions(table).items()
    }


def test_no_revision_reads_the_package() -> None:
    """What a revision does never changes, so it cannot depend on what does."""
    for path in sorted((SCRIPTS / "versions").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("iracing_pipeline")], path.name


def test_the_next_revision_is_written_from_the_declarations(
    server_url: str, empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gust = Table(
        name="racing.gust",
        doc="One gust of wind.",
        key=("session_key",),
        columns=(
            Column("session_key", pl.String, "The session", required=True),
            Column("speeds_mps", pl.List(pl.Float32), "Its speeds", "m/s"),
        ),
    )
    first, *rest = TABLES
    gusty = Column("gust_mps", pl.Float64, "Fastest gust of wind", "m/s")
    more = Table(first.name, first.doc, first.key, (*first.columns, gusty))
    monkeypatch.setattr(declared, "TABLES", (more, *rest, gust))

    path = write(server_url, "Add gusts", tmp_path)

    assert path == tmp_path / f"{int(HEAD) + 1:04}_add_gusts.py"
    spec = importlib.util.spec_from_file_location("gusts", path)
    assert spec is not None
    assert spec.loader is not None
    revision = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(revision)
    assert revision.down_revision == HEAD
    with migrating(empty_database) as migration:
        migration.upgrade()
        context = MigrationContext.configure(migration.transaction, opts=declared.comparison())
        with Operations.context(context):
            revision.upgrade()
        rows = migration.connection.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_name = 'gust' OR column_name = 'gust_mps' ORDER BY 1"
        ).fetchall()
    assert rows == [
        ("gust_mps", "double precision", "YES"),
        ("session_key", "text", "NO"),
        ("speeds_mps", "ARRAY", "YES"),
    ]
