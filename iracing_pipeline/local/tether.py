"""Run a module that ends when the process that started it is gone, however it went.

The parent keeps one end of a pipe that is the child's standard input. When the parent ends, even
by a kill that it cannot handle, the system closes that end, on every platform. The child sees it
and ends as on Ctrl+C, so that it takes its own children along.
"""

from __future__ import annotations

import _thread
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURSELVES = "iracing_pipeline.local.tether"
_CONSOLE_S = 10.0
_PATIENCE_S = 60.0


def start(
    module: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` tied to this process: close its ``stdin`` to end it.

    Args:
        module: The module.
        arguments: Its arguments.
        env: Its environment; None for ours.
        cwd: Its folder; None for ours.
        options: More of ``subprocess.Popen``.
    """
    python = sys.executable
    if Path(python).name.lower() == "pythonw.exe":  # it has no output, and neither had the child
        python = str(Path(python).with_name("python.exe"))
    command = [python, "-m", _OURSELVES, module, *arguments]
    return subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, env=env, cwd=cwd, **options
    )


def release(process: subprocess.Popen[bytes]) -> None:
    """Tell a process that was started here to end."""
    if process.stdin is not None:
        process.stdin.close()


def wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process's end; its exit code."""
    while True:  # Windows does not interrupt a wait that has no end
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue


def end(process: subprocess.Popen[bytes]) -> int:
    """After Ctrl+C, see to it that a process ends; its exit code.

    A console gives Ctrl+C to all of its processes, so it is told only if it does not end.
    """
    try:
        return process.wait(timeout=_CONSOLE_S)
    except subprocess.TimeoutExpired:
        release(process)
        return wait(process)


def _watch() -> None:
    while os.read(0, 4096):
        pass
    # As if terminated, where the program has a way to end by that; else as on Ctrl+C.
    handled = callable(signal.getsignal(signal.SIGTERM))
    _thread.interrupt_main(signal.SIGTERM if handled else signal.SIGINT)
    time.sleep(_PATIENCE_S)
    os._exit(1)  # it does not end: its parent is gone, and nobody else will end it


def main() -> None:
    """Run the module that the arguments name."""
    # Handlers as in a program of one's own: a shell that starts jobs in the background has
    # Ctrl+C ignored, which is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_watch, name="tether", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
