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

SCRIPTS = Path(__file__).parent / "migrations"
EARLIER = {path.stem: path for path in sorted((SCRIPTS / "earlier").glob("*.sql"))}
"""The SQL of each revision up to the baseline, in order: for databases and backups before it."""
BASELINE = max(EARLIER)
"""The revision at which a fresh database begins."""
_LATER = {path.stem.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py")}
HEAD = max(_LATER)
"""The newest revision."""
VERSION_TABLE = "schema_version"
_one_at_a_time = threading.Lock()  # Alembic keeps what it is doing in globals
# As Alembic makes it. It is the migrations' lock too: no role that may not write it can hold that,
# as everybody could an advisory lock.
VERSION = f"""
CREATE TABLE IF NOT EXISTS ops.{VERSION_TABLE}
    (version_num varchar(32) NOT NULL CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY)
"""
_TRIES = 10


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
        revision, digest = _state(connection)
        if (revision, digest) == (HEAD, views.digest()):
            return False
        refuse_newer(revision, "The database")
        _refuse_guest(connection, revision)
    with migrating(url) as migration:
        return migration.complete()


def require_current(url: str) -> None:
    """Refuse a database that is not at this version's state, without migrating it.

    Raises:
        UnavailableError: If the database cannot be reached.
        MigrationError: If it is older or newer.
    """
    with Warehouse(url).connect() as connection:
        revision = revision_of(connection)
        refuse_newer(revision, "The database")
        if not is_current(connection):
            raise MigrationError(
                f"The database {_described(revision)}, this version needs {HEAD} with its own"
                " views",
                "Run: iracing-pipeline migrate (with Docker Compose:"
                " docker compose run --rm migrate)",
            )


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
        transaction: It, as SQLAlchemy has it.
        connection: The database, in that transaction.
    """

    def __init__(self, transaction: sqlalchemy.Connection) -> None:
        self.transaction = transaction
        connection: Connection | None = transaction.connection.driver_connection
        assert connection is not None  # noqa: S101 - an open one always has it
        self.connection = connection
        _lock(connection)

    def upgrade(self, revision: str = HEAD) -> None:
        """Bring the tables, and nothing else, to a revision at or above theirs."""
        from alembic import command  # noqa: PLC0415 - as below

        self.connection.execute("CREATE SCHEMA IF NOT EXISTS ops")
        present = revision_of(self.connection)
        if present is not None or revision < BASELINE:
            self._upgrade_to_baseline(present or "", revision)
        if revision >= BASELINE:
            with _one_at_a_time:
                command.upgrade(configuration(self.transaction), revision)

    def _upgrade_to_baseline(self, present: str, revision: str) -> None:
        """Bring the tables to a revision, at most that of the baseline."""
        steps = [step for step in EARLIER if present < step <= revision]
        if not steps:
            return
        for step in steps:
            self.connection.execute(EARLIER[step].read_bytes())
        self.connection.execute(VERSION.encode())
        self.connection.execute(f"DELETE FROM ops.{VERSION_TABLE}".encode())
        self.connection.execute(f"INSERT INTO ops.{VERSION_TABLE} VALUES (%s)".encode(), steps[-1:])

    def complete(self) -> bool:
        """Bring all to this version's state; whether there was anything to do.

        Raises:
            MigrationError: If the database is newer than this version.
        """
        revision, digest = _state(self.connection)
        if (revision, digest) == (HEAD, views.digest()):
            return False
        refuse_newer(revision, "The database")
        self.upgrade()
        views.create(self.connection)
        _admit(self.connection)
        comment = f"COMMENT ON TABLE ops.{VERSION_TABLE} IS '{views.digest()}'"
        self.connection.execute(comment.encode())
        logger.info("Migrated the database from revision %s to %s", revision or "none", HEAD)
        return True


def _lock(connection: Connection) -> None:
    """Hold the migrations' lock until the transaction ends; others wait, and find the work done."""
    # Begins the transaction: those below are steps of it, not transactions of their own.
    connection.execute("SET LOCAL client_min_messages = warning")
    for left in reversed(range(_TRIES)):
        try:
            with connection.transaction():
                connection.execute("CREATE SCHEMA IF NOT EXISTS ops")
                connection.execute(VERSION.encode())
                # Rows may be read meanwhile.
                connection.execute(
                    f"LOCK TABLE ops.{VERSION_TABLE} IN SHARE ROW EXCLUSIVE MODE".encode()
                )
                return
        # Somebody else made it meanwhile, or deleted it to restore a backup.
        except (
            psycopg.errors.UniqueViolation,
            psycopg.errors.DuplicateSchema,
            psycopg.errors.DuplicateTable,
            psycopg.errors.UndefinedTable,
            psycopg.errors.InvalidSchemaName,
        ):
            if not left:
                raise


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


def revisions() -> set[str]:
    """The revisions that there are migrations to."""
    return EARLIER.keys() | _LATER


def refuse_newer(revision: str | None, what: str) -> None:
    """Refuse a database at a revision that this version does not know.

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


def configuration(transaction: sqlalchemy.Connection) -> Config:
    """Alembic's configuration for a transaction."""
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


def _refuse_guest(connection: Connection, revision: str | None) -> None:
    """Say at once who has to migrate, rather than fail at the first statement."""
    row = connection.execute(
        "SELECT has_database_privilege(current_database(), 'CREATE'), current_user"
    ).fetchone()
    if row is not None and not row[0]:
        raise MigrationError(
            f"The database {_described(revision)}, this version needs {HEAD} with its own views,"
            f" and the user {row[1]} may not migrate it",
            "Let its owner run: iracing-pipeline migrate (with Docker Compose:"
            " docker compose run --rm migrate)",
        )


def _described(revision: str | None) -> str:
    return f"is at revision {revision}" if revision else "has not been migrated"


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
