"""Tell the system's manager of services what to start; the only place that runs its programs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.child_environment import of_program
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.local.service import launchd, systemd, task_scheduler
from iracing_pipeline.local.service.service import Service, settings_of

if TYPE_CHECKING:
    from iracing_pipeline.settings import Settings


_PATIENCE_S = 120.0  # a command may take a minute and a half to end


class ServiceError(PipelineError):
    """The system does not take the service; the text says why and what to do."""


def default_commands() -> tuple[str, ...]:
    """Commands that are installed by default; the simulator runs only on Windows."""
    return ("up", "live") if sys.platform == "win32" else ("up",)


def install(settings: Settings, command: str) -> str:
    """Let the system start a command at log-on, and now; where that was written.

    Raises:
        ServiceError: If the system does not take it.
    """
    service = Service(command, settings.home, settings_of(os.environ, settings.home))
    if sys.platform == "win32":
        service.home.mkdir(parents=True, exist_ok=True)  # the task starts in it
        with tempfile.TemporaryDirectory(prefix="iracing-service-") as folder:
            file = Path(folder) / "task.xml"
            file.write_bytes(task_scheduler.document(service, _windows_user()))
            _run("schtasks", "/End", "/TN", service.name, may_fail=True)  # with settings of before
            _run("schtasks", "/Create", "/TN", service.name, "/XML", str(file), "/F")
        _run("schtasks", "/Run", "/TN", service.name)
        return f"Task Scheduler, {service.name}; its log is {service.log}"
    service.log.parent.mkdir(parents=True, exist_ok=True)
    file = _file(service.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    earlier = file.read_bytes() if file.exists() else None
    try:
        if sys.platform == "darwin":
            _bootout(service.name)
            file.write_bytes(launchd.agent(service))
            _run("launchctl", "bootstrap", f"gui/{os.getuid()}", str(file))
            return f"{file}; its log is {service.log}"
        file.write_text(systemd.unit(service), encoding="utf-8", newline="\n")
        _run("systemctl", "--user", "daemon-reload")
        _run("systemctl", "--user", "enable", file.name)
        _run("systemctl", "--user", "restart", file.name)  # it may run, as it was before
    except ServiceError:
        if earlier is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(earlier)
        raise
    return f"{file}; its log: journalctl --user -u {service.name}"


def remove(settings: Settings, command: str) -> None:
    """Stop a command, and let the system start it no longer.

    Raises:
        ServiceError: If the system does not do so.
    """
    name = Service(command, settings.home, {}).name
    if sys.platform == "win32":
        _run("schtasks", "/End", "/TN", name, may_fail=True)  # it need not run
        _run("schtasks", "/Delete", "/TN", name, "/F")
        return
    file = _file(name)
    if sys.platform == "darwin":
        _bootout(name)
    else:
        _run("systemctl", "--user", "disable", "--now", file.name)
    file.unlink(missing_ok=True)


def status(settings: Settings, command: str) -> str:
    """Return the system's status of a command; empty if it is unknown.

    Raises:
        ServiceError: If there is no such manager here.
    """
    name = Service(command, settings.home, {}).name
    if sys.platform == "win32":
        return _run("schtasks", "/Query", "/TN", name, "/FO", "LIST", may_fail=True)
    if not _file(name).exists():
        return ""
    if sys.platform == "darwin":
        return _run("launchctl", "list", name, may_fail=True)
    return _run("systemctl", "--user", "is-active", name, may_fail=True)


def _bootout(name: str) -> None:
    """Let launchd forget an agent, if it knows it, and wait until it has: it does not itself."""
    _run("launchctl", "bootout", f"gui/{os.getuid()}/{name}", may_fail=True)
    deadline = time.monotonic() + _PATIENCE_S
    while _run("launchctl", "list", name, may_fail=True) and time.monotonic() < deadline:
        time.sleep(0.5)


def _file(name: str) -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{name}.plist"
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration, "systemd", "user", f"{name}.service")


def _windows_user() -> str:
    return f"{os.environ['USERDOMAIN']}\\{os.environ['USERNAME']}"


def _run(program: str, *arguments: str, may_fail: bool = False) -> str:
    """Run a program of the system's; what it printed, or nothing if it failed and may."""
    try:
        done = subprocess.run(  # noqa: S603 - the system's own program, no shell
            [program, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            env=of_program(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            f"{program} {arguments[0]} does not answer. Try again; see docs/operating.md"
        ) from error
    except FileNotFoundError as error:
        raise ServiceError(
            f"There is no program {program} here. Start the command yourself; see docs/operating.md"
        ) from error
    if done.returncode == 0 or (may_fail and done.stdout.strip()):
        return done.stdout.strip()
    if may_fail:
        return ""
    output = " ".join((done.stderr or done.stdout).split())
    if program == "systemctl" and "bus" in output.lower():
        raise ServiceError(
            "systemd does not run for this user, so it cannot start the command at log-on"
            f" ({output}). Log in to the machine itself instead of by su or sudo, or let root run"
            " 'loginctl enable-linger USER' and log in again."
        )
    raise ServiceError(f"{program} {arguments[0]} failed: {output}")
