"""The role that dashboards read with: it sees the views of schema ``grafana`` and nothing else."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg import sql

from iracing_pipeline.warehouse import embedded
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import UnavailableError

if TYPE_CHECKING:
    from iracing_pipeline.settings import Settings
    from iracing_pipeline.warehouse.connection import Connection

logger = logging.getLogger(__name__)

READER = "grafana_reader"

# More than Grafana's pool opens (grafana/provisioning), and far fewer than the server has.
CONNECTIONS = 20

# A dashboard's query that runs for longer than this has been given up by its reader. A role may
# change these two for itself; what it may not change is in ``_RESTRICTIONS`` and ``watchdog``.
CREATE = f"""
CREATE ROLE {READER} LOGIN CONNECTION LIMIT {CONNECTIONS};
ALTER ROLE {READER} SET default_transaction_read_only = on;
ALTER ROLE {READER} SET statement_timeout = '60s'
"""

GRANTS = f"""
GRANT USAGE ON SCHEMA grafana TO {READER};
GRANT SELECT ON ALL TABLES IN SCHEMA grafana TO {READER};
ALTER DEFAULT PRIVILEGES IN SCHEMA grafana GRANT SELECT ON TABLES TO {READER}
"""


# Each by itself: which of them the database's user may make depends on the server. Roles that load
# keep the right to temporary tables, which comes from everybody's.
_RESTRICTIONS = (
    f"""
DO $$ DECLARE loader name; BEGIN
    FOR loader IN SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolname <> '{READER}'
        AND has_table_privilege(oid, 'racing.telemetry_lap', 'INSERT')
        AND has_database_privilege(oid, current_database(), 'TEMPORARY')
    LOOP
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), loader);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
END $$
""",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    f"""
DO $$ BEGIN
    IF (SELECT rolconnlimit FROM pg_roles WHERE rolname = '{READER}') <> {CONNECTIONS}
    THEN ALTER ROLE {READER} CONNECTION LIMIT {CONNECTIONS}; END IF;
END $$
""",
    # Functions that write large objects or WAL, or hold locks that the pipeline's processes use.
    # They are everybody's, and belong to the superuser. Those who load keep them.
    f"""
DO $$ DECLARE task regprocedure; loader name; BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN RETURN; END IF;
    FOR task IN SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
        AND proname ~ '^(lo_.*|loread|lowrite|pg_(try_)?advisory_.*|pg_logical_emit_message)$'
        AND has_function_privilege('{READER}', oid, 'EXECUTE')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', task);
        FOR loader IN SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolname <> '{READER}'
            AND has_table_privilege(oid, 'racing.telemetry_lap', 'INSERT')
        LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', task, loader); END LOOP;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_db_role_setting WHERE setrole = '{READER}'::regrole
        AND 'temp_file_limit=1GB' = ANY(setconfig))
    THEN ALTER ROLE {READER} SET temp_file_limit = '1GB'; END IF;
END $$
""",
)


def reader_url(settings: Settings, *, password: str | None = None) -> str:
    """The URL of the database in use, for the role that dashboards read with.

    Args:
        settings: Which database.
        password: The role's password in a database of your own. Without one the URL has none,
            and a ``.pgpass`` file or ``PGPASSWORD`` gives it. The embedded server makes its own.

    Raises:
        EmbeddedServerError: If the embedded server is not installed, or cannot be started.
        UnavailableError: If the embedded server cannot be reached.
    """
    if settings.database_url is not None:
        return _as_reader(settings.database_url, password)
    url = embedded.start(settings.home)
    password = embedded.reader_password(settings.home)
    as_reader = _as_reader(url, password)
    if not _admitted(as_reader):
        with Warehouse(url).connect() as connection:
            create(connection)
            set_password(connection, password)
    return as_reader


def admit(connection: Connection) -> bool:
    """Let the role read the views, creating it if it is missing; return whether it exists now.

    A role belongs to the whole server, so it may come from another database or from its
    administrator; where we may not make one, a warning says what to run.
    """
    try:
        create(connection)
    except psycopg.errors.InsufficientPrivilege:
        logger.warning(
            "The role %s does not exist and the database's user may not create it, so dashboards"
            " cannot read yet. Have an administrator run: CREATE ROLE %s LOGIN; then grant it the"
            " views with: %s",
            READER,
            READER,
            " ".join(GRANTS.split()),
        )
        return False
    connection.execute(GRANTS.encode())
    restrict(connection)
    return True


def restrict(connection: Connection) -> None:
    """Take from the role what every role of a server may do, as far as we may."""
    for statement in _RESTRICTIONS:
        try:
            with connection.transaction():
                connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            logger.info("Left to the server's administrator: %s", error.diag.message_primary)


def create(connection: Connection) -> None:
    """Make the role unless it exists, in the connection's transaction.

    Raises:
        psycopg.errors.InsufficientPrivilege: If we may not. The transaction can go on.
    """
    if _exists(connection):
        return
    try:
        with connection.transaction():
            connection.execute(CREATE.encode())
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return  # made meanwhile, by somebody who migrates another database


def set_password(connection: Connection, password: str, *, role: str = READER) -> None:
    """Give the role, or another one, its password.

    The server gets a SCRAM verifier, never the password itself, so no log can show it.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    # A utility statement takes no parameters.
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(verifier)))


def _exists(connection: Connection) -> bool:
    row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone()
    return row is not None


def _admitted(url: str) -> bool:
    try:
        Warehouse(url).open().close()
    except UnavailableError:
        return False
    return True


def _as_reader(url: str, password: str | None) -> str:
    scheme, _, rest = url.partition("://")
    address = re.sub(r"^[^@/]*@", "", rest)
    secret = f":{quote(password, safe='')}" if password else ""
    return f"{scheme}://{READER}{secret}@{address}"
