from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from iracing_pipeline import cli
from iracing_pipeline.stack import compose
from iracing_pipeline.stack.errors import StackError

ROOT = Path(__file__).parent.parent.parent
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="a script for containers")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose only program is one called docker, that knows nothing yet."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "docker"


def answer(program: Path, *, version: str | None, server: str | None) -> None:
    """Let the program answer as Docker does; None is an error."""

    def line(asked: str, document: str | None) -> str:
        return f'{asked}) echo "{document}"; exit 0;;' if document is not None else ""

    cases = line("compose", version) + line("version", server)
    program.write_text(f'#!/bin/sh\ncase "$1" in {cases} esac\nexit 1\n', encoding="utf-8")
    program.chmod(0o755)


def test_without_docker_the_message_says_where_to_get_it(docker: Path) -> None:
    with pytest.raises(StackError, match=r"not installed.*https://docs\.docker\.com"):
        compose.program()

    assert not docker.exists()


@POSIX_ONLY
@pytest.mark.parametrize(
    ("version", "server", "message"),
    [
        (None, "{}", "has no Compose"),
        ("2.11.0", "{}", r"2\.11\.0 is too old, this needs 2\.24"),
        ("2.40.3-desktop.1", None, "engine does not answer"),
        ("v2.40.3", "null", "engine does not answer"),
    ],
)
def test_what_is_missing_is_named(
    docker: Path, version: str | None, server: str | None, message: str
) -> None:
    answer(docker, version=version, server=server)

    with pytest.raises(StackError, match=message):
        compose.program()


@POSIX_ONLY
@pytest.mark.parametrize("version", ["2.24.0", "v2.40.3-desktop.1", "5.0.1+ds"])
def test_a_good_docker_is_taken(docker: Path, version: str) -> None:
    answer(docker, version=version, server="{}")

    assert compose.program() == str(docker)


def test_an_installed_package_says_that_it_needs_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "ROOT", tmp_path)

    outcome = CliRunner().invoke(cli.main, ["stack", "setup"])

    assert outcome.exit_code == 1
    assert "git clone" in outcome.output


@pytest.mark.usefixtures("docker")
def test_nothing_is_made_before_docker_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / compose.FILE).touch()
    monkeypatch.setattr(compose, "ROOT", checkout)

    outcome = CliRunner().invoke(cli.main, ["stack", "up", "--telemetry", str(tmp_path)])

    assert outcome.exit_code == 1
    assert "Docker is not installed" in outcome.output
    assert [path.name for path in checkout.iterdir()] == [compose.FILE]


@POSIX_ONLY
def test_the_password_file_is_libpqs_and_its_users_alone(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "iracing_app_password").write_text("a:b\\c", encoding="utf-8")
    (secrets / "dagster_password").write_text("plain\n", encoding="utf-8")
    (secrets / "grafana_reader_password").write_text("", encoding="utf-8")
    (secrets / "cloud_token").write_text("never", encoding="utf-8")
    script = (ROOT / "docker/entry.sh").read_text("utf-8").replace("/run/secrets", str(secrets))
    file = tmp_path / "pgpass"

    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [shell, "-c", script, "entry.sh", "echo", "the", "command"],
        env={**os.environ, "PGPASSFILE": str(file)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "the command\n"
    assert file.read_text("utf-8") == "*:*:*:dagster:plain\n*:*:*:iracing_app:a\\:b\\\\c\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
