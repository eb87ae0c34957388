from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

import iracing_pipeline
from iracing_pipeline import child_environment as children

if TYPE_CHECKING:
    import pytest

ENV = {
    "PATH": "/bin", "HOME": "/home/me", "LC_ALL": "C", "SystemRoot": r"C:\Windows",
    "IRACING_HOME": "/data", "IRACING_PASSWORD": "hush", "IRACING_CLIENT_SECRET": "hush",
    "IRACING_USERNAME": "hush", "IRACING_DATABASE_URL": "postgresql://a:hush@b/c",
    "IRACING_ADMIN_DATABASE_URL": "postgresql://a:hush@b/c", "IRACING_GRAFANA_TOKEN": "hush",
    "IRACING_CLOUD_PUSH_TOKEN": "hush", "IRACING_PASSWORD_FILE": "/run/secrets/hush",
    "DAGSTER_HOME": "/dagster", "AWS_SECRET_ACCESS_KEY": "hush", "GITHUB_TOKEN": "hush",
    "OPENAI_API_KEY": "hush", "SSH_AUTH_SOCK": "/run/agent", "PGPASSWORD": "hush",
    "DOCKER_HOST": "ssh://me@box", "PIP_INDEX_URL": "https://me:pip@index", "LD_PRELOAD": "/x.so",
    "PYTHONSTARTUP": "/x.py", "PYTHONPATH": "/src", "BASH_ENV": "/x.sh",
    "HTTPS_PROXY": "http://proxy", "IRACING_TELEMETRY_DIR": "/telemetry",
}  # fmt: skip
PACKAGE = Path(iracing_pipeline.__file__).parent


def test_a_program_of_others_gets_the_system_alone() -> None:
    assert set(children.of_program(ENV)) == {"PATH", "HOME", "LC_ALL", "SystemRoot"}


def test_docker_gets_its_own_and_no_secret() -> None:
    chosen = children.of_docker(ENV)
    assert {"DOCKER_HOST", "SSH_AUTH_SOCK", "IRACING_TELEMETRY_DIR", "HTTPS_PROXY"} <= set(chosen)
    assert not [name for name, value in chosen.items() if "hush" in value and name[-5:] != "_FILE"
                and name != "IRACING_USERNAME"]  # fmt: skip


def test_pip_gets_its_own() -> None:
    chosen = children.of_installer(ENV)
    assert "PIP_INDEX_URL" in chosen
    assert "hush" not in chosen.values()


def test_what_loads_gets_the_account_and_nothing_of_others() -> None:
    chosen = children.of_pipeline(ENV)
    assert {"IRACING_PASSWORD", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "DAGSTER_HOME"} <= set(
        chosen
    )
    assert not set(chosen) & {
        "GITHUB_TOKEN", "OPENAI_API_KEY", "LD_PRELOAD", "PYTHONSTARTUP", "BASH_ENV",
        "IRACING_ADMIN_DATABASE_URL", "IRACING_GRAFANA_TOKEN", "SSH_AUTH_SOCK",
    }  # fmt: skip


def test_dagsters_own_processes_get_no_account() -> None:
    chosen = children.of_orchestrator(ENV)
    assert {"DAGSTER_HOME", "IRACING_HOME", "PATH"} <= set(chosen)
    # A password of libpq may be that of Dagster's own storage.
    assert [name for name, value in chosen.items() if "hush" in value] == ["PGPASSWORD"]


def test_a_librarys_child_gets_the_system_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRACING_PASSWORD", ENV["IRACING_PASSWORD"])
    with children.only_system_variables():
        assert "IRACING_PASSWORD" not in os.environ
        assert "PATH" in os.environ
    assert os.environ["IRACING_PASSWORD"] == ENV["IRACING_PASSWORD"]


def test_every_child_is_given_its_environment() -> None:
    """A call that starts a process and leaves out ``env`` would pass on all of ours."""
    # These start our own program again and wait for it, or are given ``env`` by who calls them.
    excepted = {("bootstrap.py", "run"), ("local/tether.py", "Popen")}
    without = {
        (path.relative_to(PACKAGE).as_posix(), node.func.attr)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "subprocess"
        and node.func.attr in {"run", "Popen", "call", "check_call", "check_output"}
        and not any(keyword.arg == "env" for keyword in node.keywords)
    }

    assert without <= excepted
