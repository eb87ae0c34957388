"""Files of the stack on this machine, made on first use: folders, ``.env`` and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.stack import certificates, cloud, env_file, folders, secrets
from iracing_pipeline.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ENV_FILE, DEMO_FILE = ".env", ".env.demo"
TELEMETRY = "IRACING_TELEMETRY_DIR"
NAMES = "IRACING_PUBLIC_NAMES"
_FILES = "COMPOSE_FILE"
_SEPARATOR = {"COMPOSE_PATH_SEPARATOR": ","}  # Compose's own differs by system


@dataclass(frozen=True, slots=True)
class Done:
    """Result of a setup.

    Attributes:
        telemetry: The telemetry folder; None for the demo, which has its own.
        made: Names of secrets, certificates and variables that are new.
    """

    telemetry: Path | None
    made: tuple[str, ...]


def setup(
    root: Path,
    *,
    guess: Path,
    chosen: Path | None = None,
    ask: Callable[[str], Path] | None = None,
    public: Sequence[str] = (),
) -> Done:
    """Make what is missing; what is there stays.

    Args:
        root: The checkout.
        guess: Default folder of iRacing's telemetry.
        chosen: The telemetry folder, by somebody who knows; replaces the one in ``.env``.
        ask: Asks for the folder, given why that is needed. None where nobody can be asked.
        public: Names by which others reach the stack: then it is for production, from now on.

    Raises:
        StackError: If there is no usable telemetry folder, or ``.env`` lacks something.
        OSError: From the disk.
    """
    env = root / ENV_FILE
    telemetry = _telemetry(env_file.read(env).get(TELEMETRY), guess, chosen, ask)
    if chosen is not None:
        env_file.put(env, {TELEMETRY: telemetry.as_posix()})
    if public:
        _for_production(env, public)
    (root / "results").mkdir(exist_ok=True)
    made = env_file.add(env, {TELEMETRY: telemetry.as_posix(), "IRACING_RESULTS_DIR": "./results"})
    values = env_file.read(env)
    folder = secrets.folder_of(root, values)
    made += secrets.make(folder)
    if names := values.get(NAMES):
        made += _public_secrets(folder, names.split(","))
    made += cloud.configure(root, env, values)
    return Done(telemetry, tuple(made))


def setup_demo(root: Path) -> Done:
    """Make what the demo needs: nothing of the other stack's but the secrets.

    Raises:
        OSError: From the disk.
    """
    (root / "results").mkdir(exist_ok=True)
    values = _SEPARATOR | {
        _FILES: "docker-compose.yml,docker-compose.demo.yml",
        "IRACING_STACK": "iracing-demo",
        TELEMETRY: "./results",  # the demo puts a volume in its place
    }
    made = env_file.add(root / DEMO_FILE, values)
    folder = secrets.folder_of(root, env_file.read(root / DEMO_FILE))
    return Done(None, tuple(made + secrets.make(folder)))


def _for_production(env: Path, names: Sequence[str]) -> None:
    values = {
        _FILES: "docker-compose.yml,docker-compose.production.yml",
        "IRACING_PUBLIC_NAME": names[0],
        NAMES: ",".join(names),
    }
    env_file.put(env, _SEPARATOR | values)


def _public_secrets(folder: Path, names: Sequence[str]) -> list[str]:
    """Certificates, and the proxy's first user."""
    here = ("localhost", "127.0.0.1")
    try:
        made = certificates.make(
            folder, {"postgres": ("postgres",), "proxy": (*dict.fromkeys((*names, *here)),)}
        )
    except ValueError as error:
        raise StackError(
            f"A certificate or key in {folder} cannot be read ({error}). Delete its file, and it is"
            " made again."
        ) from error
    return made + secrets.make_proxy_user(folder)


def _telemetry(
    configured: str | None, guess: Path, chosen: Path | None, ask: Callable[[str], Path] | None
) -> Path:
    if chosen is not None:
        return folders.telemetry(chosen)
    if configured:
        try:
            return folders.telemetry(type(guess)(configured))
        except StackError as error:
            raise StackError(
                f"{error} It is named by {TELEMETRY} in .env: correct it there, or run"
                " `stack setup --telemetry FOLDER`."
            ) from error
    try:
        return folders.telemetry(guess)
    except StackError as error:
        if ask is None:
            raise StackError(f"{error} Say which it is: --telemetry FOLDER") from error
        return folders.telemetry(ask(str(error)))
