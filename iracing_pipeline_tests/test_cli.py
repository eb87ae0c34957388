from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from iracing_pipeline import __version__, cli
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.settings import Settings

# What takes half a second and more to load, and is for loading files and drawing.
HEAVY = {"dagster", "grafana_foundation_sdk", "plotly", "sqlalchemy"}
LOADED = (
    "import sys\n"
    "from click.testing import CliRunner\n"
    "from iracing_pipeline import cli\n"
    "print(CliRunner().invoke(cli.main, sys.argv[1:]).exit_code)\n"
    "print(*sys.modules)\n"
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with nothing in it."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("IRACING_DATABASE_URL", "IRACING_LAKE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRACING_TELEMETRY_DIR", str(tmp_path / "telemetry"))
    return tmp_path / "home"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Settings, int]]:
    """Arguments of the server that would have been started."""
    calls: list[tuple[Settings, int]] = []

    def serve(settings: Settings, port: int, *, browse: bool) -> bool:
        calls.append((settings, port))
        return browse

    monkeypatch.setattr(cli.load, "_serve", serve)
    return calls


def test_every_command_explains_itself() -> None:
    assert __version__ in run("--version").output
    overview = run("--help").output
    for command in cli.main.commands:
        assert f"\n  {command} " in overview
        assert run(command, "-h").exit_code == 0


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("command", "spared"),
    [
        pytest.param(("--version",), {*HEAVY, "polars", "psycopg"}, id="version"),
        pytest.param(("load", "--help"), {*HEAVY, "polars", "psycopg"}, id="help"),
        pytest.param(("dsn",), HEAVY, id="dsn"),
        pytest.param(("check",), HEAVY, id="check, where Dagster has never run"),
    ],
)
def test_a_command_loads_only_what_it_needs(
    command: tuple[str, ...], spared: set[str], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", database)

    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command], capture_output=True, text=True, check=True
    )
    code, loaded = done.stdout.splitlines()

    assert code in {"0", "1"}, "1 is what check says of a folder that is not there"
    assert not spared & set(loaded.split())


@pytest.mark.usefixtures("home")
def test_files_are_loaded_and_told(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    good = recordings.session(tmp_path / "good.ibt", laps=2)
    bad = tmp_path / "bad.ibt"
    bad.write_bytes(b"no telemetry")

    output = run("load", good)
    both = run("load", "--json", good, bad)

    assert output.exit_code == 0, output.output
    assert "good.ibt: 20260307T191533Z-" in output.output
    assert "Unknown car at Somewhere Short, Practice: 4 laps, best 20.000." in output.output
    assert "Loaded 1 of 1 files" in output.output
    assert "4 laps of 1 files are in the database; 0 refused." in output.output
    assert both.exit_code == 1
    first, second = json.loads(both.stdout)
    assert (first["state"], first["laps"], second["state"]) == ("loaded", 4, "quarantined")
    assert second["note"]
    assert second["advice"]


@pytest.mark.usefixtures("home")
def test_what_does_not_exist_is_said(tmp_path: Path) -> None:
    done = run("load", tmp_path / "nowhere")

    assert done.exit_code == 2
    assert "nowhere" in done.output


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", [("dsn",), ("load", "."), ("up",)])
def test_a_wrong_setting_is_a_message_without_its_secret(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", "mysql://me:secret@host/db")

    done = run(*command)

    assert done.exit_code == 1
    assert done.output.startswith("Error: IRACING_DATABASE_URL does not start with postgresql://")
    assert "secret" not in done.output


@pytest.mark.usefixtures("home")
def test_a_database_that_does_not_answer_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/db")

    done = run("dsn")

    assert done.exit_code == 1
    assert "me@127.0.0.1:1/db cannot be used" in done.output
    assert "secret" not in done.output


@pytest.mark.usefixtures("home")
def test_the_url_is_printed_alone(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", database)

    done = run("dsn")

    assert (done.exit_code, done.output) == (0, f"{database}\n")


@pytest.mark.usefixtures("home")
def test_a_server_that_does_not_run_need_not_be_stopped() -> None:
    done = run("down")

    assert (done.exit_code, done.output) == (0, "It was not running.\n")


@pytest.mark.usefixtures("home")
def test_up_watches_the_folder(served: list[tuple[Settings, int]], tmp_path: Path) -> None:
    done = run("up", "--port", "3298")

    assert done.exit_code == 0
    ((settings, port),) = served
    assert (settings.telemetry_dir, port) == (tmp_path / "telemetry", 3298)


@pytest.mark.usefixtures("home")
def test_the_demo_loads_a_folder_of_ones_own_and_watches_it(
    served: list[tuple[Settings, int]],
    tmp_path: Path,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    folder = tmp_path / "mine"
    folder.mkdir()
    recordings.session(folder / "a.ibt")

    done = run("demo", "--folder", folder)

    assert done.exit_code == 0, done.output
    assert "4 laps of 1 files" in done.output
    ((settings, _),) = served
    assert settings.telemetry_dir == folder
