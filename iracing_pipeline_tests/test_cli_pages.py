"""Commands that write pages: what they say, what they write, and when they refuse."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.warehouse import Warehouse, reader
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("driven"), laps=3, seed=71)


@pytest.fixture
def folder(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder to work in, with a migrated database of one's own and its reader."""
    for name in ("DAGSTER_HOME", "IRACING_LAKE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    monkeypatch.setenv("PGPASSWORD", "for tests")
    monkeypatch.chdir(tmp_path)
    with Warehouse(database).connect() as owner:
        reader.set_password(owner, "for tests")
    return tmp_path


@pytest.fixture
def loaded(driven: Path, folder: Path) -> Path:
    """The same with one session of three clean laps."""
    shutil.copy(driven, folder / "driven.ibt")
    assert run("load", folder / "driven.ibt").exit_code == 0
    return folder


def keys(database: str) -> list[str]:
    """The sessions in the database, the newest last."""
    with Warehouse(database).connect() as connection:
        return [
            key
            for (key,) in connection.execute(
                "SELECT session_key FROM grafana.telemetry_sessions ORDER BY start_time"
            )
        ]


def test_the_demo_ends_with_commands_that_work(driven: Path, folder: Path, database: str) -> None:
    done = run("demo", "--exit", "--folder", driven.parent)
    (key,) = keys(database)

    output = [line.partition("python -m iracing_pipeline ")[2] for line in done.output.splitlines()]
    report, dsn = (run(*command.split()) for command in output if command)

    assert report.output.startswith(f"report-{key}.html: "), report.output
    assert (folder / f"report-{key}.html").exists()
    assert dsn.output == f"{database}\n"


def test_a_session_is_reported_by_its_key(loaded: Path, database: str) -> None:
    (key,) = keys(database)

    done = run("report", key)

    assert done.exit_code == 0, done.output
    page = loaded / f"report-{key}.html"
    assert done.output.startswith(page.name)
    html = page.read_text("utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert f"Session {key}" in html
    assert 'id="compare"' in html
    assert [each.name for each in loaded.glob("*.html*")] == [page.name]  # and nothing half-written


def test_the_last_session_is_reported_where_one_wants_it(loaded: Path, database: str) -> None:
    target = loaded / "shared.html"

    done = run("report", "last", "--to", target)
    first = target.read_text("utf-8")
    again = run("report", "last", "--to", target)

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert "shared.html" in done.output
    assert f"Session {keys(database)[0]}" in first


def test_a_session_without_a_clean_lap_says_so(loaded: Path, database: str) -> None:
    recordings.session(loaded / "out.ibt", laps=0)
    assert run("load", loaded / "out.ibt").exit_code == 0
    with Warehouse(database).connect() as connection:
        ((key,),) = connection.execute(
            "SELECT session_key FROM grafana.telemetry_sessions WHERE clean_lap_count = 0"
        ).fetchall()

    done = run("report", key, "--to", loaded / "out.html")

    assert done.exit_code == 0, done.output
    html = (loaded / "out.html").read_text("utf-8")
    assert "No finding yet: 0 clean laps" in html


def test_a_session_that_is_not_there_is_an_error(loaded: Path) -> None:
    done = run("report", "nowhere")

    assert done.exit_code == 1
    assert "There is no session nowhere" in done.output
    assert "Traceback" not in done.output
    assert not list(loaded.glob("*.html"))


def test_nothing_loaded_is_an_error_that_says_what_to_do(folder: Path) -> None:
    done = run("report", "last", "--to", folder / "last.html")

    assert done.exit_code == 1
    assert "iracing-pipeline load" in done.output
