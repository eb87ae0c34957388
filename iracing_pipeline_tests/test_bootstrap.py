from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline import bootstrap

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Machine:
    """A checkout, and what was done with it."""

    root: Path
    commands: list[list[str]] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        self.commands.append([str(word) for word in command])
        code = next((code for word, code in self.codes.items() if word in command), 0)
        return subprocess.CompletedProcess(command, code)

    def begin(self, *, needs: tuple[str, ...] = ("json",)) -> None:
        bootstrap.run_installed("the_module", "constraints.txt", needs)


def create(prefix: Path, *, with_pip: bool, clear: bool = False) -> None:
    assert not with_pip
    assert not clear
    bootstrap._python(prefix).parent.mkdir(parents=True)
    bootstrap._python(prefix).touch()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A fresh checkout, and a Python that is in no virtual environment."""
    (tmp_path / "constraints.txt").write_text("click==8.1 --hash=sha256:00\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    made = Machine(tmp_path)
    monkeypatch.setenv(bootstrap._INSTALLED, "")  # what is set in the test is forgotten after it
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr("iracing_pipeline.bootstrap.subprocess.run", made.run)
    monkeypatch.setattr("iracing_pipeline.bootstrap.venv.create", create)
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "argv", ["the_module", "--exit"])
    return made


def test_a_fresh_checkout_is_installed_by_hash_into_an_environment_of_its_own(
    machine: Machine,
) -> None:
    with pytest.raises(SystemExit) as ended:
        machine.begin()

    assert ended.value.code == 0
    dependencies, project, module = machine.commands
    assert {"--require-hashes", "-r", str(machine.root / "constraints.txt")} <= set(dependencies)
    assert dependencies[dependencies.index("--python") + 1].startswith(str(machine.root / ".venv"))
    assert {"--no-deps", "-e", str(machine.root)} <= set(project)
    assert module[1:] == ["-m", "the_module", "--exit"]


def test_the_second_time_nothing_is_installed_until_the_pins_change(machine: Machine) -> None:
    with pytest.raises(SystemExit):
        machine.begin()
    machine.commands.clear()

    with pytest.raises(SystemExit):
        machine.begin()
    assert [command[1:3] for command in machine.commands] == [["-m", "the_module"]]

    machine.commands.clear()
    (machine.root / "constraints.txt").write_text("click==8.2\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        machine.begin()
    assert len(machine.commands) == 3


def test_the_code_of_the_module_is_handed_on(machine: Machine) -> None:
    machine.codes["the_module"] = 7

    with pytest.raises(SystemExit) as ended:
        machine.begin()

    assert ended.value.code == 7


def test_an_install_that_fails_ends_it_and_is_done_again(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.codes["--require-hashes"] = 1

    with pytest.raises(SystemExit) as ended:
        machine.begin()

    assert ended.value.code == 1
    assert len(machine.commands) == 1
    assert "Installing failed" in capsys.readouterr().err
    machine.codes.clear()
    machine.commands.clear()
    with pytest.raises(SystemExit):
        machine.begin()
    assert len(machine.commands) == 3


def test_an_environment_that_its_owner_set_up_is_used(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "own"))

    machine.begin()

    assert machine.commands == []


@pytest.mark.parametrize("has_pip", [True, False])
def test_an_active_environment_that_lacks_something_is_completed(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_pip: bool
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setattr(sys, "prefix", str(own))
    monkeypatch.setattr(bootstrap, "_lacks", lambda needs: needs != ("pip",) or not has_pip)

    with pytest.raises(SystemExit):
        machine.begin(needs=("json", "a_module_that_is_not_there"))

    assert len(machine.commands) == 3
    # An environment without pip is served by the pip of the Python that it was made from.
    named = ["--python" in command for command in machine.commands]
    assert named == [not has_pip, not has_pip, False]
    assert machine.commands[-1][0] == sys.executable


def test_an_installed_wheel_needs_nothing(machine: Machine) -> None:
    (machine.root / "constraints.txt").unlink()

    machine.begin(needs=("a_module_that_is_not_there",))

    assert machine.commands == []


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_another_python_is_named_before_anything_is_made(
    machine: Machine,
    version: tuple[int, int, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "version_info", version)

    with pytest.raises(SystemExit) as ended:
        machine.begin()

    message = capsys.readouterr().err
    assert ended.value.code == 1
    assert "needs Python 3.11, 3.12 or 3.13; this is " + ".".join(map(str, version)) in message
    assert "3.13 -m the_module --exit" in message
    assert machine.commands == []
    assert not (machine.root / ".venv").exists()


@pytest.mark.parametrize(
    "configuration",
    ["home = /nowhere/bin\nversion = 3.12.1\n", "home = /\nversion_info = 3.10.4.final.0\n"],
)
def test_a_broken_environment_is_made_anew(
    machine: Machine,
    configuration: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def create_again(prefix: Path, *, with_pip: bool, clear: bool) -> None:
        assert not with_pip
        assert clear
        (prefix / "pyvenv.cfg").unlink()

    prefix = machine.root / ".venv"
    create(prefix, with_pip=False)
    (prefix / "pyvenv.cfg").write_text(configuration, encoding="utf-8")
    monkeypatch.setattr("iracing_pipeline.bootstrap.venv.create", create_again)

    with pytest.raises(SystemExit) as ended:
        machine.begin()

    assert ended.value.code == 0
    assert "is broken" in capsys.readouterr().err
    assert len(machine.commands) == 3


def test_an_environment_that_stays_without_packages_is_not_installed_for_ever(
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv(bootstrap._INSTALLED, "1")

    with pytest.raises(SystemExit) as ended:
        machine.begin(needs=("no_such_module",))

    assert ended.value.code == 1
    assert "Delete it" in capsys.readouterr().err
    assert machine.commands == []


def test_ctrl_c_in_the_installation_is_a_sentence(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("iracing_pipeline.bootstrap.subprocess.run", stop)

    with pytest.raises(SystemExit) as ended:
        machine.begin()

    assert ended.value.code == 130
    assert "Stopped." in capsys.readouterr().err
