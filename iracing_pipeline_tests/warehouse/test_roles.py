from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner

from iracing_pipeline import backup, cli
from iracing_pipeline.lake import Lake
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline.warehouse import admit, embedded, reader, roles, watchdog
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import MigrationError
from iracing_pipeline_tests.conftest import at_database

# The function hides the module of the same name in the package.
from iracing_pipeline.warehouse.migrate import HEAD, migrate  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

ADMIN = "iracing_admin"
DATABASE = "racer"


class Server:
    """A server whose roles and databases were made, and URLs for each of the roles."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.passwords = {role: secrets.token_urlsafe(12) for role in (*roles.ROLES, ADMIN)}

    def provision(self) -> list[str]:
        return roles.provision(self.admin_url, DATABASE, self.passwords)

    @property
    def admin_url(self) -> str:
        return self.as_role(ADMIN, database="postgres")

    def as_role(self, role: str, *, database: str = DATABASE) -> str:
        place = at_database(self.url, database).partition("@")[2]
        return f"postgresql://{role}:{self.passwords[role]}@{place}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Made by an administrator who is no superuser, as those of managed servers are.

    A server of its own: roles belong to the whole of it, and migrations of others would see them.
    """
    home = tmp_path_factory.mktemp("server")
    made = Server(embedded.start(home))
    with Warehouse(made.url).connect() as root:
        root.execute(f"CREATE ROLE {ADMIN} CREATEROLE CREATEDB".encode())
        root.execute(f"GRANT CONNECT ON DATABASE postgres TO {ADMIN}".encode())
        reader.set_password(root, made.passwords[ADMIN], role=ADMIN)
    assert made.provision() == [
        *(f"role {role}" for role in roles.ROLES),
        f"database {DATABASE}",
        f"database {roles.DAGSTER}",
    ]
    migrate(made.as_role(roles.OWNER))
    yield made
    embedded.stop(home)


@pytest.fixture
def application(server: Server) -> Iterator[Connection]:
    with Warehouse(server.as_role(roles.APPLICATION)).open() as connection:
        yield connection
        connection.rollback()


def test_making_them_again_makes_nothing(server: Server) -> None:
    assert server.provision() == []


def test_a_changed_password_needs_only_the_next_time(server: Server) -> None:
    before = server.as_role(roles.APPLICATION)
    server.passwords[roles.APPLICATION] = secrets.token_urlsafe(12)
    server.provision()

    Warehouse(server.as_role(roles.APPLICATION)).open().close()
    with pytest.raises(Exception, match="password authentication failed"):
        Warehouse(before).open()


def test_a_role_without_a_password_is_refused_by_name(server: Server) -> None:
    with pytest.raises(MigrationError, match="no password for dagster"):
        roles.provision(server.admin_url, DATABASE, server.passwords | {"dagster": ""})


def test_a_database_of_somebody_else_is_refused_and_stays_open(server: Server) -> None:
    with Warehouse(server.url).connect(autocommit=True) as root:
        root.execute(b"CREATE DATABASE theirs")
        try:
            with pytest.raises(MigrationError, match=r"theirs already, .*ALTER DATABASE theirs"):
                roles.provision(server.admin_url, "theirs", server.passwords)
            row = root.execute("SELECT datacl FROM pg_database WHERE datname = 'theirs'").fetchone()
        finally:
            root.execute(b"DROP DATABASE theirs")

    assert row == (None,)


def test_an_administrator_who_may_not_is_told(server: Server) -> None:
    url = server.as_role(roles.OWNER)
    with pytest.raises(MigrationError, match="may not make roles or databases"):
        roles.provision(url, "another", server.passwords)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_application_writes_every_table(application: Connection, table: Table) -> None:
    name = table.name.encode()
    columns = ", ".join(column.name for column in table.columns).encode()
    for statement in (
        b"SELECT * FROM %s LIMIT 1" % name,
        b"INSERT INTO %s (%s) SELECT %s FROM %s LIMIT 0" % (name, columns, columns, name),
        b"UPDATE %s SET %s = %s WHERE false" % (name, *2 * [table.columns[0].name.encode()]),
        b"DELETE FROM %s WHERE false" % name,
        b"CREATE TEMP TABLE staged (LIKE %s) ON COMMIT DROP" % name,
    ):
        application.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE racing.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE VIEW grafana.mine AS SELECT 1",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "DROP TABLE racing.telemetry_lap",
        "DROP VIEW grafana.telemetry_laps",
        "DROP SCHEMA ops CASCADE",
        "ALTER TABLE racing.telemetry_lap ADD COLUMN mine int",
        "TRUNCATE racing.telemetry_lap CASCADE",
        "UPDATE ops.schema_version SET version_num = '9999'",
        "DELETE FROM ops.schema_version",
        "ALTER ROLE iracing_owner PASSWORD 'mine'",
        "SET ROLE iracing_owner",
        "COPY racing.telemetry_lap TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
def test_the_application_changes_nothing_else(application: Connection, statement: str) -> None:
    if statement.startswith("CREATE DATABASE"):
        application.autocommit = True
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement.encode())


def test_tables_made_later_are_the_applications_too(
    server: Server, application: Connection
) -> None:
    with Warehouse(server.as_role(roles.OWNER)).connect() as owner:
        owner.execute("CREATE TABLE racing.later (id bigint GENERATED ALWAYS AS IDENTITY, a int)")
    try:
        application.execute("INSERT INTO racing.later (a) VALUES (1)")
        application.rollback()
    finally:
        with Warehouse(server.as_role(roles.OWNER)).connect() as owner:
            owner.execute("DROP TABLE racing.later")


def test_the_reader_still_reads_views_alone(server: Server) -> None:
    with Warehouse(server.as_role("grafana_reader")).open(autocommit=True) as connection:
        assert connection.execute("SELECT * FROM grafana.telemetry_sessions").fetchall() == []
        for statement in (
            b"SELECT * FROM racing.telemetry_session",
            b"SELECT * FROM ops.schema_version",
            b"CREATE TEMP TABLE mine ()",
        ):
            connection.execute("SET default_transaction_read_only = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("role", [roles.APPLICATION, "grafana_reader", roles.OWNER])
def test_dagsters_database_is_its_own(server: Server, role: str) -> None:
    with pytest.raises(Exception, match="permission denied for database"):
        Warehouse(server.as_role(role, database=roles.DAGSTER)).open()


def test_the_application_finds_a_database_of_its_version(server: Server) -> None:
    assert not migrate(server.as_role(roles.APPLICATION))


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("0001", f"is at revision 0001, this version needs {HEAD}.* user iracing_app may not"),
        ("9999", f"is at revision 9999, this version knows {HEAD} as the newest"),
    ],
)
def test_the_application_says_who_must_migrate(server: Server, revision: str, message: str) -> None:
    with Warehouse(server.as_role(roles.OWNER)).connect() as owner:
        owner.execute("UPDATE ops.schema_version SET version_num = %s", [revision])
    try:
        with pytest.raises(MigrationError, match=message):
            migrate(server.as_role(roles.APPLICATION))
    finally:
        with Warehouse(server.as_role(roles.OWNER)).connect() as owner:
            owner.execute("UPDATE ops.schema_version SET version_num = %s", [HEAD])


def test_a_database_without_tables_is_not_the_applications_to_migrate(server: Server) -> None:
    empty = "empty"
    made = roles.provision(server.admin_url, empty, server.passwords)
    assert made == [f"database {empty}"]
    with pytest.raises(MigrationError, match=r"has not been migrated.*iracing-pipeline migrate"):
        migrate(server.as_role(roles.APPLICATION, database=empty))


def test_roles_made_after_the_migration_are_admitted(server: Server) -> None:
    table = TELEMETRY_SESSION.name
    with Warehouse(server.as_role(roles.OWNER)).connect() as owner:
        owner.execute(f"REVOKE ALL ON {table} FROM {roles.APPLICATION}".encode())
    admit(server.as_role(roles.OWNER))

    with Warehouse(server.as_role(roles.APPLICATION)).connect() as connection:
        assert connection.execute(f"SELECT * FROM {table}".encode()).fetchall() == []


def test_the_application_saves_and_only_the_owner_restores(server: Server, tmp_path: Path) -> None:
    lake, archive = Lake(tmp_path / "lake"), tmp_path / "backup.zip"
    application, owner = server.as_role(roles.APPLICATION), server.as_role(roles.OWNER)
    with Warehouse(application).connect() as connection:
        connection.execute("INSERT INTO raw.watermark (name, reached) VALUES ('mine', now())")
    backup.write(archive, application, lake, lambda _: None)

    with pytest.raises(MigrationError, match="owner"):
        backup.restore(archive, application, lake, lambda _: None, replace=True)
    backup.restore(archive, owner, lake, lambda _: None, replace=True)

    with Warehouse(application).connect() as connection:
        assert connection.execute("DELETE FROM raw.watermark").rowcount == 1
    with Warehouse(server.as_role(reader.READER)).connect() as connection:
        connection.execute("SELECT FROM grafana.telemetry_laps LIMIT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM raw.watermark")


def test_a_superuser_takes_locks_and_large_objects_from_the_reader_alone(server: Server) -> None:
    roles.restrict_reader(server.admin_url, DATABASE)  # no superuser: nothing happens
    roles.restrict_reader(server.url, DATABASE)

    with Warehouse(server.as_role(reader.READER)).connect(autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in ("SELECT lo_creat(-1)", "SELECT pg_advisory_lock(1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    for role in (roles.APPLICATION, roles.OWNER):
        with Warehouse(server.as_role(role)).connect() as connection:
            connection.execute("SELECT pg_try_advisory_lock(1)")
            connection.execute("CREATE TEMPORARY TABLE mine ()")


def test_the_application_ends_what_a_reader_runs_for_long(server: Server) -> None:
    with (
        Warehouse(server.as_role(reader.READER)).connect() as dashboard,
        Warehouse(server.as_role(roles.APPLICATION)).connect() as application,
    ):
        dashboard.execute("SELECT 1")
        pid = dashboard.info.backend_pid
        ended = watchdog.end_long_queries(application, longest_s=0.0)
        with pytest.raises(psycopg.OperationalError):
            dashboard.execute("SELECT 1")

    assert ended == [pid]


def test_a_server_without_roles_is_left_as_it_is(connection: Connection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roles, "APPLICATION", "nobody_of_that_name")
        assert not roles.admit(connection)


def test_the_command_makes_roles_and_migrates(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role, password in server.passwords.items():
        (tmp_path / f"{role}_password").write_text(password, encoding="utf-8")
    owner = server.as_role(roles.OWNER, database="by_command")
    monkeypatch.setenv("IRACING_ADMIN_DATABASE_URL", server.admin_url)
    monkeypatch.setenv("IRACING_ROLE_PASSWORDS", str(tmp_path))
    monkeypatch.setenv("IRACING_DATABASE_URL", owner)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    first, second = (CliRunner().invoke(cli.main, ["migrate"]) for _ in range(2))

    assert first.output == "Made database by_command\nMigrated the database.\n"
    assert second.output == "The database is up to date.\n"
    assert not migrate(server.as_role(roles.APPLICATION, database="by_command"))
