"""Dagster's storage as containers in a cloud have it: the shipped file, a role and a database."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import pytest
import yaml

from iracing_pipeline.warehouse import embedded, reader, roles
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests.conftest import at_database

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parent.parent / "terraform" / "files"
ADMIN = "iracing_admin"

pytestmark = pytest.mark.skipif(not FILES.is_dir(), reason="not in a checkout")


@dg.op
def lap() -> int:
    return 1


@dg.job
def race() -> None:
    lap()


@pytest.fixture
def container(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The environment of a container that migrates; the server's administrator is no superuser.

    The modules give each role its password in a URL, and Dagster's names psycopg 2.
    """
    home = tmp_path_factory.mktemp("server")
    server = embedded.start(home)
    words = {role: secrets.token_urlsafe(12) for role in (*roles.ROLES, ADMIN)}
    with Warehouse(server).connect() as root:
        root.execute(f"CREATE ROLE {ADMIN} CREATEROLE CREATEDB".encode())
        # The embedded server closes this database to all but its owner.
        root.execute(f"GRANT CONNECT ON DATABASE postgres TO {ADMIN}".encode())
        reader.set_password(root, words[ADMIN], role=ADMIN)

    def url(role: str, database: str, scheme: str = "postgresql") -> str:
        place = at_database(server, database).partition("@")[2]
        return f"{scheme}://{role}:{words[role]}@{place}"

    dagster_home = tmp_path_factory.mktemp("dagster")
    shipped = yaml.safe_load((FILES / "dagster.yaml").read_text(encoding="utf-8"))
    shipped["local_artifact_storage"]["config"]["base_dir"] = str(dagster_home / "base")
    (dagster_home / "dagster.yaml").write_text(yaml.safe_dump(shipped), encoding="utf-8")
    given = {
        "DAGSTER_HOME": str(dagster_home),
        "DAGSTER_POSTGRES_URL": url(roles.DAGSTER, roles.DAGSTER, "postgresql+psycopg2"),
        "IRACING_ADMIN_DATABASE_URL": url(ADMIN, "postgres"),
        # Not the name of the embedded server's own.
        "IRACING_DATABASE_URL": url(roles.OWNER, "racer"),
        "ROLE_PASSWORDS": json.dumps({role: words[role] for role in roles.ROLES}),
        # Where the command is, as the image has it.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    yield given
    embedded.stop(home)


migrates = pytest.mark.skipif(
    os.name == "nt", reason="it becomes another program, as in a Linux container"
)


def migrate() -> str:
    """Return the output of the container that migrates."""
    script = [sys.executable, "-c", (FILES / "migrate.py").read_text(encoding="utf-8")]
    migrated = subprocess.run(script, check=False, capture_output=True, text=True)
    assert migrated.returncode == 0, migrated.stderr
    return migrated.stdout


@migrates
def test_a_run_is_kept_and_notified_in_postgres(container: dict[str, str]) -> None:
    output = migrate()
    assert "Made role dagster" in output
    assert "Dagster's storage is up to date." in output
    # Migrations write nothing there.
    assert not (Path(container["DAGSTER_HOME"]) / "base").exists()

    notified = threading.Event()

    def hear(*_: Any) -> None:
        notified.set()

    with dg.DagsterInstance.get() as instance:
        run_id = str(uuid.uuid4())
        instance.watch_event_logs(run_id, None, hear)
        done = race.execute_in_process(instance=instance, run_id=run_id)
        heard = notified.wait(30)
        instance.end_watch_event_logs(run_id, hear)

    assert done.success
    assert heard, "dagster-postgres did not notify"
    plain = container["DAGSTER_POSTGRES_URL"].replace("+psycopg2", "")
    with psycopg.connect(plain) as connection:
        kept = connection.execute(
            "SELECT dagster_event_type, count(*) FROM event_logs WHERE run_id = %s GROUP BY 1",
            [run_id],
        ).fetchall()
        owner = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert {"PIPELINE_START", "STEP_SUCCESS", "PIPELINE_SUCCESS"} <= {kind for kind, _ in kept}
    assert owner == [(roles.DAGSTER,)]


@migrates
def test_events_are_written_over_a_connection_that_stays(container: dict[str, str]) -> None:
    migrate()
    plain = container["DAGSTER_POSTGRES_URL"].replace("+psycopg2", "")
    logins = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"

    with (
        psycopg.connect(plain, autocommit=True) as connection,
        dg.DagsterInstance.get() as instance,
    ):
        assert race.execute_in_process(instance=instance).success
        wait_for_statistics(connection)
        before = number(connection, logins)
        done = [race.execute_in_process(instance=instance) for _ in range(3)]
        wait_for_statistics(connection)
        assert number(connection, logins) == before

        others = "pid <> pg_backend_pid() AND datname = current_database()"
        ended = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}"
        assert number(connection, ended) > 0
        done.append(race.execute_in_process(instance=instance))

    assert all(result.success for result in done)


def number(connection: psycopg.Connection[Any], query: str) -> int:
    (result,) = connection.execute(query.encode()).fetchone() or (0,)
    return int(result)


def wait_for_statistics(connection: psycopg.Connection[Any]) -> None:
    """Other sessions give theirs up to a second after they were idle."""
    time.sleep(1.5)
    connection.execute("SELECT pg_stat_clear_snapshot()")
