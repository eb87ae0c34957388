"""Run a command without a window, keep its output, and start it again when it fails.

What a task of Windows runs, as ``pythonw -m ... NAME=VALUE ... COMMAND``. The Task Scheduler does
not take a program that ends with an error for a failure, so that is done here.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.child_environment import of_pipeline
from iracing_pipeline.local import tether

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_FIRST_S, _LONGEST_S = 5.0, 300.0
_STEADY_S = 600.0  # who ran for so long did not fail at the start
_LOG_BYTES = 5_000_000


def main() -> int:
    """Run the command of the arguments; return the exit code of the last try."""
    *settings, command = sys.argv[1:]
    env = of_pipeline()
    for setting in settings:
        name, _, value = setting.partition("=")
        env[name] = value
    log = Path(env["IRACING_HOME"]) / "logs" / f"{command}.log"
    return keep_running(lambda: run(command, env, log))


def run(command: str, env: Mapping[str, str], log: Path) -> int:
    """Run a command to its end; its exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".1.log"))
    hidden = 0
    if sys.platform == "win32":
        # A console that is not shown: Dagster's processes share it instead of opening one.
        hidden = subprocess.CREATE_NO_WINDOW
    with log.open("ab") as output:
        process = tether.start(
            "iracing_pipeline", command,
            env={**env, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
            stdout=output, stderr=subprocess.STDOUT, creationflags=hidden,
        )  # fmt: skip
        return tether.wait(process)


def keep_running(
    once: Callable[[], int],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Call ``once`` until it gives zero, with longer and longer rests."""
    waits = _waits()
    while True:
        began = clock()
        code = once()
        if code == 0:
            return code
        if clock() - began > _STEADY_S:
            waits = _waits()
        sleep(next(waits))


def _waits() -> Iterator[float]:
    wait = _FIRST_S
    while True:
        yield wait
        wait = min(wait * 2, _LONGEST_S)


if __name__ == "__main__":
    sys.exit(main())
