"""Every command with wrong inputs: a sentence that names the item, an exit code, no traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result

from iracing_pipeline import cli
from iracing_pipeline.cli.group import INTERRUPTED
from iracing_pipeline.settings import NAMES, misspelt
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.conftest import at_database, copy_database, run_statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS: list[tuple[str, ...]] = [
    path
    for name, command in cli.main.commands.items()
    for path in (
        (name,),
        *(
            (name, inner)
            for inner in (command.commands if isinstance(command, click.Group) else ())
        ),
    )
]

# Arguments, where {file} is a file, {folder} an empty one, {backup} a file that exists, and
# {closed} a place below a file, where nothing can be made; the exit code; what the answer holds.
TABLE = [
    ("up --port 99999", 2, "--port"),
    ("up --port x", 2, "--port"),
    ("demo --port 0", 2, "--port"),
    ("demo --folder {folder}/nowhere", 2, "nowhere"),
    ("metrics --port 70000", 2, "--port"),
    ("metrics --every 0", 2, "--every"),
    ("live --port -1", 2, "--port"),
    ("mcp --http --port 99999", 2, "--port"),
    ("load", 2, "PATHS"),
    ("load {folder}/nowhere", 2, "nowhere"),
    ("load {folder}", 3, "no .ibt file"),
    ("load {file}", 1, "refused"),
    ("report last", 1, "Load one: iracing-pipeline load"),
    ("report 2026-13-45", 1, "not a date"),
    ("report 2026-07-04", 1, "No session started on 2026-07-04"),
    ("report {folder}", 1, "is a folder"),
    ("report nowhere.ibt", 1, "no file nowhere.ibt"),
    ("report nonsense", 1, "iracing-pipeline sessions"),
    ("report last --units stones", 2, "--units"),
    ("export last", 1, "Load one: iracing-pipeline load"),
    ("export {file}", 1, "not-telemetry.ibt"),
    ("export nonsense --format csv", 1, "iracing-pipeline sessions"),
    ("export last --format wav", 2, "--format"),
    ("export {recording} --to {closed}", 1, "cannot be used"),
    ("export {recording} --lap 99", 1, "no lap 99"),
    ("sessions --most 0", 2, "--most"),
    ("reference {file}", 1, "not-telemetry.ibt"),
    ("backup {backup}", 1, "--replace"),
    ("backup {closed}/backup.zip", 1, "cannot be"),
    ("restore {folder}/nowhere.zip", 2, "nowhere.zip"),
    ("restore {file}", 1, "Error: "),
    ("races retry", 2, "--all"),
    ("races retry x", 2, "x"),
    ("races dismiss 1", 1, "1"),
    ("dashboards push", 1, "IRACING_GRAFANA_URL"),
    ("dashboards push --url http://127.0.0.1:9 --token t", 1, "cannot be reached"),
    ("dashboards check --folder {folder}/nowhere", 1, "checkout"),
    ("collect", 1, "IRACING_CLIENT_ID"),
    ("login", 1, "IRACING_CLIENT_ID"),
    ("ask nonsense", 1, "nonsense"),
    ("ask laps session", 1, "NAME=VALUE"),
    ("why nonsense", 1, "Write it like"),
    ("experiment show nonsense", 1, "no experiment nonsense"),
    ("experiment start one", 2, "--a"),
    ("experiment start one --a x --b y --session nonsense", 1, "iracing-pipeline sessions"),
    ("service install nonsense", 2, "nonsense"),
    ("nonsense", 2, "nonsense"),
]


WAITS = """
import time
import uuid
from iracing_pipeline import cli

@cli.main.command()
def wait() -> None:
    print("waiting", flush=True)
    time.sleep(60)

cli.main(["wait"])
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def module_database(server_url: str, migrated_template: str) -> Iterator[str]:
    name = f"iracing_test_{uuid.uuid4().hex[:8]}"
    copy_database(server_url, name, migrated_template)
    yield at_database(server_url, name)
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recordings.session(tmp_path_factory.mktemp("recording") / "good.ibt", laps=2)


@pytest.fixture
def places(
    tmp_path: Path,
    shared: Path,
    recording: Path,
    module_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dict[str, str]]:
    for name in os.environ:
        if name.startswith(("IRACING_", "DAGSTER_")) and "_TEST_" not in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("IRACING_HOME", str(shared))
    monkeypatch.setenv("IRACING_DATABASE_URL", module_database)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("not-telemetry.ibt", "backup.zip"):
        (tmp_path / name).write_bytes(b"not what it should be")
    shutil.copyfile(recording, tmp_path / "good.ibt")
    yield {
        "folder": str(tmp_path / "folder"),
        "file": str(tmp_path / "not-telemetry.ibt"),
        "backup": str(tmp_path / "backup.zip"),
        "closed": str(tmp_path / "backup.zip" / "below"),
        "recording": str(tmp_path / "good.ibt"),
    }
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        os.environ.pop(name, None)


@pytest.mark.parametrize(("line", "code", "said"), TABLE, ids=lambda value: str(value)[:60])
def test_a_wrong_input_is_answered_in_a_sentence(
    line: str, code: int, said: str, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "")

    done = run(*(word.format(**places) for word in line.split()))

    assert said in done.output
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output


def test_the_table_has_every_command_that_takes_an_input() -> None:
    named = {tuple(line.split()[:2]) for line, _, _ in TABLE}
    first = {words[0] for words in named}
    # What these take is a switch, or they are tried in tests of their own.
    others = {"down", "dsn", "migrate", "check", "stack"}

    assert set(cli.main.commands) - first <= others


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example(path: tuple[str, ...]) -> None:
    examples = run(*path, "--help").output.partition("Example")[2]

    assert f"iracing-pipeline {' '.join(path)}" in examples


def test_help_is_whole() -> None:
    shown = run("--help").output

    assert "  iRacing telemetry and results" in shown
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("IRACING_TELEMTRY_DIR", "Did you mean IRACING_TELEMETRY_DIR?"),
        ("IRACING_PASWORD_FILE", "Did you mean IRACING_PASSWORD?"),
        ("IRACING_QQQ", "docs/settings.md"),
    ],
)
def test_a_misspelt_variable_is_noticed_and_its_value_kept(name: str, said: str) -> None:
    (line,) = misspelt({name: "secret", "IRACING_HOME": "x", "IRACING_PASSWORD_FILE": "x"})

    assert line.startswith(f"{name} is not a setting.")
    assert said in line
    assert "secret" not in line
    assert name not in NAMES


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl+C to a console")
def test_ctrl_c_ends_in_a_sentence(tmp_path: Path) -> None:
    env: dict[str, Any] = {k: v for k, v in os.environ.items() if not k.startswith("IRACING")}
    env |= {"IRACING_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            WAITS,
        ],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == INTERRUPTED
    assert "Stopped." in err
    assert "Traceback" not in err
