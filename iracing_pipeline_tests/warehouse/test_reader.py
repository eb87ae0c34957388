from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from iracing_pipeline.settings import Settings
from iracing_pipeline.warehouse import embedded, reader
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.migrate import migrate
from iracing_pipeline.warehouse.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.view import View


@pytest.fixture
def as_reader(shared_database: str) -> Iterator[Connection]:
    with connect_as_reader(shared_database) as connection:
        yield connection


@contextmanager
def connect_as_reader(database: str) -> Iterator[Connection]:
    with Warehouse(database).connect() as owner:
        reader.set_password(owner, "for tests")
    url = f"postgresql://grafana_reader:for%20tests@{database.partition('@')[2]}"
    with Warehouse(url).connect(autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_reads_the_views(as_reader: Connection, view: View) -> None:
    assert as_reader.execute(f"SELECT * FROM {view.name}".encode()).fetchall() == []


def test_reads_views_made_later(database: str) -> None:
    with connect_as_reader(database) as connection:
        with Warehouse(database).connect() as owner:
            owner.execute("CREATE VIEW grafana.later AS SELECT 1 AS one")
        assert connection.execute("SELECT one FROM grafana.later").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM racing.telemetry_session",
        "SELECT * FROM racing.telemetry_lap",
        "SELECT * FROM ops.quarantine",
        "SELECT * FROM ops.telemetry_file",
        "SELECT * FROM ops.schema_version",
        "DELETE FROM grafana.telemetry_sessions",
        "UPDATE grafana.telemetry_sessions SET file_name = 'x'",
        "CREATE TABLE public.mine ()",
        "CREATE TABLE grafana.mine ()",
        "CREATE SCHEMA mine",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT * FROM pg_authid",
    ],
)
def test_may_do_nothing_else(as_reader: Connection, statement: str) -> None:
    # Also when it leaves the read-only mode that it begins in.
    as_reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_reader.execute(statement.encode())


def test_begins_read_only_with_a_limit(as_reader: Connection) -> None:
    assert as_reader.execute(
        "SELECT current_setting('transaction_read_only'), current_setting('statement_timeout')"
    ).fetchone() == ("on", "1min")


def test_without_the_right_to_make_roles_a_warning_says_what_to_run(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A name of its own: roles belong to the whole server, which other tests share.
    monkeypatch.setattr(reader, "READER", "grafana_stranger")
    monkeypatch.setattr(reader, "CREATE", "CREATE ROLE grafana_stranger LOGIN")
    connection.execute("CREATE ROLE migrating_guest NOCREATEROLE")
    connection.execute("SET ROLE migrating_guest")
    with caplog.at_level(logging.WARNING):
        assert not reader.admit(connection)
    assert "CREATE ROLE grafana_stranger LOGIN" in caplog.text
    # The transaction goes on, so the migration can be committed.
    assert connection.execute("SELECT 1").fetchone() == (1,)
    connection.rollback()


def test_password_is_sent_as_a_verifier(connection: Connection) -> None:
    connection.execute("SET log_statement = 'all'")
    reader.set_password(connection, "never in a log")
    row = connection.execute(
        "SELECT rolpassword FROM pg_authid WHERE rolname = 'grafana_reader'"
    ).fetchone()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")
    connection.rollback()


def test_url_of_the_embedded_server(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, tmp_path, database_url=None, lake=str(tmp_path))
    try:
        before_migration = reader.reader_url(settings)
        migrate(embedded.start(tmp_path))
        assert reader.reader_url(settings) == before_migration
        with Warehouse(before_migration).connect() as connection:
            query = "SELECT count(*) FROM grafana.telemetry_laps"
            assert connection.execute(query).fetchone() == (0,)
    finally:
        embedded.stop(tmp_path)
