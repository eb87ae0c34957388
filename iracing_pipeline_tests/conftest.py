"""Fixtures of several packages: a database server, and a fresh database for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from iracing_pipeline.warehouse import embedded
from iracing_pipeline.warehouse.connection import Connection, Warehouse
from iracing_pipeline.warehouse.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline_tests.garage import Garage

TEST_DATABASE_URL = "IRACING_TEST_DATABASE_URL"
_UMASK = os.umask(0o022)
os.umask(_UMASK)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Not in the folder that pytest shares: another test run would close it to the account that
    # the embedded server runs under when we are root.
    if config.option.basetemp is None:
        config.option.basetemp = tempfile.mkdtemp(prefix="iracing-tests-")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


@pytest.fixture(autouse=True)
def _own_umask() -> None:
    """Each test begins with the umask of the account: the pipeline closes it for its process."""
    os.umask(_UMASK)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server to make databases on: one of our own, or the one in the environment."""
    given = os.environ.get(TEST_DATABASE_URL)
    if given:
        yield given
        return
    home = tmp_path_factory.mktemp("server")
    url = embedded.start(home)
    with psycopg.connect(url, autocommit=True) as connection:
        # Databases of tests need not survive a power cut.
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {name} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
    yield url
    embedded.stop(home)


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> Iterator[str]:
    """The name of a migrated database that fresh ones are copied from."""
    name = f"iracing_template_{uuid.uuid4().hex[:8]}"
    run_statement(server_url, "CREATE DATABASE {}", name)
    migrate(at_database(server_url, name))
    yield name
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    name = f"iracing_test_{uuid.uuid4().hex[:8]}"
    run_statement(server_url, "CREATE DATABASE {}", name)
    yield at_database(server_url, name)
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database(server_url: str, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    name = f"iracing_test_{uuid.uuid4().hex[:8]}"
    copy_database(server_url, name, migrated_template)
    yield at_database(server_url, name)
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def shared_database(server_url: str, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database without rows: many tests read it, none changes it."""
    name = f"iracing_shared_{uuid.uuid4().hex[:8]}"
    copy_database(server_url, name, migrated_template)
    yield at_database(server_url, name)
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def migrated(shared_database: str) -> Iterator[Connection]:
    """A connection that reads the shared database."""
    with Warehouse(shared_database).connect() as connection:
        connection.read_only = True
        yield connection


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection to a fresh, migrated database."""
    with Warehouse(database).connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def loaded(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garage]:
    """The demo season and the career's last races, in a separate database."""
    from iracing_pipeline_tests.garage import load_garage  # noqa: PLC0415 - for few tests

    name = f"iracing_garage_{uuid.uuid4().hex[:8]}"
    run_statement(server_url, "CREATE DATABASE {}", name)
    yield load_garage(at_database(server_url, name), tmp_path_factory.mktemp("garage"))
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


def at_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def copy_database(url: str, name: str, template: str) -> None:
    """Copy a database of the server; its files are copied, which takes half the time of its log."""
    run_statement(url, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)


def run_statement(url: str, statement: str, *names: str) -> None:
    """Run a statement with names in it, outside a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
