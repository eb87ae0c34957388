"""Bring the database's tables, views, comments and grants to this version's state."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.warehouse import reader, roles, views
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy
    from alembic.config import Config

    from iracing_pipeline.warehouse.connection import Connection

logger = logging.getLogger(__name__)

HEAD = "0014"  # the newest revision; a test holds it against the folder
SCRIPTS = Path(__file__).parent / "migrations"
VERSION_TABLE = "schema_version"
_one_at_a_time = threading.Lock()  # Alembic keeps what it is doing in globals
LOCK = 0x6952_6163_696E_67  # any number, the same in all versions


def migrate(url: str) -> bool:
    """Migrate the database; whether there was anything to do.

    Cheap when there is not: one query. Safe to call from many processes at once, and all or
    nothing.

    Raises:
        UnavailableError: If the database cannot be reached.
        MigrationError: If it is newer than this version, the URL's role may not migrate it, or a
            step fails.
    """
    with Warehouse(url).connect() as connection:
        known, digest = _state(connection)
        if (known, digest) == (HEAD, views.digest()):
            return False
        refuse_newer(known, "The database")
        _refuse_guest(connection, known)
    with migrating(url) as migration:
        return migration.complete()


def admit(url: str) -> None:
    """Grant again what a migration grants: roles may have been made after the last one.

    Raises:
        UnavailableError: If the database cannot be reached.
    """
    with Warehouse(url).connect() as connection:
        _admit(connection)


class Migration:
    """A transaction in which a database is migrated, step by step; it holds the migrations' lock.

    Attributes:
        connection: The database, in that transaction.
    """

    def __init__(self, transaction: sqlalchemy.Connection) -> None:
        self._transaction = transaction
        connection: Connection | None = transaction.connection.driver_connection
        assert connection is not None  # noqa: S101 - an open one always has it
        self.connection = connection
        # Held until the transaction ends, so others wait here and then find the work done.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])

    def upgrade(self, revision: str = HEAD) -> None:
        """Bring the tables, and nothing else, to a revision at or above theirs."""
        from alembic import command  # noqa: PLC0415 - as below

        self.connection.execute("CREATE SCHEMA IF NOT EXISTS ops")
        with _one_at_a_time:
            command.upgrade(_configuration(self._transaction), revision)

    def complete(self) -> bool:
        """Bring all to this version's state; whether there was anything to do.

        Raises:
            MigrationError: If the database is newer than this version.
        """
        known, digest = _state(self.connection)
        if (known, digest) == (HEAD, views.digest()):
            return False
        refuse_newer(known, "The database")
        self.upgrade()
        views.create(self.connection)
        _admit(self.connection)
        comment = f"COMMENT ON TABLE ops.{VERSION_TABLE} IS '{views.digest()}'"
        self.connection.execute(comment.encode())
        logger.info("Migrated the database from revision %s to %s", known or "none", HEAD)
        return True


@contextmanager
def migrating(url: str) -> Iterator[Migration]:
    """A transaction to migrate a database in: committed when all went well, else rolled back.

    Raises:
        UnavailableError: If the database cannot be reached.
        MigrationError: If a step fails.
    """
    # Imported here: they take longer than everything else, and a database that is up to date
    # does not need them.
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    engine = create_engine("postgresql+psycopg://", creator=Warehouse(url).open, poolclass=NullPool)
    try:
        with engine.begin() as transaction:
            yield Migration(transaction)
    except DBAPIError as error:
        raise _failure(error.orig) from error
    except psycopg.Error as error:
        raise _failure(error) from error


def revision_of(connection: Connection) -> str | None:
    """The revision that a database is at; None where it was never migrated."""
    return _state(connection)[0]


def is_current(connection: Connection) -> bool:
    """Whether tables, views and comments are at this version's state."""
    return _state(connection) == (HEAD, views.digest())


def refuse_newer(revision: str | None, what: str) -> None:
    """Refuse what is at a revision that this version does not know.

    Raises:
        MigrationError: If it is.
    """
    if revision is not None and revision > HEAD:
        raise MigrationError(
            f"{what} is at revision {revision}, this version knows {HEAD} as the newest",
            "Update iracing-pipeline to the version that migrated it: pip install -U",
        )


def _admit(connection: Connection) -> None:
    reader.admit(connection)
    roles.admit(connection)


def _configuration(transaction: sqlalchemy.Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = transaction
    return config


def _state(connection: Connection) -> tuple[str | None, str | None]:
    """The revision that the database is at, and the digest of its views and comments."""
    try:
        with connection.transaction():
            row = connection.execute(
                f"SELECT version_num, obj_description('ops.{VERSION_TABLE}'::regclass, 'pg_class')"
                f" FROM ops.{VERSION_TABLE}".encode()
            ).fetchone()
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.InsufficientPrivilege,  # a role that no migration has admitted
    ):
        return None, None
    return row if row is not None else (None, None)


def _refuse_guest(connection: Connection, known: str | None) -> None:
    """Say at once who has to migrate, rather than fail at the first statement."""
    row = connection.execute(
        "SELECT has_database_privilege(current_database(), 'CREATE'), current_user"
    ).fetchone()
    if row is not None and not row[0]:
        state = f"is at revision {known}" if known else "has not been migrated"
        raise MigrationError(
            f"The database {state}, this version needs {HEAD} with its own views, and the user"
            f" {row[1]} may not migrate it",
            "Let its owner run: iracing-pipeline migrate (with Docker Compose:"
            " docker compose run --rm migrate)",
        )


def _failure(error: BaseException | None) -> MigrationError:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return MigrationError(
            f"The database's user may not migrate it: {error.diag.message_primary}",
            "Let the owner of the database migrate it, or grant this user CREATE on it",
        )
    return MigrationError(
        f"A migration failed and was rolled back: {error}",
        "The database is as before; report this with the message",
    )
