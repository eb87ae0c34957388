"""Archives that somebody made to harm whoever restores them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline import backup
from iracing_pipeline.backup import BackupError, DamagedArchiveError, NoRoomError, database, folders
from iracing_pipeline.backup.manifest import Manifest, is_member_path
from iracing_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iracing_pipeline_tests.backup.conftest import Pipeline

CONTENT = b"owned\n"
MB = 1 << 20


def quiet(_line: str) -> None:
    pass


def forge(
    archive: Path,
    change: Callable[[dict[str, Any]], object],
    members: dict[str, bytes] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """A copy of an archive with another manifest and more members, whose digests are right."""
    forged = archive.with_name("evil.zip")
    members = members or {}
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(forged, "w") as target:
        for info in source.infolist():
            if info.filename != "manifest.json" and info.filename not in members:
                target.writestr(info, source.read(info))
        stored = json.loads(source.read("manifest.json"))
        for name, content in members.items():
            target.writestr(name, content, method)
        change(stored)
        target.writestr("manifest.json", json.dumps(stored), zipfile.ZIP_DEFLATED)
    return forged


def file(name: str, content: bytes = CONTENT, size: int | None = None) -> dict[str, object]:
    return {
        "name": name,
        "size_bytes": len(content) if size is None else size,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def refuse(forged: Path, pipeline: Pipeline, **options: Any) -> BackupError:
    """Restore an archive that must be refused with all as before; why it was."""
    before = pipeline.rows(), pipeline.files()
    beside = sorted(pipeline.home.iterdir())
    with pytest.raises(BackupError) as caught:
        backup.restore(forged, pipeline.url, pipeline.lake, quiet, replace=True, **options)
    assert (pipeline.rows(), pipeline.files()) == before
    assert sorted(pipeline.home.iterdir()) == beside
    return caught.value


OUTSIDE = [
    "lake/{target}",  # lake//absolute/path
    "lake/../{target}",
    "lake/a/../../../evil",
    "lake/./evil",
    "lake//evil",
    "lake/evil/",
    "lake/C:evil",
    "lake/..\\evil",
    "lake/a/con.txt",
    "lake/a/evil.",
    "lake/a/evil ",
    "lake/a\x1b[31m",
    "tables/evil",
    "evil",
    "",
    "{target}",
    "lake/" + "a" * 2000,
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leaves_its_folder_writes_nothing(
    archive: Path, pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "victim"
    name = name.format(target=target)
    forged = forge(
        archive,
        lambda stored: stored["folders"]["lake"]["files"].append(file(name)),
        {name or "x": CONTENT},
    )

    assert isinstance(refuse(forged, pipeline), DamagedArchiveError)
    assert not target.exists()


@pytest.mark.parametrize("name", ["dagster/{target}", "dagster/history/{target}", "lake/x"])
def test_dagsters_history_is_held_to_the_same_rule(
    archive: Path, pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "victim"
    name = name.format(target=target)
    history = {"place": "/home/dagster", "included": True, "files": [file(name)]}
    forged = forge(
        archive,
        lambda stored: stored["folders"].update(dagster=history),
        {name: CONTENT},
    )

    assert isinstance(
        refuse(forged, pipeline, history=pipeline.home / "dagster"), DamagedArchiveError
    )
    assert not target.exists()


def test_a_folder_checks_again_what_it_places(tmp_path: Path) -> None:
    """The last line: also for a member that never went through a manifest."""
    member = backup.manifest.Member(f"lake/{tmp_path}/victim", 0, "")
    replacement = folders.Replacement(tmp_path / "lake", "lake/", [member])
    with pytest.raises(DamagedArchiveError, match="outside"):
        replacement.fill(None)  # type: ignore[arg-type]  # nothing is read
    assert not (tmp_path / "victim").exists()


def test_names_that_are_one_file_on_windows_are_refused(archive: Path, pipeline: Pipeline) -> None:
    forged = forge(
        archive,
        lambda stored: stored["folders"]["lake"]["files"].extend([file("lake/a"), file("lake/A")]),
        {"lake/a": CONTENT, "lake/A": CONTENT},
    )
    refuse(forged, pipeline)


def test_a_wrong_digest_places_nothing(archive: Path, pipeline: Pipeline) -> None:
    wrong = {**file("lake/telemetry/evil"), "sha256": "0" * 64}
    forged = forge(
        archive,
        lambda stored: stored["folders"]["lake"]["files"].append(wrong),
        {"lake/telemetry/evil": CONTENT},
    )
    assert "telemetry/evil is not as it was written" in str(refuse(forged, pipeline))


@pytest.mark.parametrize("size", [0, 5, len(CONTENT) - 1, len(CONTENT) + 1])
def test_another_size_is_refused_before_anything_is_unpacked(
    archive: Path, pipeline: Pipeline, size: int
) -> None:
    forged = forge(
        archive,
        lambda stored: stored["folders"]["lake"]["files"].append(file("lake/x", size=size)),
        {"lake/x": CONTENT},
    )
    refuse(forged, pipeline)


def test_a_member_that_unpacks_to_gigabytes_is_refused_by_its_declared_size(
    archive: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = bytes(64 * MB)
    forged = forge(
        archive,
        lambda stored: stored["folders"]["lake"]["files"].append(file("lake/x", size=5)),
        {"lake/x": zeros},
    )
    read: list[int] = []
    whole = zipfile.ZipExtFile.read

    def counted(self: zipfile.ZipExtFile, size: int = -1) -> bytes:
        block = whole(self, size)
        read.append(len(block) if self.name == "lake/x" else 0)
        return block

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    refuse(forged, pipeline)
    assert sum(read) == 0


def test_a_lake_larger_than_the_disk_is_refused_before_it_is_unpacked(
    archive: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_free", lambda _folder: 10)
    assert isinstance(refuse(archive, pipeline), NoRoomError)


def test_a_manifest_of_gigabytes_is_refused_in_bounded_memory(
    archive: Path, pipeline: Pipeline
) -> None:
    forged = archive.with_name("evil.zip")
    shutil.copy(archive, forged)
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(forged, "w") as target:
        for info in source.infolist()[:-1]:
            target.writestr(info, source.read(info))
        with target.open(zipfile.ZipInfo("manifest.json"), "w", force_zip64=True) as sink:
            sink._compressor = zipfile._get_compressor(8, 1)  # type: ignore[attr-defined]
            sink._zinfo.compress_type = 8  # type: ignore[attr-defined]
            for _ in range(256):
                sink.write(b" " * MB)
    before = pipeline.rows()
    tracemalloc.start()
    with pytest.raises(DamagedArchiveError, match="more than any"):
        backup.restore(forged, pipeline.url, pipeline.lake, quiet, replace=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MB
    assert pipeline.rows() == before


def test_a_method_that_takes_gigabytes_to_unpack_is_refused(
    archive: Path, pipeline: Pipeline
) -> None:
    forged = forge(
        archive,
        lambda stored: stored["folders"]["lake"]["files"].append(file("lake/x")),
        {"lake/x": CONTENT},
        zipfile.ZIP_LZMA,
    )
    refuse(forged, pipeline)


@pytest.mark.parametrize("place", ["", "/", "\\", "//", 5, None, "a\0b"])
def test_a_place_that_every_path_begins_with_is_refused(
    archive: Path, pipeline: Pipeline, place: object
) -> None:
    forged = forge(archive, lambda stored: stored["folders"]["lake"].update(place=place))
    refuse(forged, pipeline)


def test_only_frames_below_the_place_are_renamed(pipeline: Pipeline) -> None:
    with Warehouse(pipeline.url).connect() as connection:
        count = "SELECT count(*) FROM racing.telemetry_session WHERE frames_uri = %s"
        (rows,) = connection.execute(
            "SELECT count(*) FROM racing.telemetry_session"
        ).fetchone() or (0,)
        connection.execute("UPDATE racing.telemetry_session SET frames_uri = '/data/lake2/t/f'")
        database.move(connection, "/data/lake", "/new")
        assert connection.execute(count, ["/data/lake2/t/f"]).fetchone() == (rows,)
        database.move(connection, "/data/lake2/", "/new/")
        assert connection.execute(count, ["/new/t/f"]).fetchone() == (rows,)


@pytest.mark.parametrize(
    "revision", ["0000", "0001x", "head", "", "\u0660\u0660\u0660\u0661", 1, None, "0001; DROP"]
)
def test_a_revision_that_never_was_is_a_message(
    archive: Path, pipeline: Pipeline, revision: object
) -> None:
    forged = forge(archive, lambda stored: stored.update(revision=revision))
    assert isinstance(refuse(forged, pipeline), DamagedArchiveError)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b'{"format": 1}',
        b'{"format": "\\u001b[31m"}',
        b'{"format": {}}',
        b'{"format": 1, "tables": 5}',
        b"[" * 200_000,
        b'{"format": 1e999}',
        b'{"format": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
def test_a_manifest_of_nonsense_is_a_message(text: bytes) -> None:
    with pytest.raises(BackupError) as caught:
        Manifest.from_json(text)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "1.0\x1b]0;owned\x07"),
        ("server", "18\x1b[2J"),
        ("created_at", "\x1b[2Jyesterday"),
        ("created_at", 5),
        ("sequences", [{"table": "ops.step_time", "column": "id", "last": 1e308, "used": True}]),
        ("sequences", [{"table": "ops.step_time", "column": "id", "last": 0, "used": True}]),
        ("folders", {"lake": {"place": "/l", "included": "yes", "files": []}}),
        ("tables", [{"name": "a", "columns": "abc", "rows": 1, "member": file("tables/a")}]),
    ],
)
def test_a_field_of_another_kind_is_refused(
    archive: Path, pipeline: Pipeline, name: str, value: object
) -> None:
    refuse(forge(archive, lambda stored: stored.update({name: value})), pipeline)


def test_whatever_a_backup_writes_can_be_restored(pipeline: Pipeline, tmp_path: Path) -> None:
    """A name that a restore refuses is left out, and named, when the backup is made."""
    strange = pipeline.home / "lake" / "telemetry" / "a:b.txt"
    strange.write_bytes(CONTENT)
    lines: list[str] = []
    backup.write(tmp_path / "a.zip", pipeline.url, pipeline.lake, lines.append)

    assert [line for line in lines if "a:b.txt" in line and "left out" in line]
    backup.restore(tmp_path / "a.zip", pipeline.url, pipeline.lake, quiet, replace=True)
    assert not strange.exists()


@pytest.mark.parametrize("name", ["a", "a/b.parquet", "telemetry/2026 x/frames.parquet", ".a", "é"])
def test_ordinary_names_are_taken(name: str) -> None:
    assert is_member_path(name)
