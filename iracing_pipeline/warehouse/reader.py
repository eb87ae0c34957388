"""The role that dashboards read with: it sees schema ``grafana`` and nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

logger = logging.getLogger(__name__)

READER = "grafana_reader"

GRANTS = f"""
GRANT USAGE ON SCHEMA grafana TO {READER};
GRANT SELECT ON ALL TABLES IN SCHEMA grafana TO {READER};
ALTER DEFAULT PRIVILEGES IN SCHEMA grafana GRANT SELECT ON TABLES TO {READER}
"""


def ensure(connection: Connection) -> bool:
    """Make the role if it is missing and we may, and grant it the views; whether it exists.

    A role belongs to the whole server, so it may come from another database or from its
    administrator; where we may not create one, a warning says what to run.
    """
    try:
        with connection.transaction():
            connection.execute(
                f"DO $$ BEGIN CREATE ROLE {READER} LOGIN;"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
    except psycopg.errors.InsufficientPrivilege:
        if not exists(connection):
            logger.warning(
                "The role %s does not exist and the database's user may not create it: dashboards"
                " cannot read yet. Have an administrator run: CREATE ROLE %s LOGIN; and migrate"
                " again.",
                READER,
                READER,
            )
            return False
    connection.execute(GRANTS.encode())
    return True


def exists(connection: Connection) -> bool:
    """Whether the server knows the role."""
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone()
    return found is not None


def set_password(connection: Connection, password: str) -> None:
    """Give the role its password.

    The server gets a SCRAM verifier, never the password itself, so no log can show it.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), READER.encode(), b"scram-sha-256"
    ).decode()
    # A utility statement takes no parameters; a verifier holds no quote (base64, $, :, =).
    connection.execute(f"ALTER ROLE {READER} LOGIN PASSWORD '{verifier}'".encode())
