"""A stack on a real engine, from a clone of its own, and what is asked of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from iracing_pipeline.demo.backlog import write_backlog
from iracing_pipeline.stack import env_file
from iracing_pipeline.stack.compose import program
from iracing_pipeline.stack.secrets import GENERATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = (
    "postgres",
    "code-server",
    "webserver",
    "daemon",
    "metrics",
    "prometheus",
    "grafana",
)
OURS = ("code-server", "webserver", "daemon", "metrics")
PATIENCE_S = 1800.0  # of a busy machine


class StackTestError(AssertionError):
    """The stack does not do what it must."""


@dataclass
class Stack:
    """A stack of its own: name, ports, folders, image.

    Attributes:
        clone: Its checkout.
        telemetry: Its telemetry folder.
        name: Its name among the engine's.
        python: What runs the README's command.
    """

    clone: Path
    telemetry: Path
    name: str
    python: str = sys.executable
    ports: dict[str, int] = field(default_factory=dict)
    dropped: int = 0

    @classmethod
    @contextmanager
    def cloned(
        cls, folder: Path, name: str, *, python: str = sys.executable, commit: str = "HEAD"
    ) -> Iterator[Stack]:
        """A stack from a fresh clone; it and its volumes are gone at the end."""
        clone, telemetry = folder / "checkout", folder / "telemetry"
        command("git", "clone", "--quiet", str(ROOT), str(clone))
        checked = command("git", "-C", str(ROOT), "rev-parse", commit).strip()
        command("git", "-C", str(clone), "checkout", "--quiet", checked)
        telemetry.mkdir()
        folder.chmod(0o755)
        telemetry.chmod(0o755)
        stack = cls(clone, telemetry, name, python)
        stack.ports = {service: free_port() for service in ("DAGSTER", "GRAFANA", "PROMETHEUS")}
        own = {f"IRACING_{service}_PORT": str(port) for service, port in stack.ports.items()}
        env_file.add(clone / ".env", {"IRACING_STACK": name, "IRACING_VERSION": name} | own)
        try:
            yield stack
        finally:
            stack.compose("down", "--volumes", "--timeout", "5", check=False)
            command(program(), "image", "rm", f"iracing-pipeline:{name}", check=False)
            shutil.rmtree(clone / "secrets", ignore_errors=True)

    def stage(self, count: int) -> None:
        """Have so many files ready to be dropped."""
        for path in write_backlog(self.telemetry.parent / "staged", count):
            path.chmod(0o644)  # the containers' user is another

    def drop(self, count: int, *, every_s: float = 0.0) -> None:
        """Put files that were staged into the telemetry folder, those that are next."""
        staged = sorted((self.telemetry.parent / "staged").iterdir(), key=_number)
        if len(staged) < count:
            raise StackTestError(f"{len(staged)} files are staged, {count} were wanted")
        for path in staged[:count]:
            path.rename(self.telemetry / path.name)
            self.dropped += 1
            time.sleep(every_s)

    def up(self) -> float:
        """Start it by the README's command; seconds until all was healthy."""
        began = time.monotonic()
        command(
            *(self.python, "-m", "iracing_pipeline", "stack", "up"),
            *("--telemetry", str(self.telemetry)),
            cwd=self.clone,
        )
        return time.monotonic() - began

    def checkout(self, commit: str) -> None:
        """Another state of the project, in the same checkout."""
        command("git", "-C", str(self.clone), "checkout", "--quiet", commit)

    def compose(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """Return the output of a Compose command."""
        return command(program(), "compose", *arguments, cwd=self.clone, check=check, stdin=stdin)

    def inside(self, service: str, *arguments: str, check: bool = True) -> str:
        """Return the output of a command in a container."""
        return self.compose("exec", "-T", service, *arguments, check=check)

    def inspect(self, service: str) -> dict[str, Any]:
        """Inspect a service's container."""
        identity = self.compose("ps", "--all", "--quiet", service).strip()
        found: list[dict[str, Any]] = json.loads(command(program(), "inspect", identity))
        return found[0]

    def health(self, service: str) -> str:
        """State of a service: that of its health check, if it runs."""
        state = self.inspect(service)["State"]
        return str(state["Health"]["Status"] if state["Running"] else state["Status"])

    def restarts(self, service: str) -> int:
        """Return how often the engine has restarted a service."""
        return int(self.inspect(service)["RestartCount"])

    def secret(self, name: str) -> str:
        """The value of a secret."""
        return (self.clone / "secrets" / name).read_text(encoding="utf-8").strip()

    def secrets(self) -> dict[str, str]:
        """All passwords and keys that were generated and are one word."""
        made = (*GENERATED, "proxy_password")
        return {n: self.secret(n) for n in made if (self.clone / "secrets" / n).exists()}

    def sql(self, statement: str) -> list[list[str]]:
        """Rows of a query, as the superuser, in the pipeline's database."""
        script = (
            'PGPASSWORD=$(cat /run/secrets/postgres_password) exec psql -U postgres iracing "$@"'
        )
        output = self.inside("postgres", "sh", "-c", script, "sh", "-qAtF", "\t", "-c", statement)
        return [line.split("\t") for line in output.splitlines()]

    def number(self, statement: str) -> int:
        """The one number that a query gives; 0 while the database does not answer."""
        try:
            return int(self.sql(statement)[0][0])
        except (StackTestError, IndexError):
            return 0

    def sessions(self) -> int:
        """Sessions in the database."""
        return self.number("SELECT count(*) FROM racing.telemetry_session")

    def prometheus(self, query: str, at: float | None = None) -> list[dict[str, Any]]:
        """Series that Prometheus answers with; none while it does not answer."""
        asked = urlencode({"query": query} | ({"time": str(at)} if at else {}))
        url = f"http://127.0.0.1:{self.ports['PROMETHEUS']}/api/v1/query?{asked}"
        try:
            with urlopen(url, timeout=10) as answer:
                return list(json.load(answer)["data"]["result"])
        except (URLError, OSError):
            return []


def _number(path: Path) -> str:
    return path.name[-len("2025-01-04 18-00-00.ibt") :]  # files are in order of their time


def command(
    *arguments: str, cwd: Path | None = None, check: bool = True, stdin: str | None = None
) -> str:
    """Return the output of a program; its own errors are in the message when it fails."""
    # What names a stack of the person who runs this is none of ours.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IRACING_", "COMPOSE_"))}
    done = subprocess.run(
        arguments,
        cwd=cwd,
        env=kept,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if check and done.returncode:
        message = (done.stderr or done.stdout).strip().splitlines()[-12:]
        raise StackTestError(f"{' '.join(arguments[:8])} ended with {done.returncode}: {message}")
    return done.stdout


def wait(what: str, done: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> float:
    """Seconds until something is so; an error if that takes too long."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > patience_s:
            raise StackTestError(f"{what}: not after {patience_s:.0f} s")
        time.sleep(1.0)
    return time.monotonic() - began


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
