"""The Dagster UI and daemon on this machine."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from iracing_pipeline import private
from iracing_pipeline.child_environment import of_pipeline
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.local import dagster_home, tether
from iracing_pipeline.printable import printable, without_colours
from iracing_pipeline.warehouse import database_url, migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.settings import Settings

HOST = "127.0.0.1"
_PORTS = 1 << 16
_STARTS_WITHIN_S = 120.0
_LONGEST_LINE = 1 << 16
_LAST_WORDS_S = 2.0
_LOG_BYTES, _LOGS = 5_000_000, 3
_TAIL_LINES = 15


def log_file(settings: Settings) -> Path:
    """The file that Dagster's output goes to."""
    return settings.home / "logs" / "dagster.log"


class NoPortError(PipelineError):
    """No port is free where one was asked for."""


def free_port(wanted: int) -> int:
    """``wanted``, or the first port above it that nobody listens on."""
    for port in range(wanted, min(wanted + 100, _PORTS)):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) != 0:
                return port
    raise NoPortError(f"No port from {wanted} to {min(wanted + 100, _PORTS) - 1} is free")


def serve(settings: Settings, port: int, started: Callable[[str], None]) -> int:
    """Run the UI and the daemon until they are stopped; the exit code.

    What they print goes to :func:`log_file`; of a failed start its end is printed too.

    Args:
        settings: Locations of data.
        port: Port of the UI, on loopback.
        started: Called with the address once it answers.

    Raises:
        WarehouseError: If the database cannot be used.
    """
    home = dagster_home.enter(settings)
    # Before Dagster starts: what is wrong with the database is then said once, and here.
    migrate(database_url(settings))
    environment = {
        **of_pipeline(),
        "IRACING_HOME": str(settings.home),
        "IRACING_TELEMETRY_DIR": str(settings.telemetry_dir),
        "IRACING_LAKE": settings.lake,
        # They run in another folder than we do.
        **{
            name: str(Path(path).absolute())
            for name, path in os.environ.items()
            if name.startswith("IRACING_") and name.endswith("_FILE") and path
        },
        "PYTHONPATH": os.pathsep.join(
            [str(dagster_home.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
        # It advises another command for projects of another layout.
        "PYTHONWARNINGS": "ignore",
    }
    # A shell that starts us in the background has Ctrl+C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # In the home, so that no project file of the current folder is picked up. Tied to us: even
    # when we are killed, Dagster ends.
    process = tether.start(
        "iracing_pipeline.local.dagster_dev", "-w", str(dagster_home.workspace(settings)),
        "-h", HOST, "-p", str(port), "--log-level", "warning",
        env=environment, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    shown = threading.Thread(target=_keep, args=[process, log_file(settings), tail], daemon=True)
    shown.start()
    answered = False
    signal.signal(signal.SIGTERM, lambda *_: tether.release(process))
    try:
        answered = _answers(process, port)
        if answered:
            started(f"http://{HOST}:{port}")
        code = tether.wait(process)
    except KeyboardInterrupt:
        return tether.end(process)
    finally:
        shown.join(_LAST_WORDS_S)
    if code and not answered:
        sys.stderr.write("".join(tail))
        sys.stderr.write(f"Dagster did not start. All it printed is in {log_file(settings)}\n")
    return code


def _keep(process: subprocess.Popen[bytes], file: Path, tail: deque[str]) -> None:
    """Write what Dagster prints to a log: it logs names from files as they are."""
    if process.stdout is None:
        return
    log = logging.getLogger(f"{__name__}.dagster")
    log.propagate = False
    log.setLevel(logging.INFO)
    private.make(file.parent)
    handler = RotatingFileHandler(
        file, maxBytes=_LOG_BYTES, backupCount=_LOGS, encoding="utf-8", errors="replace"
    )
    handler.terminator = ""
    log.addHandler(handler)
    try:
        while line := process.stdout.readline(_LONGEST_LINE):
            text = line.decode("utf-8", errors="replace").replace("\r\n", "\n")
            tail.append(shown := printable(without_colours(text)))
            log.info("%s", shown)
    finally:
        log.removeHandler(handler)
        handler.close()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://{HOST}:{port}/server_info", timeout=2):
                return True
        except (URLError, OSError):
            time.sleep(0.3)
    return False
