"""The roles of your own database server: owner, application, reader.

One owns the database and migrates it; one loads it and can change no table, view or role; one
keeps Dagster's storage in a database apart; dashboards have ``reader``. An administrator makes
them, who is needed for nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from psycopg import conninfo, sql

from iracing_pipeline.warehouse import reader
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.warehouse.connection import Connection

OWNER = "iracing_owner"
APPLICATION = "iracing_app"
DAGSTER = "dagster"
"""Role, and name of the database that it owns."""

ROLES = (OWNER, APPLICATION, DAGSTER, reader.READER)

SCHEMAS = "racing, raw, ops, grafana"

# Temporary tables are how rows are loaded. What the database is at, only its owner writes.
GRANTS = f"""
GRANT USAGE ON SCHEMA {SCHEMAS} TO {APPLICATION};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMAS} TO {APPLICATION};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {SCHEMAS} TO {APPLICATION};
REVOKE INSERT, UPDATE, DELETE ON ops.schema_version FROM {APPLICATION};
ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMAS}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION};
ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMAS} GRANT USAGE, SELECT ON SEQUENCES TO {APPLICATION}
"""


def admit(connection: Connection) -> bool:
    """Let the application's role load every table, if there is that role; whether there is.

    A database without roles, such as the embedded server's, is used by its owner.
    """
    if not _exists(connection, APPLICATION):
        return False
    connection.execute(GRANTS.encode())
    return True


def provision(admin_url: str, database: str, passwords: Mapping[str, str]) -> list[str]:
    """Make the roles and databases that are missing, and give each role its password.

    Passwords are set again each time, so a changed one only needs this once more.

    Args:
        admin_url: The server, for a role that may make roles and databases.
        database: Name of the pipeline's database.
        passwords: Password of each of :data:`ROLES`.

    Returns:
        What was made, in words.

    Raises:
        MigrationError: If a password is missing, a database is somebody else's, or the
            administrator may not do it.
        UnavailableError: If the server cannot be reached.
    """
    if missing := [role for role in ROLES if not passwords.get(role)]:
        raise MigrationError(
            f"There is no password for {', '.join(missing)}",
            "Put it into a file NAME_password in the folder that IRACING_ROLE_PASSWORDS names",
        )
    made: list[str] = []
    # Not in one transaction: a database cannot be made in one.
    with Warehouse(admin_url).connect(autocommit=True) as connection:
        try:
            for role in ROLES:
                made += [f"role {role}"] * _make_role(connection, role)
                reader.set_password(connection, passwords[role], role=role)
            for name, owner in ((database, OWNER), (DAGSTER, DAGSTER)):
                made += [f"database {name}"] * _make_database(connection, name, owner)
            _close(connection, database, APPLICATION, reader.READER)
            _close(connection, DAGSTER)
            # Who loads may end a reader's query that runs for too long: see watchdog.
            if not _is_member(connection, APPLICATION, reader.READER):
                connection.execute(_statement("GRANT {} TO {}", reader.READER, APPLICATION))
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(
                f"The administrator may not make roles or databases: {error.diag.message_primary}",
                "Let IRACING_ADMIN_DATABASE_URL name a role with CREATEROLE and CREATEDB",
            ) from error
    return made


def restrict_reader(admin_url: str, database: str) -> None:
    """Take from the dashboards' role what only a superuser can take, in a migrated database.

    Args:
        admin_url: The server, for its administrator; nothing happens if that is no superuser.
        database: Name of the pipeline's database.

    Raises:
        UnavailableError: If the server cannot be reached.
    """
    url = urlsplit(admin_url)._replace(path=f"/{database}").geturl()
    with Warehouse(admin_url).connect() as connection:
        row = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    if row is not None and row[0]:
        with Warehouse(url).connect() as connection:
            reader.restrict(connection)


def database_of(url: str) -> str:
    """The name of the database that a URL names."""
    parameters = conninfo.conninfo_to_dict(url)
    return str(parameters.get("dbname") or parameters.get("user") or "")


def _make_role(connection: Connection, role: str) -> bool:
    if _exists(connection, role):
        return False
    if role == reader.READER:
        reader.create(connection)
    else:
        connection.execute(_statement("CREATE ROLE {} LOGIN", role))
    return True


def _make_database(connection: Connection, name: str, owner: str) -> bool:
    row = connection.execute(
        "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if row is not None and row[0] != owner:  # what follows would keep everybody out of it
        raise MigrationError(
            f"There is a database {name} already, and it belongs to {row[0]}",
            f"Name another one in IRACING_DATABASE_URL, or run: ALTER DATABASE {name} OWNER TO"
            f" {owner}",
        )
    if row is not None:
        return False
    # An administrator who is no superuser gives databases only to roles that it is a member of.
    connection.execute(_statement("GRANT {} TO CURRENT_USER", owner))
    connection.execute(_statement("CREATE DATABASE {} OWNER {}", name, owner))
    return True


def _is_member(connection: Connection, role: str, of: str) -> bool:
    row = connection.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [role, of]).fetchone()
    return row is not None and bool(row[0])


def _close(connection: Connection, database: str, *admitted: str) -> None:
    """Keep every role out of a database but its owner and those admitted."""
    connection.execute(_statement("REVOKE ALL ON DATABASE {} FROM PUBLIC", database))
    for role in admitted:
        connection.execute(_statement("GRANT CONNECT ON DATABASE {} TO {}", database, role))
        if role == APPLICATION:
            connection.execute(_statement("GRANT TEMPORARY ON DATABASE {} TO {}", database, role))


def _exists(connection: Connection, role: str) -> bool:
    row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    return row is not None


def _statement(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))
