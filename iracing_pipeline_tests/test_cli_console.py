"""That no text from outside controls the terminal, and that no traceback meets the user."""

from __future__ import annotations

import ast
import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import iracing_pipeline
from iracing_pipeline.cli.console import echo
from iracing_pipeline.cli.failures import sentence
from iracing_pipeline.cli.group import Commands
from iracing_pipeline.printable import printable

CLI = Path(iracing_pipeline.__file__).parent / "cli"
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Jörg Müller 日本 🏁", "Jörg Müller 日本 🏁"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x1b[2J\x1b[31m", r"\x1b[2J\x1b[31m"),
        ("\x9b31m", r"\u009b31m"),
        ("a\rb\bc", r"a\rb\x08c"),
        ("abc\u202egnp.exe", r"abc\u202egnp.exe"),
        ("a\u2028b", r"a\u2028b"),
        ("half \ud800", r"half \ud800"),
    ],
)
def test_controls_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_printed_and_what_is_wrong_go_the_same_way() -> None:
    @click.group(cls=Commands)
    def program() -> None:
        pass

    @program.command()
    def say() -> None:
        echo("driver \x1b[31m")
        raise PermissionError(errno.EACCES, "Permission denied", "/data/\x1b[2J")

    done = CliRunner().invoke(program, ["say"])

    assert "\x1b" not in done.output
    assert r"driver \x1b[31m" in done.output
    assert r"/data/\x1b[2J cannot be used: Permission denied" in done.output
    assert done.exit_code == 1


def test_no_command_prints_in_another_way() -> None:
    """``click.echo`` and ``print`` would let an escape sequence through."""
    others = []
    for path in sorted(CLI.glob("*.py")):
        if path.name == "console.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            others += [f"{path.name}: {name}"] * (name in {"click.echo", "print", "click.secho"})

    assert others == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), "The disk is full: /data/x"),
        (OSError(errno.EROFS, "Read-only file system", "/data"), "/data cannot be used: Read-only"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many files are open"),
        (sqlite3.OperationalError("database or disk is full"), "The disk is full"),
        (sqlite3.OperationalError("unable to open database file"), "Dagster's storage cannot"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "Dagster's storage"),
    ],
)
def test_a_failure_of_the_system_is_a_sentence(error: Exception, said: str) -> None:
    assert said in str(sentence(error))
    wrapped = RuntimeError("of a library")
    wrapped.__cause__ = error
    assert said in str(sentence(wrapped))


def test_a_fault_of_ours_stays_a_traceback() -> None:
    assert sentence(ZeroDivisionError()) is None
    assert sentence(OSError("no number")) is None


def run(home: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("IRACING")}
    env |= {"IRACING_HOME": str(home), "IRACING_TELEMETRY_DIR": str(home), "DAGSTER_HOME": ""}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "iracing_pipeline", *arguments],
        env=env, capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip


@pytest.fixture
def file_for_a_folder(tmp_path: Path) -> Path:
    """A home that cannot be made, for root either."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "home"


@pytest.mark.parametrize("command", [["up"], ["load", "."], ["dsn"], ["demo", "--exit"]])
def test_a_home_that_cannot_be_written_is_a_sentence(
    file_for_a_folder: Path, command: list[str]
) -> None:
    done = run(file_for_a_folder, *command)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert "IRACING_HOME" in done.stderr


@pytest.mark.skipif(not ROOT or sys.platform != "linux", reason="mounts a small disk")
@pytest.mark.parametrize("command", [["up"], ["load", "."], ["dsn"], ["demo", "--exit"]])
def test_a_full_disk_is_a_sentence(tmp_path: Path, command: list[str]) -> None:
    mount = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mount.returncode:
        pytest.skip("may not mount")
    try:
        done = run(tmp_path, *command)
    finally:
        subprocess.run(["/bin/umount", str(tmp_path)], check=False)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert "full" in done.stderr or "No space left" in done.stderr
