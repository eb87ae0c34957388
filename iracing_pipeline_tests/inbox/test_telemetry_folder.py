from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ibt.writer import IbtWriter
from iracing_pipeline.inbox import telemetry_folder
from iracing_pipeline.inbox.telemetry_folder import (
    FolderMissingError,
    Refusal,
    Settle,
    State,
    TelemetryFile,
    batches,
    list_folder,
    look,
)
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)


@dataclass
class Watch:
    """Looks at a folder again and again, as the sensor does."""

    folder: Path
    now: datetime = NOW
    settle: Settle = field(default_factory=Settle)
    files: dict[str, TelemetryFile] = field(default_factory=dict)
    loaded: dict[str, int] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)

    def look(self, after_s: float = 5) -> dict[str, str]:
        self.now += timedelta(seconds=after_s)
        seen = look(
            list_folder(self.folder),
            self.files,
            self.loaded,
            now=self.now,
            settle=self.settle,
            folder=self.folder,
        )
        self.files |= {file.path: file for file in seen.changed}
        self.refused = seen.refused
        return self.states

    @property
    def states(self) -> dict[str, str]:
        return {file.file_name: file.state.value for file in self.files.values()}

    def file(self, name: str) -> TelemetryFile:
        return next(file for file in self.files.values() if file.file_name == name)

    def load(self) -> None:
        """Load ready files, as a run does."""
        for path, file in self.files.items():
            if file.state is State.READY and file.session_key and file.record_count:
                most = max(self.loaded.get(file.session_key, 0), file.record_count)
                self.loaded[file.session_key] = most
                self.files[path] = replace(file, state=State.LOADED)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def record(
    path: Path, *, track: str = "Somewhere", laps: int = 2, closed: bool = True, age_s: float = 3600
) -> Path:
    """A recording of a session told from others by its track, last written ``age_s`` ago."""
    return aged(recordings.session(path, track=track, laps=laps, closed=closed), age_s)


def aged(path: Path, age_s: float, since: datetime = NOW) -> Path:
    stamp = since.timestamp() - age_s
    os.utime(path, (stamp, stamp))
    return path


def test_a_whole_file_written_long_ago_is_ready_at_first_sight(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")

    assert watch.look() == {"a.ibt": "ready"}
    file = watch.file("a.ibt")
    assert file.session_key == IbtFile(path).session_key
    assert file.record_count == IbtFile(path).record_count
    assert (file.first_seen_at, file.unchanged_since) == (watch.now, watch.now)


def test_a_whole_file_just_written_must_stand_still_first(watch: Watch) -> None:
    record(watch.folder / "a.ibt", age_s=0)

    assert watch.look(after_s=1) == {"a.ibt": "waiting"}
    assert watch.look(after_s=1) == {"a.ibt": "ready"}


def test_a_recording_in_progress_waits_until_it_is_closed(watch: Watch) -> None:
    frame = recordings.drive([2.0] * 4, hz=5.0)
    path = watch.folder / "a.ibt"
    writer = IbtWriter(path, recordings.CHANNELS, recordings.INFO, start=recordings.START)
    assert watch.look() == {"a.ibt": "waiting"}, "a head without records"
    for first in range(0, frame.height, 25):
        writer.append(frame.slice(first, 25))
        aged(path, 0, watch.now)
        assert watch.look(after_s=30) == {"a.ibt": "waiting"}
    writer.close()
    aged(path, 0, watch.now)

    assert watch.look() == {"a.ibt": "waiting"}
    assert watch.look() == {"a.ibt": "ready"}
    assert watch.file("a.ibt").record_count == frame.height


def test_a_file_that_was_never_closed_is_taken_after_a_minute(watch: Watch) -> None:
    record(watch.folder / "a.ibt", closed=False)

    assert watch.look() == {"a.ibt": "waiting"}
    assert watch.look(after_s=59) == {"a.ibt": "waiting"}
    assert watch.look(after_s=1) == {"a.ibt": "ready"}
    assert "did not close" in (watch.file("a.ibt").note or "")


def test_a_growing_file_is_not_taken_though_its_server_lives_in_the_past(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt", closed=False)
    record_length = IbtFile(path).header.record_length
    for _ in range(20):
        with path.open("ab") as file:
            file.write(bytes(record_length))
        aged(path, 3600, watch.now)
        assert watch.look(after_s=10) == {"a.ibt": "waiting"}


def test_a_time_in_the_future_does_not_hold_a_file_back(watch: Watch) -> None:
    record(watch.folder / "a.ibt", age_s=-86_400 * 365)

    assert watch.look() == {"a.ibt": "waiting"}
    assert watch.look() == {"a.ibt": "ready"}


@pytest.mark.parametrize("stamp", [0, -5_000_000_000, 1_000_000_000_000])
def test_a_time_that_is_no_date_does_no_harm(watch: Watch, stamp: float) -> None:
    path = record(watch.folder / "a.ibt")
    try:
        os.utime(path, (stamp, stamp))
    except OSError:
        pytest.skip("this file system does not store such a time")

    watch.look()

    assert watch.look() == {"a.ibt": "ready"}


def test_a_truncated_copy_waits_and_is_then_taken_with_a_note(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 1000])
    aged(path, 3600)

    assert watch.look() == {"a.ibt": "waiting"}
    assert watch.look(after_s=60) == {"a.ibt": "ready"}
    assert watch.file("a.ibt").note


@pytest.mark.parametrize(
    ("content", "error_type"),
    [
        (b"", "EmptyFileError"),
        (b"PK\x03\x04" + bytes(4000), "NotTelemetryError"),
        (b"<html>not found</html>" * 100, "NotTelemetryError"),
    ],
    ids=["empty", "zip", "html"],
)
def test_foreign_content_is_refused_once_it_stands_still(
    watch: Watch, content: bytes, error_type: str
) -> None:
    record(watch.folder / "good.ibt")
    (watch.folder / "bad.ibt").write_bytes(content)

    assert watch.look() == {"good.ibt": "ready", "bad.ibt": "waiting"}
    assert watch.refused == []
    assert watch.look(after_s=60)["bad.ibt"] == "quarantined"
    (refusal,) = watch.refused
    assert (refusal.file.file_name, refusal.error_type) == ("bad.ibt", error_type)
    assert refusal.reason
    assert refusal.advice
    watch.look(after_s=60)
    assert watch.refused == [], "it is said once"


def test_a_refused_file_that_is_copied_again_is_taken(watch: Watch) -> None:
    (watch.folder / "a.ibt").write_bytes(b"half a copy")
    watch.look()
    assert watch.look(after_s=60) == {"a.ibt": "quarantined"}

    record(watch.folder / "a.ibt", age_s=0)

    watch.look()
    assert watch.look() == {"a.ibt": "ready"}


def test_a_locked_file_is_refused_and_taken_once_it_is_let_go(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(watch.folder / "free.ibt", track="Elsewhere")
    record(watch.folder / "locked.ibt")

    def locked(path: str) -> IbtFile:
        if path.endswith("locked.ibt"):
            raise PermissionError(13, "Permission denied", path)
        return IbtFile(path)

    with monkeypatch.context() as patch:
        patch.setattr(telemetry_folder, "IbtFile", locked)
        assert watch.look() == {"free.ibt": "ready", "locked.ibt": "waiting"}
        assert "Permission denied" in (watch.file("locked.ibt").note or "")
        assert watch.look(after_s=60)["locked.ibt"] == "quarantined"
        (refusal,) = watch.refused
        assert refusal.error_type == "PermissionError"
        assert "Close the program" in refusal.advice
        watch.look()
        assert watch.refused == []

    assert watch.look()["locked.ibt"] == "ready"


def test_a_file_that_windows_says_is_in_use_waits_until_it_is_let_go(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(watch.folder / "a.ibt")

    def in_use(path: str) -> IbtFile:
        error = PermissionError(13, "used by another process", path)
        error.winerror = 32  # type: ignore[attr-defined,unused-ignore]  # Windows only
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(telemetry_folder, "IbtFile", in_use)
        for _ in range(3):
            assert watch.look(after_s=3600) == {"a.ibt": "waiting"}
        assert watch.refused == []

    assert watch.look()["a.ibt"] == "ready"


def test_a_file_that_vanishes_between_listing_and_reading_is_left_out(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [str(record(watch.folder / "a.ibt")), str(watch.folder / "gone.ibt")]

    seen = look(listed, {}, {}, now=NOW, folder=watch.folder)

    assert [file.file_name for file in seen.changed] == ["a.ibt"]

    def vanish(path: str) -> IbtFile:
        Path(path).unlink()
        return IbtFile(path)

    monkeypatch.setattr(telemetry_folder, "IbtFile", vanish)
    assert watch.look() == {}
    assert watch.refused == []


def test_a_file_replaced_by_another_session_is_judged_anew(watch: Watch) -> None:
    record(watch.folder / "a.ibt")
    watch.look()
    watch.load()
    first = watch.file("a.ibt").session_key

    record(watch.folder / "a.ibt", track="Elsewhere", age_s=1)

    watch.look()
    assert watch.look() == {"a.ibt": "ready"}
    assert watch.file("a.ibt").session_key != first


def test_a_renamed_file_is_known_and_the_old_name_missing(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    watch.look()
    watch.load()

    path.rename(watch.folder / "b.ibt")

    assert watch.look() == {"a.ibt": "missing", "b.ibt": "loaded"}


def test_a_copy_is_a_duplicate(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    watch.look()
    shutil.copy2(path, watch.folder / "copy.ibt")

    assert watch.look() == {"a.ibt": "ready", "copy.ibt": "duplicate"}
    assert watch.file("copy.ibt").note == "same session as a.ibt"
    watch.load()
    assert watch.look() == {"a.ibt": "loaded", "copy.ibt": "duplicate"}


def test_of_copies_seen_at_once_one_is_taken(watch: Watch) -> None:
    path = record(watch.folder / "b.ibt")
    shutil.copy2(path, watch.folder / "a.ibt")
    shutil.copy2(path, watch.folder / "c.ibt")

    states = watch.look()

    assert states == {"a.ibt": "ready", "b.ibt": "duplicate", "c.ibt": "duplicate"}


def test_a_copy_stands_in_for_an_original_that_vanishes_before_it_is_loaded(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    shutil.copy2(path, watch.folder / "copy.ibt")
    watch.look()

    path.unlink()

    assert watch.look()["a.ibt"] == "missing"
    assert watch.look() == {"a.ibt": "missing", "copy.ibt": "ready"}


def test_a_copy_stands_in_for_an_original_that_a_run_refused(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    shutil.copy2(path, watch.folder / "copy.ibt")
    watch.look()

    watch.files[str(path)] = replace(watch.files[str(path)], state=State.QUARANTINED)

    assert watch.look() == {"a.ibt": "quarantined", "copy.ibt": "ready"}


def test_a_longer_copy_takes_the_place_of_one_that_is_not_loaded_yet(watch: Watch) -> None:
    path = record(watch.folder / "whole.ibt")
    content = path.read_bytes()
    path.rename(watch.folder / "hidden")
    cut = watch.folder / "cut.ibt"
    cut.write_bytes(content[: len(content) * 2 // 3])
    watch.look()
    assert watch.look(after_s=60) == {"cut.ibt": "ready"}

    (watch.folder / "hidden").rename(path)

    assert watch.look() == {"cut.ibt": "duplicate", "whole.ibt": "ready"}


def test_a_file_that_grew_is_loaded_again(watch: Watch) -> None:
    path = watch.folder / "a.ibt"
    frame = recordings.drive([2.0] * 4, hz=5.0)
    recordings.write(path, frame.head(30), closed=False)
    watch.look()
    assert watch.look(after_s=60) == {"a.ibt": "ready"}
    watch.load()
    assert watch.look() == {"a.ibt": "loaded"}

    recordings.write(path, frame)

    aged(path, 0, watch.now)
    assert watch.look() == {"a.ibt": "waiting"}
    assert watch.look() == {"a.ibt": "ready"}
    assert watch.file("a.ibt").record_count == frame.height


def test_a_file_that_shrank_does_not_replace_what_is_loaded(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    watch.look()
    watch.load()
    content = path.read_bytes()

    path.write_bytes(content[: len(content) // 2])
    aged(path, 0, watch.now)

    assert watch.look() == {"a.ibt": "waiting"}
    assert watch.look(after_s=60) == {"a.ibt": "loaded"}


def test_a_file_that_goes_and_comes_back_is_known(watch: Watch) -> None:
    path = record(watch.folder / "a.ibt")
    watch.look()
    watch.load()
    path.rename(watch.folder / "away")
    assert watch.look() == {"a.ibt": "missing"}
    assert watch.look() == {"a.ibt": "missing"}

    (watch.folder / "away").rename(path)

    assert watch.look() == {"a.ibt": "loaded"}


def test_a_folder_that_is_gone_is_said_and_loses_nothing(watch: Watch) -> None:
    record(watch.folder / "a.ibt")
    watch.look()
    watch.load()
    before = dict(watch.files)
    away = watch.folder.with_name("away")
    watch.folder.rename(away)

    with pytest.raises(FolderMissingError, match="IRACING_TELEMETRY_DIR"):
        watch.look()

    assert watch.files == before
    away.rename(watch.folder)
    assert watch.look() == {"a.ibt": "loaded"}


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()

    with pytest.raises(FolderMissingError, match="cannot be read"):
        list(list_folder(path))


def test_files_below_the_folder_and_in_capitals_count(tmp_path: Path) -> None:
    below = tmp_path / "2026" / "march.ibt"
    below.mkdir(parents=True)
    for path in (tmp_path / "A.IBT", below / "b.Ibt", tmp_path / "c.ibt.part", tmp_path / "d.txt"):
        path.touch()

    assert sorted(list_folder(tmp_path)) == [str(below / "b.Ibt"), str(tmp_path / "A.IBT")]


def test_a_folder_below_that_vanishes_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.ibt").touch()
    scandir = os.scandir

    def vanishing(folder: Path) -> Iterator[os.DirEntry[str]]:
        if folder.name == "below":
            raise FileNotFoundError(2, "No such file or directory")
        return scandir(folder)

    monkeypatch.setattr("iracing_pipeline.inbox.telemetry_folder.os.scandir", vanishing)

    assert list(list_folder(tmp_path)) == [str(tmp_path / "a.ibt")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this platform")
def test_a_pipe_does_not_hang_the_look(watch: Watch) -> None:
    os.mkfifo(watch.folder / "pipe.ibt")
    record(watch.folder / "a.ibt")

    assert watch.look() == {"a.ibt": "ready"}


@pytest.mark.skipif(os.name == "nt", reason="needs rights on Windows")
def test_a_link_leaks_nothing_of_its_target(
    watch: Watch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    secret, recording = elsewhere / "secret", record(elsewhere / "elsewhere.ibt")
    secret.write_text("hush-hush-hush-hush")
    (watch.folder / "a.ibt").symlink_to(secret)
    (watch.folder / "b.ibt").symlink_to(recording)

    assert watch.look() == {"a.ibt": "quarantined", "b.ibt": "quarantined"}

    assert {refusal.reason for refusal in watch.refused} == {"it is a link to a file elsewhere"}
    assert "hush" not in repr(watch.refused)


def test_a_reason_repeats_nothing_of_the_file(watch: Watch) -> None:
    (watch.folder / "a.ibt").write_text("hush-hush-hush-hush" * 50)
    watch.look()
    watch.look(120)

    (refusal,) = watch.refused
    assert "hush" not in repr(refusal).replace(str(watch.folder), "")


def test_a_name_that_is_no_text_is_refused_and_can_be_stored(watch: Watch) -> None:
    made = record(watch.folder / "a.ibt")
    try:
        made.rename(watch.folder / os.fsdecode(b"bad \xff.ibt"))
    except OSError:
        pytest.skip("this file system takes only text for names")

    watch.look()

    (refusal,) = watch.refused
    assert "Rename" in refusal.advice
    assert refusal.file.path.encode()
    watch.look()
    assert watch.refused == []


def test_ten_thousand_known_files_are_cheap(tmp_path: Path) -> None:
    template = record(tmp_path / "a.ibt")
    size = template.stat().st_size
    folder = tmp_path / "many"
    folder.mkdir()
    expected = {}
    for number in range(10_000):
        path = folder / f"{number}.ibt"
        path.touch()
        modified = telemetry_folder._time(path.stat().st_mtime)
        expected[str(path)] = TelemetryFile(
            str(path), path.name, 0, modified, State.LOADED, NOW, NOW, NOW, f"key {number}", size
        )

    costs = []
    for _ in range(3):  # a busy machine slows one look, not all
        began = time.thread_time()
        seen = look(list_folder(folder), expected, {}, now=NOW, folder=folder)
        costs.append(time.thread_time() - began)

    assert seen.changed == []
    assert min(costs) < 2.0


def test_batches_are_bounded_by_number_and_by_bytes() -> None:
    def sized(size: int) -> TelemetryFile:
        return TelemetryFile("a", "a", size, NOW, State.READY, NOW, NOW, NOW)

    by_number = batches([sized(1)] * 5, most=2)
    by_bytes = batches([sized(60), sized(30), sized(20), sized(200), sized(1)], most_bytes=100)

    assert [len(group) for group in by_number] == [2, 2, 1]
    assert [[f.size_bytes for f in group] for group in by_bytes] == [[60, 30], [20], [200], [1]]
    assert batches([]) == []
