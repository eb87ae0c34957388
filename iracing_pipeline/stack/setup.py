"""What the stack needs on this machine, made on first use: folders, ``.env`` and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.stack import env_file, folders, secrets
from iracing_pipeline.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENV_FILE = ".env"
TELEMETRY = "IRACING_TELEMETRY_DIR"


@dataclass(frozen=True, slots=True)
class Done:
    """What a setup found and made.

    Attributes:
        telemetry: The telemetry folder.
        made: Names of secrets and variables that are new.
    """

    telemetry: Path
    made: tuple[str, ...]


def setup(
    root: Path,
    *,
    guess: Path,
    chosen: Path | None = None,
    ask: Callable[[str], Path] | None = None,
) -> Done:
    """Make what is missing; what is there stays.

    Args:
        root: The checkout.
        guess: Where iRacing writes telemetry unless it was told otherwise.
        chosen: The telemetry folder, by somebody who knows; replaces the one in ``.env``.
        ask: Asks for the folder, given why that is needed. None where nobody can be asked.

    Raises:
        StackError: If there is no usable telemetry folder.
        OSError: From the disk.
    """
    env = root / ENV_FILE
    telemetry = _telemetry(env_file.read(env).get(TELEMETRY), guess, chosen, ask)
    if chosen is not None:
        env_file.put(env, {TELEMETRY: telemetry.as_posix()})
    (root / "results").mkdir(exist_ok=True)
    made = env_file.add(env, {TELEMETRY: telemetry.as_posix(), "IRACING_RESULTS_DIR": "./results"})
    made += secrets.make(root / "secrets")
    return Done(telemetry, tuple(made))


def _telemetry(
    known: str | None, guess: Path, chosen: Path | None, ask: Callable[[str], Path] | None
) -> Path:
    if chosen is not None:
        return folders.telemetry(chosen)
    if known:
        try:
            return folders.telemetry(type(guess)(known))
        except StackError as error:
            raise StackError(
                f"{error} It is named by {TELEMETRY} in .env: mend it there, or say"
                " `stack setup --telemetry FOLDER`."
            ) from error
    try:
        return folders.telemetry(guess)
    except StackError as error:
        if ask is None:
            raise StackError(f"{error} Say which it is: --telemetry FOLDER") from error
        return folders.telemetry(ask(str(error)))
