from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from iracing_pipeline.local.check import Finding, State
from iracing_pipeline.local.check.database import look as look_at
from iracing_pipeline.settings import Settings
from iracing_pipeline.warehouse.connection import Warehouse

# The function hides the module of the same name in the package.
from iracing_pipeline.warehouse.migrate import HEAD, migrate, migrating  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def look(url: str) -> dict[str, Finding]:
    settings = Settings.from_env({"IRACING_DATABASE_URL": url})
    return {each.subject: each for each in look_at(settings).findings}


def run(url: str, statement: str) -> None:
    with Warehouse(url).connect() as connection:
        connection.execute(statement.encode())


def test_a_fresh_database_is_well(database: str) -> None:
    findings = look(database)

    assert {each.state for each in findings.values()} == {State.OK}
    assert findings["migrations"].said == f"at revision {HEAD}"
    assert findings["grafana_reader"].said.endswith("views and nothing else")


def test_its_clock_is_compared(database: str) -> None:
    ahead = look_at(Settings.from_env({"IRACING_DATABASE_URL": database})).ahead_s

    assert ahead is not None
    assert abs(ahead) < 5


def test_a_closed_port_is_wrong() -> None:
    findings = look("postgresql://me:secret@127.0.0.1:1/db")

    assert set(findings) == {"database"}
    assert findings["database"].state is State.WRONG
    assert "me@127.0.0.1:1/db cannot be used" in findings["database"].said
    assert "secret" not in repr(findings)


def test_a_wrong_password_is_wrong(database: str) -> None:
    right = urlsplit(database).password
    assert right

    findings = look(database.replace(right, "not-the-password"))

    assert findings["database"].state is State.WRONG
    assert "authentication failed" in findings["database"].said
    assert "not-the-password" not in repr(findings)


def test_a_url_that_makes_no_sense_is_wrong() -> None:
    findings = look("postgresql://me:p@ss@word@host/db")

    assert findings["database"].state is State.WRONG


def test_a_database_without_tables_is_a_warning(empty_database: str) -> None:
    findings = look(empty_database)

    assert findings["migrations"].state is State.WARNING
    assert "permissions" not in findings


def test_tables_of_an_earlier_version_are_a_warning(empty_database: str) -> None:
    with migrating(empty_database) as migration:
        migration.upgrade("0003")

    finding = look(empty_database)["migrations"]

    assert finding.state is State.WARNING
    assert "revision 0003" in finding.said
    assert finding.advice
    assert "iracing-pipeline backup" in finding.advice


def test_views_of_an_earlier_version_are_a_warning(database: str) -> None:
    run(database, "COMMENT ON TABLE ops.schema_version IS 'other'")

    assert look(database)["migrations"].state is State.WARNING


def test_tables_of_a_later_version_are_wrong(database: str) -> None:
    run(database, "UPDATE ops.schema_version SET version_num = '9999'")

    finding = look(database)["migrations"]

    assert finding.state is State.WRONG
    assert finding.advice == "Update iracing-pipeline: pip install -U"


USAGE = "GRANT USAGE ON SCHEMA racing TO grafana_reader"


@pytest.fixture
def guest(database: str) -> Iterator[str]:
    """A user who may look at the schemas and at the revision, and at nothing else."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("CREATE ROLE iracing_checked LOGIN PASSWORD 'guest'")
        admin.execute("GRANT USAGE ON SCHEMA racing, raw, ops TO iracing_checked")
        admin.execute("GRANT SELECT ON ops.schema_version TO iracing_checked")
    owner = f"{urlsplit(database).username}:{urlsplit(database).password}"
    yield database.replace(owner, "iracing_checked:guest")
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("DROP OWNED BY iracing_checked")
        admin.execute("DROP ROLE iracing_checked")


def test_a_user_who_may_not_load_is_wrong(guest: str, database: str) -> None:
    finding = look(guest)["permissions"]

    assert finding.state is State.WRONG
    assert finding.said.startswith("iracing_checked may not load into ops.")
    assert finding.advice
    statements = finding.advice.removeprefix("Run as its owner: ").split("; ")
    for statement in statements:
        run(database, statement)
    assert look(guest)["permissions"].state is State.OK, "the advice fixes it"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            f"{USAGE}; GRANT SELECT ON racing.lap TO grafana_reader",
            "it may read racing.lap",
        ),
        ("REVOKE SELECT ON grafana.laps FROM grafana_reader", "it may not read grafana.laps"),
    ],
)  # fmt: skip
def test_a_reader_who_sees_more_or_less_than_the_views_is_wrong(
    database: str, statement: str, said: str
) -> None:
    with Warehouse(database).connect() as connection:
        row = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'grafana'::regnamespace"
            " AND relkind = 'v' ORDER BY 1 LIMIT 1"
        ).fetchone()
    assert row
    run(database, statement.replace("grafana.laps", f"grafana.{row[0]}"))

    finding = look(database)["grafana_reader"]

    assert finding.state is State.WRONG
    assert finding.said == said.replace("grafana.laps", f"grafana.{row[0]}")


def test_a_reader_that_is_not_there_is_a_warning(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iracing_pipeline.local.check.database.READER", "nobody_reads")

    finding = look(database)["nobody_reads"]

    assert finding.state is State.WARNING
    assert finding.advice
    assert "CREATE ROLE grafana_reader LOGIN" in finding.advice


@pytest.mark.parametrize(("private", "state"), [(False, State.WRONG), (True, State.WARNING)])
def test_a_way_in_the_clear_is_told_where_the_database_is_elsewhere(
    database: str, monkeypatch: pytest.MonkeyPatch, *, private: bool, state: State
) -> None:
    monkeypatch.setattr("iracing_pipeline.local.check.database._is_elsewhere", lambda _: True)
    monkeypatch.setattr("iracing_pipeline.local.check.database._is_private", lambda _: private)

    findings = look(database)

    assert findings["encryption"].state is state
    assert findings["permissions"].said.endswith("is the server's superuser")


def test_an_embedded_database_that_was_never_made_is_not_made(tmp_path: Path) -> None:
    settings = Settings.from_env({"IRACING_HOME": str(tmp_path / "home")})

    looked = look_at(settings)

    assert [each.state for each in looked.findings] == [State.OK]
    assert looked.url is None
    assert not (tmp_path / "home").exists()


def test_a_wheel_that_is_not_installed_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> None:
        return None

    monkeypatch.setattr("iracing_pipeline.warehouse.embedded.binaries.find_spec", missing)

    (finding,) = look_at(Settings.from_env({"IRACING_HOME": str(tmp_path)})).findings

    assert finding.state is State.WRONG
    assert finding.advice
    assert "pip install 'iracing-pipeline[embedded]'" in finding.advice


def test_an_embedded_server_that_does_not_start_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("9\n", encoding="utf-8")

    (finding,) = look_at(Settings.from_env({"IRACING_HOME": str(tmp_path)})).findings

    assert finding.state is State.WRONG
    assert "was made by PostgreSQL 9" in finding.said


def test_migrating_mends_it(empty_database: str) -> None:
    migrate(empty_database)

    assert look(empty_database)["migrations"].state is State.OK
