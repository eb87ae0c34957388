"""The Dagster UI and daemon on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.error import URLError
from urllib.request import urlopen

from iracing_pipeline.child_environment import of_pipeline
from iracing_pipeline.local import dagster_home, tether
from iracing_pipeline.printable import printable, without_colours
from iracing_pipeline.warehouse import database_url, migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.settings import Settings

HOST = "127.0.0.1"
_STARTS_WITHIN_S = 120.0
_LONGEST_LINE = 1 << 16
_LAST_WORDS_S = 2.0


def free_port(wanted: int) -> int:
    """``wanted``, or the first port above it that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) != 0:
                return port
    raise OSError(f"no port from {wanted} to {wanted + 99} is free")


def serve(settings: Settings, port: int, started: Callable[[str], None]) -> int:
    """Run the UI and the daemon until they are stopped; the exit code.

    Args:
        settings: Where things are.
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
    shown = threading.Thread(target=_show, args=[process, sys.stderr], daemon=True)
    shown.start()
    signal.signal(signal.SIGTERM, lambda *_: tether.release(process))
    try:
        if _answers(process, port):
            started(f"http://{HOST}:{port}")
        return tether.wait(process)
    except KeyboardInterrupt:
        return tether.end(process)
    finally:
        shown.join(_LAST_WORDS_S)


def _show(process: subprocess.Popen[bytes], stream: TextIO) -> None:
    """Pass on what Dagster prints: it logs names from files as they are."""
    if process.stdout is None:
        return
    while line := process.stdout.readline(_LONGEST_LINE):
        text = line.decode("utf-8", errors="replace").replace("\r\n", "\n")
        with suppress(OSError, ValueError):  # nobody reads it any more; Dagster goes on
            stream.write(printable(without_colours(text)))
            stream.flush()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://{HOST}:{port}/server_info", timeout=2):
                return True
        except (URLError, OSError):
            time.sleep(0.3)
    return False
