"""Make a fresh checkout runnable with nothing but Python and its pip.

Only the standard library is used here: it runs before anything is installed. Inside a virtual
environment, that one is used; otherwise one is made in ``.venv``. What is installed is pinned and
checked by hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

from iracing_pipeline.child_environment import of_installer

ROOT = Path(__file__).resolve().parent.parent
_MARK = "iracing-pipeline.installed"


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
    inside = sys.prefix != sys.base_prefix
    prefix = Path(sys.prefix) if inside else ROOT / ".venv"
    if inside and _complete(prefix, pins, needs):
        return
    python = Path(sys.executable) if inside else _python(prefix)
    if not inside and not python.exists():
        _say(f"Making a virtual environment in {prefix}")
        venv.create(prefix, with_pip=False)
    mark = prefix / f"{_MARK}.{pins.stem}"
    if not mark.exists() or mark.read_text(encoding="utf-8") != _digest(pins):
        _say(f"Installing what {constraints} pins into {prefix}: a minute or two, once")
        mark.write_text("begun", encoding="utf-8")  # so that a broken install is done again
        pip = [sys.executable, "-m", "pip"]
        pip += [] if inside else ["--python", str(python)]
        pip += ["install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", str(pins)])
        _run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
        mark.write_text(_digest(pins), encoding="utf-8")
    command = [str(python), "-m", module, *sys.argv[1:]]
    try:
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own command
    except KeyboardInterrupt:  # the other process has had it too, and has ended
        sys.exit(130)


def _complete(prefix: Path, pins: Path, needs: tuple[str, ...]) -> bool:
    """Whether the environment we run in holds what is pinned, or was set up by its owner."""
    if any(importlib.util.find_spec(name) is None for name in needs):
        return False
    marks = list(prefix.glob(f"{_MARK}.{pins.stem}"))
    return not marks or marks[0].read_text(encoding="utf-8") == _digest(pins)


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
