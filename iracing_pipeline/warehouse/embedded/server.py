"""Start the embedded server, or find it running; stop it."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING

import filelock
import psycopg
from psycopg import sql

from iracing_pipeline import private
from iracing_pipeline.warehouse.embedded import account, binaries, configuration
from iracing_pipeline.warehouse.embedded.log import Log
from iracing_pipeline.warehouse.embedded.postmaster import Postmaster, end_orphans
from iracing_pipeline.warehouse.errors import EmbeddedServerError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

logger = logging.getLogger(__name__)

OWNER = DATABASE = "iracing"
START_TIMEOUT_S = 120.0  # recovery after a crash replays up to max_wal_size
STOP_TIMEOUT_S = 60.0
LOCK_TIMEOUT_S = 180.0


def start(home: Path) -> str:
    """The URL of the embedded server's database, starting the server if it does not run.

    Safe to call from many processes at once; the first one starts it. The server outlives its
    callers.

    Args:
        home: The data folder; the server lives in its folder ``postgres``.

    Returns:
        A ``postgresql://`` URL with user and password.

    Raises:
        EmbeddedServerError: If the server is not installed, or cannot be started.
    """
    server = _Server(home)
    return server.url_if_running() or server.start()


def running(home: Path) -> str | None:
    """The URL of the embedded server's database; None when the server does not run."""
    return _Server(home).url_if_running()


def stop(home: Path) -> bool:
    """Stop the embedded server of a data folder; whether it was running.

    Raises:
        EmbeddedServerError: If it does not stop.
    """
    return _Server(home).stop()


def reader_password(home: Path) -> str:
    """The generated password of the role that dashboards read with.

    Raises:
        EmbeddedServerError: If it cannot be read or written.
    """
    server = _Server(home)
    with server.locked():
        return server.password("reader")


class _Server:
    """The embedded server of one data folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home.resolve() / "postgres"
        self.data = self.folder / "data"

    # -- what anybody may ask at any time --------------------------------------------------

    def url_if_running(self) -> str | None:
        postmaster = Postmaster.read(self.data) if self._readable() else None
        password = self._read_password("owner")
        if postmaster is None or postmaster.address is None or password is None:
            return None
        url = postmaster.address.url(OWNER, password, DATABASE)
        return url if _refusal(url) is None else None

    def _readable(self) -> bool:
        try:
            return self.data.exists() and (self.data / "PG_VERSION").exists()
        except OSError as error:
            raise self._unusable(error) from error

    # -- what only one process does at a time ----------------------------------------------

    def locked(self) -> AbstractContextManager[object]:
        try:
            private.make(self.folder)
            lock = filelock.FileLock(self.folder / "lock", timeout=LOCK_TIMEOUT_S, mode=0o600)
            return lock.acquire()
        except filelock.Timeout as error:
            raise EmbeddedServerError(
                f"Another process has been starting the server for {LOCK_TIMEOUT_S:.0f} s",
                f"Look at the log in {self.data / 'log'}, end that process and try again",
            ) from error
        except OSError as error:
            raise self._unusable(error) from error

    def start(self) -> str:
        with self.locked():
            # Somebody else may have started it while we waited.
            if url := self.url_if_running():
                return url
            self._initialise()
            postmaster = Postmaster.read(self.data)
            if postmaster is None or not postmaster.is_running(self.data):
                self._launch()
            return self._usable_url()

    def stop(self) -> bool:
        if not self._readable():
            return False
        with self.locked():
            postmaster = Postmaster.read(self.data)
            if postmaster is None or not postmaster.is_running(self.data):
                return False
            code, output = self._run(
                "pg_ctl", "stop", "-w", "-m", "fast", "-t", f"{STOP_TIMEOUT_S:.0f}",
                "-D", self.data, timeout_s=STOP_TIMEOUT_S + 10,
            )  # fmt: skip
            if code != 0:
                raise EmbeddedServerError(
                    f"The server in {self.folder} did not stop: {output}",
                    "Close the programs that use the database and try again",
                )
            return True

    def password(self, name: str) -> str:
        """The password of a role, generated when there is none yet (under the lock)."""
        if password := self._read_password(name):
            return password
        generated = secrets.token_urlsafe(24)
        file = self._password_file(name)
        # Open to us alone before the secret goes in.
        file.touch(mode=0o600)
        self._account().own(file)
        file.write_text(generated, encoding="utf-8")
        return generated

    # -- steps of a start ------------------------------------------------------------------

    def _initialise(self) -> None:
        if self._readable():
            version = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
            if version != str(binaries.VERSION):
                raise EmbeddedServerError(
                    f"{self.data} was made by PostgreSQL {version}, this version brings"
                    f" {binaries.VERSION}",
                    "Restore a backup into a new IRACING_HOME, or install the earlier version",
                )
            return
        binaries.folder()  # raises if it is missing, before anything is created
        if ended := end_orphans(self.data):
            logger.warning("Ended %d servers whose folder %s was deleted", ended, self.data)
        # Made under a name of its own, so that a start killed half-way leaves nothing that the
        # next one could mistake for a database.
        for left in self.folder.glob("data.*.new"):
            shutil.rmtree(left, ignore_errors=True)
        new = self.folder / f"data.{secrets.token_hex(4)}.new"
        new.mkdir(mode=0o700)
        self._account().own(new)
        self.password("owner")
        code, output = self._run(
            "initdb", "-D", new, "-U", OWNER, "--pwfile", self._password_file("owner"),
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--no-instructions", timeout_s=START_TIMEOUT_S,
        )  # fmt: skip
        if code != 0:
            raise EmbeddedServerError(
                f"A database cannot be made in {self.folder}: initdb ended with {code}: {output}",
                "Set IRACING_HOME to a folder on a local disk with 200 MB free, or set"
                " IRACING_DATABASE_URL",
            )
        with (new / "postgresql.conf").open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"\ninclude_if_exists = '{configuration.FILE}'\n")
        new.rename(self.data)

    def _launch(self) -> None:
        # What a crash left is in the way when it is empty, or when another process has got the
        # number in it. No server runs on this folder, and we hold the lock.
        for left in ("postmaster.pid", f".s.PGSQL.{configuration.SOCKET_PORT}.lock"):
            (self.data / left).unlink(missing_ok=True)
        deadline = time.monotonic() + START_TIMEOUT_S
        sockets = os.name != "nt"
        while True:
            address = configuration.choose_address(
                self.data, configuration.port_of_last_time(self.data), sockets=sockets
            )
            configuration.write(self.data, address)
            self._account().own(self.data / configuration.FILE)
            log = Log(self.data)
            code, output = self._run(
                "pg_ctl", "start", "-w", "-t", f"{START_TIMEOUT_S:.0f}", "-D", self.data,
                "-l", log.first, timeout_s=START_TIMEOUT_S + 10,
            )  # fmt: skip
            if code == 0:
                logger.info("Started the embedded PostgreSQL server in %s", self.folder)
                return
            complaints = log.complaints()
            postmaster = Postmaster.read(self.data)
            if postmaster is not None and postmaster.is_running(self.data):
                return  # the last one to start it was killed, its server comes up all the same
            if sockets and "Unix" in complaints:
                sockets = False  # some mounted folders cannot hold one
                continue
            if time.monotonic() > deadline or not _passes(complaints):
                raise EmbeddedServerError(
                    f"The server in {self.folder} does not start: {complaints or output}",
                    f"See the log in {self.data / 'log'}, or set IRACING_DATABASE_URL",
                )
            time.sleep(0.5)

    def _usable_url(self) -> str:
        """Wait until the server lets us in, and see to it that our database exists."""
        password = self.password("owner")
        deadline = time.monotonic() + START_TIMEOUT_S
        refusal = "it does not listen"
        while time.monotonic() < deadline:
            postmaster = Postmaster.read(self.data)
            if postmaster is not None and postmaster.address is not None:
                url = postmaster.address.url(OWNER, password, "postgres")
                complaint = _refusal(url)
                if complaint is None:
                    _ensure_database(url)
                    return postmaster.address.url(OWNER, password, DATABASE)
                refusal = complaint
                if "authentication failed" in refusal:
                    break
            time.sleep(0.1)
        advice = f"Wait and try again: it may be at work after a crash. See {self.data / 'log'}"
        if "authentication failed" in refusal:
            advice = f"Restore {self._password_file('owner')} from a backup: it is not the server's"
        raise EmbeddedServerError(
            f"The server in {self.folder} runs but cannot be used: {refusal}", advice
        )

    # -- small things ----------------------------------------------------------------------

    def _run(self, program: str, *arguments: str | Path, timeout_s: float) -> tuple[int, str]:
        who = self._account()
        who.reach(self.data)
        who.reach(binaries.folder() / program)
        return binaries.run(program, *arguments, account=who, cwd=self.folder, timeout_s=timeout_s)

    def _account(self) -> account.Account:
        return account.choose(self.data)

    def _password_file(self, name: str) -> Path:
        return self.folder / f"{name}.password"

    def _read_password(self, name: str) -> str | None:
        try:
            return self._password_file(name).read_text(encoding="utf-8") or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> EmbeddedServerError:
        why = "it belongs to another user" if isinstance(error, PermissionError) else error.strerror
        return EmbeddedServerError(
            f"The folder {self.folder} cannot be used: {why}",
            "Set IRACING_HOME to a folder of your own on a local disk, or set IRACING_DATABASE_URL",
        )


def _refusal(url: str) -> str | None:
    """Why the server at ``url`` does not let us in; None if it does."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        return str(error).strip()
    return None


def _ensure_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if row is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            # Every role could keep tables and large objects in these.
            connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")


def _passes(complaints: str) -> bool:
    """Whether what the server said on a failed start will pass by itself."""
    # The children of a killed server need a moment to notice; a port may be taken meanwhile.
    return "shared memory block" in complaints or "Address already in use" in complaints
