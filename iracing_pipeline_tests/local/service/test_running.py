"""Services as they are installed, and as they run in the background."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from iracing_pipeline import cli
from iracing_pipeline.local.service import background, manager

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDS_PROGRAMS = pytest.mark.skipif(
    os.name == "nt", reason="the simulated program is a shell script"
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["service", *arguments])


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in the place of systemd's program, which records its arguments."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    calls = tmp_path / "calls"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> "{calls}"\n'
        'if [ "$2" = is-active ]; then echo active; fi\n'
        f'if [ -e "{tmp_path}/broken" ]; then echo "no bus" >&2; exit 1; fi\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("IRACING_") and "HOME" not in name]:
        monkeypatch.delenv(name)
    return calls


@NEEDS_PROGRAMS
def test_a_service_is_installed_seen_and_removed(systemctl: Path, tmp_path: Path) -> None:
    unit = tmp_path / "config" / "systemd" / "user" / "iracing-pipeline-up.service"
    assert "up: not installed" in run("status").output

    installed = run("install")
    assert installed.exit_code == 0, installed.output
    assert str(unit) in installed.output
    assert f"IRACING_HOME={tmp_path / 'home'}" in unit.read_text(encoding="utf-8")
    assert "up: active" in run("status").output
    assert run("remove", "up").exit_code == 0
    assert not unit.exists()
    assert systemctl.read_text(encoding="utf-8").splitlines() == [
        "--user daemon-reload",
        "--user enable iracing-pipeline-up.service",
        "--user restart iracing-pipeline-up.service",
        "--user is-active iracing-pipeline-up",
        "--user disable --now iracing-pipeline-up.service",
    ]


@NEEDS_PROGRAMS
@pytest.mark.usefixtures("systemctl")
def test_a_secret_is_named_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRACING_PASSWORD", "s3cret")

    done = run("install")

    assert "set IRACING_PASSWORD_FILE" in done.output
    written = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert [each for each in written if "s3cret" in each.read_text(encoding="utf-8")] == []


@NEEDS_PROGRAMS
@pytest.mark.usefixtures("systemctl")
def test_a_service_that_is_not_taken_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()

    done = run("install")

    assert done.exit_code == 1
    assert "systemd does not run for this user" in done.output
    assert list((tmp_path / "config" / "systemd" / "user").iterdir()) == []


@NEEDS_PROGRAMS
@pytest.mark.usefixtures("systemctl")
def test_a_service_that_was_there_stays_when_another_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("install").exit_code == 0
    (unit,) = (tmp_path / "config" / "systemd" / "user").iterdir()
    before = unit.read_bytes()
    (tmp_path / "broken").touch()
    monkeypatch.setenv("IRACING_METRIC_HZ", "5")

    assert run("install").exit_code == 1

    assert unit.read_bytes() == before


def test_on_macos_an_agent_that_is_there_is_taken_out_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    ending = ["still there", ""]

    def called(*command: str, may_fail: bool = False) -> str:
        calls.append(command[1])
        assert may_fail == (command[1] != "bootstrap")
        return ending.pop(0) if command[1] == "list" else ""

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "getuid", lambda: 501, raising=False)
    monkeypatch.setattr(manager, "_run", called)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(sys, "platform", "darwin")

    assert run("install").exit_code == 0

    assert calls == ["bootout", "list", "list", "bootstrap"]


@NEEDS_PROGRAMS
def test_a_system_without_a_manager_is_a_message(systemctl: Path) -> None:
    (systemctl.parent / "bin" / "systemctl").unlink()

    done = run("install")

    assert done.exit_code == 1
    assert "There is no program systemctl here" in done.output


def test_on_windows_the_task_scheduler_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, ...]] = []

    def called(*command: str, may_fail: bool = False) -> str:
        if "/XML" in command:
            assert b"L\0o\0g\0o\0n\0T\0r\0i\0g\0g\0e\0r" in Path(command[5]).read_bytes()
            command = (*command[:5], "FILE", *command[6:])
        calls.append(command)
        assert may_fail == (command[1] in {"/End", "/Query"})
        return ""

    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERDOMAIN", "PC")
    monkeypatch.setenv("USERNAME", "me")
    monkeypatch.setattr(manager, "_run", called)
    monkeypatch.setattr(sys, "platform", "win32")

    assert [run(what).exit_code for what in ("install", "remove")] == [0, 0]
    name = ("/TN", "iracing-pipeline-up")
    assert [each for each in calls if "iracing-pipeline-up" in each] == [
        ("schtasks", "/End", *name),
        ("schtasks", "/Create", *name, "/XML", "FILE", "/F"),
        ("schtasks", "/Run", *name),
        ("schtasks", "/End", *name),
        ("schtasks", "/Delete", *name, "/F"),
    ]
    assert len(calls) == 10, "up and live"


def test_output_goes_to_a_log_that_does_not_grow_for_ever(tmp_path: Path) -> None:
    log = tmp_path / "home" / "logs" / "down.log"
    env = {**os.environ, "IRACING_HOME": str(tmp_path / "home")}

    assert background.run("down", env, log) == 0
    assert log.read_text(encoding="utf-8").strip() == "It was not running."
    log.write_bytes(b"x" * 6_000_000)
    assert background.run("down", env, log) == 0
    assert log.read_text(encoding="utf-8").strip() == "It was not running."
    assert (log.parent / "down.1.log").stat().st_size == 6_000_000


def test_the_command_gets_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "Jörg Müller"
    monkeypatch.setattr(sys, "argv", ["background", f"IRACING_HOME={home}", "A=b=c", "down"])
    seen: list[tuple[str, str, Path]] = []

    def once(command: str, env: dict[str, str], log: Path) -> int:
        seen.append((command, env["A"], log))
        return 0

    monkeypatch.setattr(background, "run", once)

    assert background.main() == 0
    assert seen == [("down", "b=c", home / "logs" / "down.log")]


def test_what_fails_is_started_again_with_longer_rests() -> None:
    now = 0.0
    rests: list[float] = []

    def once() -> int:
        nonlocal now
        took, code = next(runs)
        now += took
        return code

    def sleep(seconds: float) -> None:
        rests.append(seconds)

    def lives() -> Iterator[tuple[float, int]]:
        for _ in range(8):
            yield 1.0, 1
        yield 3600.0, 1  # it worked for an hour
        yield 1.0, 1
        yield 1.0, 0

    runs = lives()

    assert background.keep_running(once, sleep, lambda: now) == 0
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300, 5, 10]
