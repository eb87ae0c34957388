"""Docker Compose, and what it needs to be there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from iracing_pipeline.child_environment import of_docker
from iracing_pipeline.stack.errors import StackError

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = "docker-compose.yml"
OLDEST = (2, 24)
_INSTALL = (
    "Install Docker Desktop (Windows, macOS) or Docker Engine with its Compose plugin (Linux):"
    " https://docs.docker.com/get-started/get-docker/"
)
_PATIENCE_S = 60


def checkout() -> Path:
    """The folder with the stack's files.

    Raises:
        StackError: If this was installed without them.
    """
    if not (ROOT / FILE).exists():
        raise StackError(
            f"There is no {FILE} beside the package: the stack is run from a checkout of the"
            " project (git clone), not from an installed package."
        )
    return ROOT


def program() -> str:
    """The program ``docker``, with an engine that answers and a Compose that is new enough.

    Raises:
        StackError: If there is none.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise StackError(f"Docker is not installed: there is no program docker. {_INSTALL}")
    compose = _ask(docker, "compose", "version", "--short")
    if compose is None:
        raise StackError(f"Docker has no Compose: `docker compose version` fails. {_INSTALL}")
    if _numbers(compose) < OLDEST:
        raise StackError(
            f"Docker Compose {compose} is too old, this needs {OLDEST[0]}.{OLDEST[1]}. {_INSTALL}"
        )
    if _ask(docker, "version", "--format", "{{json .Server}}") in {None, "", "null"}:
        raise StackError(
            "Docker is installed, but its engine does not answer. Start Docker Desktop; on Linux,"
            " `sudo systemctl start docker`, and your user must be in the group docker."
        )
    return docker


def run(docker: str, folder: Path, *arguments: str, env_file: str = ".env") -> int:
    """Run a command of Compose, showing its output; return its exit code."""
    command = [docker, "compose", "--project-directory", str(folder)]
    command += ["--env-file", str(folder / env_file), *arguments]
    return subprocess.run(  # noqa: S603 - no shell
        command, cwd=folder, env=of_docker(), check=False
    ).returncode


def unhealthy(docker: str, folder: Path, *, env_file: str = ".env") -> list[str]:
    """Services that do not run as they should, each with its state."""
    output = _ask(
        docker,
        *("compose", "--project-directory", str(folder), "--env-file", str(folder / env_file)),
        *("ps", "--all", "--format", "json"),
    )
    rows = [json.loads(line) for line in (output or "").splitlines() if line.startswith("{")]
    return [
        f"{row['Service']} ({row.get('Health') or row['State']})"
        for row in rows
        if (row["State"] != "running" or row.get("Health") == "unhealthy")
        and not (row["State"] == "exited" and row.get("ExitCode") == 0)
    ]


def _ask(*command: str) -> str | None:
    """Return the output of a command; None when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
            env=of_docker(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.removeprefix("v").split("-")[0].split("+")[0].split(".")
    return tuple(int(part) for part in parts[:2] if part.isdecimal())
