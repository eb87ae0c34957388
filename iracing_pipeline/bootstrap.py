"""Make a fresh checkout runnable with nothing but Python and its pip.

Only the standard library is used here: it runs before anything is installed. Inside a virtual
environment, that one is used; otherwise one is made in ``.venv``. What is installed is pinned and
checked by hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

from iracing_pipeline.child_environment import of_installer

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
"""The first and the last version of Python that this runs on."""

_MARK = "iracing-pipeline.installed"
_INSTALLED = "IRACING_PIPELINE_INSTALLED"  # set for the process that runs after an installation


def run_installed(module: str, constraints: str, needs: tuple[str, ...]) -> None:
    """Return if this Python can run ``module``; else install it and run it there, then exit.

    Args:
        module: The module that was started with ``python -m``.
        constraints: Name of the file in the checkout that pins what it needs.
        needs: Modules by which an environment that somebody else set up is recognised.
    """
    pins = ROOT / constraints
    if not pins.exists():  # not a checkout: installed from a wheel, with its dependencies
        return
    _require_version(module)
    inside = sys.prefix != sys.base_prefix
    prefix = Path(sys.prefix) if inside else ROOT / ".venv"
    if inside and _complete(prefix, pins, needs):
        return
    try:
        python = _installed(prefix, pins, needs, inside=inside)
    except KeyboardInterrupt:
        _say("Stopped. Run the command again to continue the installation.")
        sys.exit(130)
    except OSError as error:
        _say(f"{error.filename or prefix} cannot be used: {error.strerror}.")
        sys.exit(1)
    command = [str(python), "-m", module, *sys.argv[1:]]
    try:
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own command
    except KeyboardInterrupt:  # the other process has had it too, and has ended
        sys.exit(130)


def _require_version(module: str) -> None:
    """Exit with a message where this Python is too old or too new, before anything is made."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    wanted = "py -3.13" if sys.platform == "win32" else "python3.13"
    version = ".".join(map(str, sys.version_info[:3]))
    _say(
        f"The iRacing pipeline needs Python 3.11, 3.12 or 3.13; this is {version},"
        f" {sys.executable}. Install one of them (https://www.python.org/downloads/), then run:"
        f" {wanted} -m {module} {' '.join(sys.argv[1:])}".rstrip()
    )
    sys.exit(1)


def _installed(prefix: Path, pins: Path, needs: tuple[str, ...], *, inside: bool) -> Path:
    """The Python of the environment, after what is missing in it was installed."""
    python = Path(sys.executable) if inside else _python(prefix)
    if not inside and (why := _broken(prefix)):
        if prefix.exists():
            _say(f"The virtual environment {prefix} is broken ({why}): creating it again")
        else:
            _say(f"Making a virtual environment in {prefix}")
        venv.create(prefix, with_pip=False, clear=prefix.exists())
    mark = prefix / f"{_MARK}.{pins.stem}"
    lacking = inside and _lacks(needs)
    if lacking and os.environ.get(_INSTALLED):
        _say(f"{prefix} lacks packages after the installation. Delete it, and run this again.")
        sys.exit(1)
    if lacking or not mark.exists() or mark.read_text(encoding="utf-8") != _digest(pins):
        _say(f"Installing what {pins.name} pins into {prefix}: a minute or two, once")
        mark.write_text("begun", encoding="utf-8")  # so that a broken install is done again
        pip = _pip(python, inside=inside)
        pip += ["install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", str(pins)])
        _run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
        mark.write_text(_digest(pins), encoding="utf-8")
        os.environ[_INSTALLED] = "1"
    return python


def _pip(python: Path, *, inside: bool) -> list[str]:
    """The command of a pip that installs into the environment: ours are made without one."""
    if inside and not _lacks(("pip",)):
        return [str(python), "-m", "pip"]
    base = getattr(sys, "_base_executable", sys.executable) if inside else sys.executable
    return [base, "-m", "pip", "--python", str(python)]


def _broken(prefix: Path) -> str | None:
    """Why an environment cannot be used; None where it can."""
    if not _python(prefix).exists():  # a link to a Python that was removed leads nowhere
        return "it has no Python"
    configuration = prefix / "pyvenv.cfg"
    if not configuration.exists():
        return None
    text = configuration.read_text(encoding="utf-8", errors="replace")
    home = re.search(r"^home *= *(.+?) *$", text, re.MULTILINE)
    if home and not Path(home[1]).exists():
        return f"the Python in {home[1]} is gone"
    version = re.search(r"^version(?:_info)? *= *(\d+)\.(\d+)", text, re.MULTILINE)
    if version and not OLDEST <= (int(version[1]), int(version[2])) <= NEWEST:
        return f"it has Python {version[1]}.{version[2]}"
    return None


def _complete(prefix: Path, pins: Path, needs: tuple[str, ...]) -> bool:
    """Whether the environment we run in holds what is pinned, or was set up by its owner."""
    if _lacks(needs):
        return False
    marks = list(prefix.glob(f"{_MARK}.{pins.stem}"))
    return not marks or marks[0].read_text(encoding="utf-8") == _digest(pins)


def _lacks(needs: tuple[str, ...]) -> bool:
    return any(importlib.util.find_spec(name) is None for name in needs)


def _python(prefix: Path) -> Path:
    return prefix / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _digest(pins: Path) -> str:
    digest = hashlib.sha256(pins.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    return digest.hexdigest()


def _run(command: list[str]) -> None:
    result = subprocess.run(  # noqa: S603 - our own command
        command, env=of_installer(), check=False
    )
    if result.returncode:
        _say("Installing failed: see the messages above. Is there a network connection?")
        sys.exit(result.returncode)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
