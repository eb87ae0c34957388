"""Which database is used, and connections to it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import conninfo

from iracing_pipeline.warehouse import embedded
from iracing_pipeline.warehouse.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.settings import Settings

Connection = psycopg.Connection[tuple[Any, ...]]

APPLICATION_NAME = "iracing-pipeline"
CONNECT_TIMEOUT_S = 10
# A connection that only holds a lock is silent for an hour, and routers forget it after minutes.
KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 15, "keepalives_count": 4}


class Warehouse:
    """The project's database, by its URL.

    ``repr`` and errors show the URL without its password.
    """

    def __init__(self, url: str, *, application_name: str = APPLICATION_NAME) -> None:
        """Take a ``postgresql://`` URL; nothing is connected yet.

        Raises:
            UnavailableError: If the URL cannot be understood.
        """
        self.url = url
        self.application_name = application_name
        self._parameters = _parse(url)

    def __repr__(self) -> str:
        return f"Warehouse({self.address!r})"

    @property
    def address(self) -> str:
        """Address of the database, without the password: for messages and metadata."""
        parameters = self._parameters
        host = parameters.get("host") or parameters.get("hostaddr") or "localhost"
        user, database = parameters.get("user", ""), parameters.get("dbname", "")
        return f"{user}@{host}:{parameters.get('port', 5432)}/{database}"

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[Connection]:
        """A connection, closed at the end: committed when all went well, else rolled back.

        Raises:
            UnavailableError: If the database cannot be reached, or does not let us in.
        """
        with self.open(autocommit=autocommit) as connection:
            yield connection

    def open(self, *, autocommit: bool = False) -> Connection:
        """A connection that the caller closes.

        Raises:
            UnavailableError: If the database cannot be reached, or does not let us in.
        """
        defaults: dict[str, Any] = {
            "application_name": self.application_name,
            "connect_timeout": CONNECT_TIMEOUT_S,
            **KEEPALIVES,
        }
        try:
            parameters = conninfo.make_conninfo("", **(defaults | self._parameters))
            return psycopg.connect(parameters, autocommit=autocommit)
        except psycopg.OperationalError as error:
            # "from None": the chained error is not ours to vouch for.
            raise UnavailableError(
                f"The database {self.address} cannot be used: {self._redacted(str(error))}",
                "Check that it runs and that IRACING_DATABASE_URL names it, its user and its"
                " password",
            ) from None

    def _redacted(self, text: str) -> str:
        text = " ".join(text.split())
        password = self._parameters.get("password")
        return text.replace(str(password), "****") if password else text


def database_url(settings: Settings) -> str:
    """The URL of the database in use, starting the embedded server if none is set.

    Raises:
        EmbeddedServerError: If the embedded server is not installed, or cannot be started.
    """
    return settings.database_url or embedded.start(settings.home)


def _parse(url: str) -> dict[str, Any]:
    # libpq would quote parts of a password that it mistakes for a host or a port, so we look
    # first: user and password end at the first "@", and no "@" or "/" may stand in them.
    rest = url.partition("://")[2]
    before = re.match(r"[^@/]*@?", rest)
    remainder = rest[before.end() :] if before else rest
    malformed = UnavailableError(
        "The database URL cannot be understood",
        "Write it like postgresql://user:password@host:5432/database, with every character of"
        " the password that is not a letter or a digit percent-encoded (@ is %40, / is %2F)",
    )
    if not url.startswith(("postgresql://", "postgres://")) or "@" in remainder.partition("?")[0]:
        raise malformed
    try:
        return conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise malformed from None
