"""Attacks on the pipeline with the dashboards' password: none has a lasting effect."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

from iracing_pipeline.warehouse import reader, watchdog
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import UnavailableError, WarehouseError

# The function hides the module of the same name in the package.
from iracing_pipeline.warehouse.migrate import VERSION_TABLE, migrating  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse.connection import Connection


@pytest.fixture
def reader_url(database: str) -> str:
    with Warehouse(database).connect() as owner:
        reader.set_password(owner, "for tests")
        reader.restrict(owner)  # a copied database has not its template's privileges
    return f"postgresql://grafana_reader:for%20tests@{database.partition('@')[2]}"


@pytest.fixture
def attacker(reader_url: str) -> Iterator[Connection]:
    with Warehouse(reader_url).connect(autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("SET statement_timeout = 0")
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMP TABLE mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "SELECT lo_creat(-1)",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'kept')",
        "SELECT pg_advisory_lock(29686812)",
        "SELECT pg_try_advisory_lock(1, 2)",
        "SELECT pg_advisory_xact_lock_shared(1)",
        "SELECT pg_logical_emit_message(false, 'a', 'b')",
        f"LOCK TABLE ops.{VERSION_TABLE} IN ACCESS SHARE MODE",
        "LOCK TABLE racing.telemetry_lap IN ACCESS SHARE MODE",
        "LOCK TABLE ops.telemetry_file IN ACCESS EXCLUSIVE MODE",
        "SET temp_file_limit = -1",
        "ALTER ROLE grafana_reader CONNECTION LIMIT 100",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'iracing'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_keeps_locks_and_sets_nothing(attacker: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), attacker.transaction():
        attacker.execute(statement.encode())


def test_cannot_stop_a_migration(attacker: Connection, database: str) -> None:
    """A transaction that it keeps open holds no lock that a migration waits for."""
    with attacker.transaction():
        attacker.execute("SELECT count(*) FROM pg_catalog.pg_class")
        with migrating(database) as migration:
            migration.complete()


def test_two_migrations_wait_for_each_other(database: str) -> None:
    order: list[str] = []

    def second() -> None:
        with migrating(database):
            order.append("second")

    other = threading.Thread(target=second)
    with migrating(database):
        other.start()
        other.join(1.0)
        order.append("first")
    other.join(30.0)

    assert order == ["first", "second"]


@pytest.mark.parametrize("rounds", range(3))
def test_first_migrations_at_the_same_time_do_not_fail(empty_database: str, rounds: int) -> None:
    """Both find no schema to lock a table in."""
    del rounds
    failures: list[Exception] = []
    ready = threading.Barrier(4)

    def first() -> None:
        try:
            ready.wait()
            with migrating(empty_database):
                pass
        except (WarehouseError, psycopg.Error) as error:
            failures.append(error)

    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)

    assert failures == []


def test_takes_no_more_than_its_share_of_the_connections(reader_url: str, database: str) -> None:
    with ExitStack() as taken:
        for _ in range(reader.CONNECTIONS):
            taken.enter_context(Warehouse(reader_url).open())
        with pytest.raises(UnavailableError, match="too many connections for role"):
            Warehouse(reader_url).open()
        Warehouse(database).open().close()


def test_other_databases_of_the_embedded_server_are_closed(reader_url: str) -> None:
    for name in ("postgres", "template1"):
        url = psycopg.conninfo.make_conninfo(reader_url, dbname=name)
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url)


def test_a_query_that_runs_for_long_is_ended(attacker: Connection, connection: Connection) -> None:
    failures: list[Exception] = []

    def endless() -> None:
        try:
            attacker.execute("SELECT pg_sleep(60)")
        except psycopg.Error as error:
            failures.append(error)

    thread = threading.Thread(target=endless)
    thread.start()
    pid = attacker.info.backend_pid
    ended: list[int] = []
    for _ in range(100):
        ended = watchdog.end_long_queries(connection, longest_s=0.2)
        connection.commit()
        if pid in ended:
            break
        thread.join(0.1)
    thread.join(10.0)

    assert pid in ended
    assert isinstance(failures[0], psycopg.errors.AdminShutdown)


def test_a_query_that_is_young_goes_on(attacker: Connection, connection: Connection) -> None:
    with attacker.transaction():
        attacker.execute("SELECT 1")
        assert attacker.info.backend_pid not in watchdog.end_long_queries(connection)


def test_an_advisory_lock_is_ended_where_it_could_not_be_forbidden(
    attacker: Connection, connection: Connection
) -> None:
    """On a server whose administrator is no superuser, the functions stay everybody's."""
    connection.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO grafana_reader")
    connection.commit()
    attacker.execute("SELECT pg_advisory_lock(1)")

    assert attacker.info.backend_pid in watchdog.end_long_queries(connection)
