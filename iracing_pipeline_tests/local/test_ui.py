from __future__ import annotations

import io
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from iracing_pipeline.local import dagster_home, ui

if TYPE_CHECKING:
    from iracing_pipeline.settings import Settings


def test_the_next_free_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind((ui.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert ui.free_port(port) > port
    assert ui.free_port(port) == port


class Ended:
    """A process that has ended at once."""

    def __init__(
        self,
        command: list[str],
        *,
        env: dict[str, str],
        cwd: Path,
        stdin: int,
        stdout: int,
        stderr: int,
    ) -> None:
        assert (stdout, stderr) == (subprocess.PIPE, subprocess.STDOUT)
        self.command, self.env, self.cwd, self.stdin = command, env, cwd, stdin
        self.stdout = io.BytesIO(b"\x1b[32mdriver \x1b]0;owned\x07 \xff\n")
        started.append(self)

    def poll(self) -> int:
        return 3

    def wait(self, timeout: float) -> int:
        assert timeout
        return 3


started: list[Ended] = []


@pytest.fixture(autouse=True)
def _handlers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iracing_pipeline.local.ui.signal.signal", lambda *_: None)
    monkeypatch.setattr("iracing_pipeline.local.tether.subprocess.Popen", Ended)
    started.clear()


def test_what_dagster_prints_cannot_control_the_terminal(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ui.serve(settings, 3299, lambda _url: None)

    shown = "driver \\x1b]0;owned\\x07 \ufffd\n"
    assert ui.log_file(settings).read_text(encoding="utf-8") == shown
    assert capsys.readouterr().err == (
        f"{shown}Dagster did not start. All it printed is in {ui.log_file(settings)}\n"
    )


def test_what_is_started_means_the_same_places(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRACING_DATABASE_URL_FILE", "url.txt")
    lines: list[str] = []

    code = ui.serve(settings, 3299, lines.append)

    assert code == 3
    assert lines == [], "it never answered"
    (process,) = started
    assert process.cwd == settings.home / "dagster"
    assert process.env["DAGSTER_HOME"] == str(settings.home / "dagster")
    assert process.env["IRACING_HOME"] == str(settings.home)
    assert process.env["IRACING_TELEMETRY_DIR"] == str(settings.telemetry_dir)
    assert process.env["IRACING_LAKE"] == settings.lake
    assert process.env["IRACING_DATABASE_URL_FILE"] == str(tmp_path / "url.txt")
    assert process.env["DAGSTER_DISABLE_TELEMETRY"] == "1"
    arguments: dict[str, Any] = dict(zip(process.command, process.command[1:], strict=False))
    assert arguments["-h"] == "127.0.0.1"
    assert arguments["-p"] == "3299"
    workspace = yaml.safe_load(Path(arguments["-w"]).read_text(encoding="utf-8"))
    assert workspace["load_from"] == [
        {
            "python_module": {
                "module_name": "iracing_pipeline.definitions",
                "location_name": "iracing_pipeline",
            }
        }
    ]
    assert str(dagster_home.PACKAGE.parent) in process.env["PYTHONPATH"]
