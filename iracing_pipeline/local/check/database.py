"""The database: reached, migrated, and open to those who need it and to nobody else."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.local.check.finding import ok, warning, wrong
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse import Warehouse, WarehouseError, embedded
from iracing_pipeline.warehouse.embedded import binaries
from iracing_pipeline.warehouse.migrate import HEAD, is_current, revision_of
from iracing_pipeline.warehouse.reader import CREATE, GRANTS, READER

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.local.check.finding import Finding
    from iracing_pipeline.settings import Settings
    from iracing_pipeline.warehouse import Connection

SUBJECT = "database"
_OWNER = "Let the owner of the database migrate it: iracing-pipeline dsn"


@dataclass(frozen=True, slots=True)
class Look:
    """Result of the checks of the database.

    Attributes:
        findings: Text of the finding.
        url: Its URL; None where there is no database yet, or none that can be used.
        has_tables: Whether it was ever migrated.
        ahead_s: By how many seconds its clock is ahead of ours; None if it could not be asked.
    """

    findings: list[Finding]
    url: str | None = None
    has_tables: bool = False
    ahead_s: float | None = None


def look(settings: Settings) -> Look:
    """Look at the database in use.

    An embedded server that is stopped is started, as by every command that needs it.
    """
    try:
        url = settings.database_url or _embedded(settings.home)
        if url is None:
            return Look([ok(SUBJECT, "embedded; it is made when something is first loaded")])
        warehouse = Warehouse(url)
        with warehouse.connect(autocommit=True) as connection:
            connection.execute("SET statement_timeout = '10s'")
            return _look(connection, warehouse)
    except WarehouseError as error:
        return Look([wrong(SUBJECT, error.reason, error.advice)], settings.database_url)
    except OSError as error:
        return Look([wrong(SUBJECT, str(error), "Set IRACING_HOME to a folder of your own")])
    except psycopg.Error as error:
        message = " ".join(str(error).split())
        return Look([wrong(SUBJECT, message, "See the server's log, and try again")], url)


def _embedded(home: Path) -> str | None:
    binaries.folder()  # whether it is installed
    made = (home / "postgres" / "data" / "PG_VERSION").exists()
    return embedded.start(home) if made else None


def _look(connection: Connection, warehouse: Warehouse) -> Look:
    version = connection.info.parameter_status("server_version") or "?"
    findings = [ok(SUBJECT, f"PostgreSQL {version}, {warehouse.address}")]
    findings += encryption(connection)
    findings += migrations(connection)
    has_tables = revision_of(connection) is not None
    if has_tables:
        findings += permissions(connection) + reader(connection)
    return Look(findings, warehouse.url, has_tables, _ahead(connection))


def _ahead(connection: Connection) -> float:
    before = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    return (float(row[0]) if row else before) - (before + time.time()) / 2


def migrations(connection: Connection) -> list[Finding]:
    """Whether tables and views are those of this version."""
    subject = "migrations"
    revision = revision_of(connection)
    if revision is None:
        message = "the database has no tables yet"
        return [warning(subject, message, "They are made by: iracing-pipeline dsn")]
    if revision > HEAD:
        message = f"the database is at revision {revision}, this version knows {HEAD} as the newest"
        return [wrong(subject, message, "Update iracing-pipeline: pip install -U")]
    if not is_current(connection):
        message = f"tables at revision {revision} and their views are not those of this version"
        return [
            warning(
                subject,
                message,
                "Save them with iracing-pipeline backup; the next load migrates them",
            )
        ]
    return [ok(subject, f"at revision {revision}")]


def permissions(connection: Connection) -> list[Finding]:
    """Check that the user may load, and has no more rights than it needs."""
    subject = "permissions"
    row = connection.execute(
        "SELECT current_user::text, rolsuper, has_database_privilege(current_database(), 'TEMP')"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    user, superuser, may_stage = row or ("?", False, False)
    if closed := _closed(connection):
        return [wrong(subject, f"{user} may not load into {_some(closed)}", _grants(user))]
    if not may_stage:
        advice = f"Run as its owner: GRANT TEMPORARY ON DATABASE ... TO {user}"
        return [wrong(subject, f"{user} may not make temporary tables, which loads need", advice)]
    if superuser and _is_elsewhere(connection):
        advice = "Make a role that owns the database and nothing else, and use it"
        return [warning(subject, f"{user} is the server's superuser", advice)]
    return [ok(subject, f"{user} may load")]


def reader(connection: Connection) -> list[Finding]:
    """Whether dashboards can read the views, and nothing else."""
    row = connection.execute(
        "SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = %s",
        [READER],
    ).fetchone()
    if row is None:
        make = f"Run as an administrator: {' '.join(f'{CREATE}; {GRANTS}'.split())}"
        return [warning(READER, "there is no such role, so dashboards cannot read", make)]
    if row[0]:
        advice = f"Run: ALTER ROLE {READER} NOSUPERUSER NOCREATEROLE NOBYPASSRLS"
        return [wrong(READER, "it is an administrator of the server", advice)]
    rows = connection.execute(
        "SELECT n.nspname || '.' || c.relname, n.nspname = 'grafana',"
        " has_schema_privilege(%(role)s, n.oid, 'USAGE')"
        " AND has_table_privilege(%(role)s, c.oid, 'SELECT')"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('grafana', 'racing', 'raw', 'ops') AND c.relkind IN ('r', 'p', 'v')"
        " ORDER BY 1",
        {"role": READER},
    ).fetchall()
    hidden = [name for name, is_view, may in rows if is_view and not may]
    bare = [name for name, is_view, may in rows if not is_view and may]
    if bare:
        advice = f"Run: REVOKE ALL ON ALL TABLES IN SCHEMA racing, raw, ops FROM {READER}, PUBLIC"
        return [wrong(READER, f"it may read {_some(bare)}", advice)]
    if hidden:
        return [wrong(READER, f"it may not read {_some(hidden)}", _OWNER)]
    return [ok(READER, f"it may read {sum(each[1] for each in rows)} views and nothing else")]


def encryption(connection: Connection) -> list[Finding]:
    """Check that the connection to a database on another machine is encrypted."""
    subject = "encryption"
    if not _is_elsewhere(connection):
        return [ok(subject, "the database is on this machine")]
    advice = "Add ?sslmode=verify-full to IRACING_DATABASE_URL, and sslrootcert if need be"
    if not connection.pgconn.ssl_in_use and _is_private(connection):
        # That of containers on one machine, for one; who else is in it cannot be seen from here.
        message = "data goes over a private network in the clear"
        return [warning(subject, message, f"If others are in that network: {advice}")]
    if not connection.pgconn.ssl_in_use:
        return [wrong(subject, "data goes over the network in the clear", advice)]
    if connection.info.get_parameters().get("sslmode") != "verify-full":
        return [warning(subject, "encrypted, but the server is not verified", advice)]
    return [ok(subject, "encrypted, and the server is verified")]


def _is_elsewhere(connection: Connection) -> bool:
    host = connection.info.hostaddr or connection.info.host
    if not host or host.startswith(("/", "@")):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _is_private(connection: Connection) -> bool:
    try:
        return ipaddress.ip_address(connection.info.hostaddr).is_private
    except ValueError:
        return False


def _closed(connection: Connection) -> list[str]:
    """The project's tables that are there and that the user may not load into."""
    rows = connection.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname || '.' || c.relname = ANY(%s)"
        " AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
        " AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')"
        " AND has_table_privilege(c.oid, 'DELETE')) ORDER BY 1",
        [[table.name for table in TABLES]],
    ).fetchall()
    return [name for (name,) in rows]


def _grants(user: str) -> str:
    return (
        "Run as its owner: GRANT USAGE ON SCHEMA racing, raw, ops TO"
        f" {user}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA racing, raw, ops"
        f" TO {user}"
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
