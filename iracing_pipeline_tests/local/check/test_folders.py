from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.inbox import places
from iracing_pipeline.local.check import State, folders, machine
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

IS_ROOT = os.name != "nt" and os.geteuid() == 0


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that cannot be written to; root can write to any, but not on a read-only disk."""
    folder = tmp_path / "closed"
    folder.mkdir()
    if not IS_ROOT:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=4k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("root needs a read-only disk, and may not mount one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - found by then


def settings(home: Path, lake: str | None = None) -> Settings:
    env = {"IRACING_HOME": str(home)}
    return Settings.from_env(env | ({"IRACING_LAKE": lake} if lake else {}))


def test_recordings_are_counted_and_the_newest_is_dated(tmp_path: Path) -> None:
    for number, name in enumerate(("a.ibt", "B.IBT", "notes.txt")):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1_700_000_000 + number,) * 2)

    (finding,) = folders.telemetry(tmp_path)

    newest = datetime.fromtimestamp(1_700_000_001, UTC)
    assert finding.state is State.OK
    assert f"2 .ibt files, the newest of {newest:%Y-%m-%d %H:%M} UTC" in finding.said


def test_recordings_in_folders_below_count_as_they_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "a.ibt").write_bytes(b"")

    (finding,) = folders.telemetry(tmp_path)

    assert finding.state is State.OK
    assert "1 .ibt files" in finding.said


def test_a_recording_that_is_gone_is_not_a_folder_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ibt").write_bytes(b"")
    there = str(tmp_path / "a.ibt")
    gone = str(tmp_path / "gone.ibt")
    monkeypatch.setattr(folders, "list_folder", lambda _folder: [there, gone])

    (finding,) = folders.telemetry(tmp_path)

    assert "1 .ibt files" in finding.said


def test_a_folder_without_recordings_is_a_warning(tmp_path: Path) -> None:
    (finding,) = folders.telemetry(tmp_path)

    assert (finding.state, finding.said) == (State.WARNING, f"{tmp_path} holds no .ibt file")
    assert finding.advice
    assert "Alt+L" in finding.advice


def test_a_missing_folder_is_wrong_and_those_that_are_there_are_named(tmp_path: Path) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.mkdir()

    (finding,) = folders.telemetry(gone, (gone, there, tmp_path / "neither"))

    assert (finding.state, finding.said) == (State.WRONG, f"there is no {gone}")
    assert finding.advice
    assert finding.advice.startswith("Set IRACING_TELEMETRY_DIR")
    assert finding.advice.endswith(f"; there is {there}")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    (finding,) = folders.telemetry(tmp_path / "file")

    assert (finding.state, finding.said) == (State.WRONG, f"{tmp_path / 'file'} is a file")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_folder_that_is_closed_to_us_is_wrong(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    folder.chmod(0)
    if IS_ROOT:
        os.seteuid(65534)
    try:
        (finding,) = folders.telemetry(folder)
    finally:
        if IS_ROOT:
            os.seteuid(0)
        folder.chmod(0o700)

    assert finding.state is State.WRONG
    assert finding.said == f"{folder} cannot be read: Permission denied"


def test_a_data_folder_that_is_still_to_be_made_is_fine(tmp_path: Path) -> None:
    (finding,) = folders.home(tmp_path / "new" / "home")

    assert finding.state is State.OK
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_written_to_is_wrong(closed: Path) -> None:
    (finding,) = folders.home(closed / "home")
    (lake,) = folders.lake(settings(closed / "home"))

    assert (finding.state, lake.state) == (State.WRONG, State.WRONG)
    assert finding.said.startswith(f"{closed} cannot be written to: ")
    assert finding.advice == "Set IRACING_HOME to a folder of your own"


def test_a_file_in_the_way_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "lake").write_bytes(b"")

    (finding,) = folders.lake(settings(tmp_path))

    assert (finding.state, finding.said) == (State.WRONG, f"{tmp_path / 'lake'} is a file")


def test_a_data_folder_that_is_synchronised_is_a_warning(tmp_path: Path) -> None:
    (finding,) = folders.home(tmp_path / "OneDrive - Racing" / "home")

    assert finding.state is State.WARNING


@pytest.mark.parametrize(("length", "state"), [(120, State.OK), (200, State.WRONG)])
def test_paths_that_windows_does_not_take_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, state: State
) -> None:
    lake = tmp_path / ("x" * (length - len(str(tmp_path)) - 1))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(folders, "_long_paths", lambda: False)

    (finding,) = folders.lake(settings(tmp_path, str(lake)))

    assert finding.state is state


def test_a_lake_in_an_object_store_is_written_to(tmp_path: Path) -> None:
    (finding,) = folders.lake(settings(tmp_path, "memory://lake"))
    (other,) = folders.lake(settings(tmp_path, "nothing://lake"))

    assert (finding.state, finding.said) == (State.OK, "memory://lake")
    assert other.state is State.WRONG


@pytest.mark.parametrize(
    ("free", "state"),
    [(100 << 20, State.WRONG), (1 << 30, State.WARNING), (20 << 30, State.WARNING),
     (200 << 30, State.OK)],
)  # fmt: skip
def test_room_is_looked_at_once_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    usage = type(shutil.disk_usage(tmp_path))(500 << 30, (500 << 30) - free, free)
    monkeypatch.setattr("iracing_pipeline.local.check.folders.shutil.disk_usage", lambda _: usage)

    findings = folders.disks({"data folder": tmp_path / "new" / "home", "lake": tmp_path})

    assert [each.state for each in findings] == [state]
    assert findings[0].said.endswith("are free where the data folder is")


def test_a_folder_in_onedrive_is_a_candidate_in_any_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "OneDrive - Jörg Müller" / "Dokumente"
    (documents / "iRacing" / "telemetry").mkdir(parents=True)
    monkeypatch.setattr("platformdirs.user_documents_dir", lambda: str(documents))

    findings = places.telemetry_candidates({"OneDriveCommercial": str(documents.parent)})

    assert findings == (
        documents / "iRacing" / "telemetry",
        Path.home() / "Documents" / "iRacing" / "telemetry",
    )


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 9), State.WRONG), ((3, 11, 0), State.OK), ((3, 13, 9), State.OK),
     ((3, 14, 0), State.WRONG)],
)  # fmt: skip
def test_python_is_one_that_this_is_made_for(version: tuple[int, int, int], state: State) -> None:
    assert [each.state for each in machine.python(version)] == [state]


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        (0.4, State.OK, "within 5 s of the database, Prometheus"),
        (-20.0, State.WARNING, "the clock of Prometheus is 20 s behind ours"),
        (3600.0, State.WRONG, "the clock of Prometheus is 3600 s ahead of ours"),
    ],
)
def test_clocks_are_compared(ahead: float, state: State, said: str) -> None:
    (finding,) = machine.clock({"the database": 0.1, "Prometheus": ahead, "Grafana": None})

    assert (finding.state, finding.said) == (state, said)


def test_a_clock_that_nobody_knows_is_not_spoken_of() -> None:
    assert machine.clock({"the database": None}) == []
