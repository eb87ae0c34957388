from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from iracing_pipeline.local import tether
from iracing_pipeline_tests.prometheus_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.settings import Settings

# Says how it was ended, in a file.
WITNESS = """
import signal, sys, time
from pathlib import Path
said = Path(sys.argv[1])
def terminated(*_):
    said.write_text("terminated")
    sys.exit(0)
if sys.argv[2] == "term":
    signal.signal(signal.SIGTERM, terminated)
said.write_text("runs")
try:
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    said.write_text("interrupted")
"""


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "witness.py").write_text(WITNESS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")  # noqa: PTH109
    return tmp_path / "said"


def until(said: Path, text: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if said.exists() and said.read_text(encoding="utf-8") == text:
            return
        time.sleep(0.05)
    raise AssertionError(said.read_text(encoding="utf-8") if said.exists() else "not started")


@pytest.mark.parametrize(("how", "end"), [("term", "terminated"), ("plain", "interrupted")])
def test_a_child_ends_when_it_is_released(witness: Path, how: str, end: str) -> None:
    child = tether.start("witness", str(witness), how)
    until(witness, "runs")

    tether.release(child)

    assert tether.wait(child) == 0
    assert witness.read_text(encoding="utf-8") == end


def test_a_child_ends_when_its_parent_is_killed(witness: Path) -> None:
    program = (
        "from iracing_pipeline.local import tether\n"
        f"tether.wait(tether.start('witness', {str(witness)!r}, 'plain'))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    until(witness, "runs")

    parent.kill()
    parent.wait()

    until(witness, "interrupted")


@pytest.fixture
def started(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """The pipeline as started by ``up``, with all of its processes."""
    port = free_port()
    command = [sys.executable, "-m", "iracing_pipeline", "up", "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.pop("DAGSTER_HOME", None)
    del settings  # it is in the environment
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        if b"The Dagster UI is at" in line:
            break
    family = psutil.Process(process.pid).children(recursive=True)
    try:
        yield process, family
    finally:
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", ["terminated", "killed"])
def test_nothing_is_left_of_what_up_started(
    started: tuple[subprocess.Popen[bytes], list[psutil.Process]], how: str
) -> None:
    process, family = started
    assert len(family) > 3, "webserver, daemon, code server"

    if how == "killed":
        process.kill()
    else:
        process.terminate()  # on Windows the same

    _, left = psutil.wait_procs(family, timeout=60)
    assert left == []
    process.wait(timeout=30)
