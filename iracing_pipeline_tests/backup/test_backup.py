from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline import backup
from iracing_pipeline.backup import (
    BackupError,
    DamagedArchiveError,
    NoRoomError,
    OccupiedError,
    database,
)
from iracing_pipeline.backup.folders import Replacement
from iracing_pipeline.lake import Lake
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import MigrationError

# The function hides the module of the same name in the package.
from iracing_pipeline.warehouse.migrate import HEAD, migrate, migrating, revision_of  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.warehouse import Connection
    from iracing_pipeline_tests.backup.conftest import Pipeline

TOKENS, VERSION = "ops.oauth_token", "ops.schema_version"


def quiet(_line: str) -> None:
    pass


def save(pipeline: Pipeline, path: Path, **options: Any) -> backup.Written:
    return backup.write(path, pipeline.url, pipeline.lake, quiet, **options)


def bring_back(path: Path, pipeline: Pipeline, **options: Any) -> backup.Restored:
    return backup.restore(path, pipeline.url, pipeline.lake, quiet, **options)


def compared(rows: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """All but the login, which is not saved, and where frames lie, which may change."""
    return {name: each for name, each in rows.items() if name != TOKENS}


def wipe(pipeline: Pipeline) -> None:
    with Warehouse(pipeline.url).connect() as connection:
        database.clear(connection)
    for path in pipeline.home.joinpath("lake").rglob("*"):
        if path.is_file():
            path.unlink()


def change_member(archive: Path, name: str, content: bytes) -> None:
    """Another content for a member, with a right checksum of the zip file's own."""
    with zipfile.ZipFile(archive) as source:
        members = {info.filename: source.read(info) for info in source.infolist()}
    members[name] = content
    with zipfile.ZipFile(archive, "w") as target:
        for each, held in members.items():
            target.writestr(each, held)


def test_what_is_wiped_is_the_same_afterwards(pipeline: Pipeline, tmp_path: Path) -> None:
    rows, files = pipeline.rows(), pipeline.files()
    filled = {name for name, (count, _) in rows.items() if count}
    written = save(pipeline, tmp_path / "a.zip")
    wipe(pipeline)

    bring_back(tmp_path / "a.zip", pipeline)

    assert len(filled) > 25, "of all kinds"
    assert compared(pipeline.rows()) == compared(rows)
    assert pipeline.files() == files
    assert not migrate(pipeline.url), "it is at this version's state"
    assert {table.name for table in written.manifest.tables} == {table.name for table in TABLES} - {
        TOKENS
    }


def test_numbers_that_were_given_out_are_not_given_out_again(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    def next_id() -> int:
        with Warehouse(pipeline.url).connect() as connection:
            row = connection.execute(
                "INSERT INTO ops.step_time (step, item, seconds) VALUES ('a', 'b', 1) RETURNING id"
            ).fetchone()
            return int(row[0]) if row else 0

    last = next_id()
    with Warehouse(pipeline.url).connect() as connection:
        connection.execute("DELETE FROM ops.step_time WHERE id = %s", [last])
    save(pipeline, tmp_path / "a.zip")
    bring_back(tmp_path / "a.zip", pipeline, replace=True)

    assert next_id() == last + 1


def test_every_table_of_the_catalogue_is_saved(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()

    assert set(database.tables(connection)) == {name for (name,) in rows} - database.LEFT_OUT
    assert {VERSION, TOKENS} == database.LEFT_OUT


def test_a_login_is_not_in_it_and_the_one_there_is_kept(
    pipeline: Pipeline, other: Pipeline, tmp_path: Path
) -> None:
    save(pipeline, tmp_path / "a.zip")
    before = pipeline.rows()[TOKENS]

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        held = b"".join(archive.read(name) for name in archive.namelist())
        names = archive.namelist()
    assert b"a secret" not in held
    assert b"a secret".hex().encode() not in held
    assert not [name for name in names if "oauth" in name]
    assert bring_back(tmp_path / "a.zip", pipeline, replace=True).logins == before[0]
    assert pipeline.rows()[TOKENS] == before
    assert bring_back(tmp_path / "a.zip", other).logins == 0
    assert other.rows()[TOKENS][0] == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(pipeline: Pipeline, tmp_path: Path) -> None:
    save(pipeline, tmp_path / "a.zip")

    assert (tmp_path / "a.zip").stat().st_mode & 0o777 == 0o600


def test_it_goes_to_another_machine(pipeline: Pipeline, other: Pipeline, tmp_path: Path) -> None:
    save(pipeline, tmp_path / "a.zip")
    bring_back(tmp_path / "a.zip", other)

    changed = {
        name for name, each in compared(other.rows()).items() if pipeline.rows()[name] != each
    }
    assert changed == {"racing.telemetry_session"}, "which says where its frames are"
    with Warehouse(other.url).connect() as connection:
        uris = connection.execute("SELECT frames_uri FROM racing.telemetry_session").fetchall()
    assert uris
    for (uri,) in uris:
        assert uri.startswith(str(other.home))
    assert {name: each for name, each in pipeline.files().items() if name.startswith("lake/")} == (
        other.files()
    )


def test_places_on_windows_become_places_here(connection: Connection, pipeline: Pipeline) -> None:
    del connection
    with Warehouse(pipeline.url).connect() as connection:
        connection.execute(
            r"UPDATE racing.telemetry_session SET frames_uri = 'C:\Users\Jörg\lake\t\k\f.parquet'"
        )
        database.move(connection, r"C:\Users\Jörg\lake", "/data/lake")
        assert connection.execute(
            "SELECT DISTINCT frames_uri FROM racing.telemetry_session"
        ).fetchall() == [("/data/lake/t/k/f.parquet",)]
        database.move(connection, "/data/lake", r"D:\lake")
        assert connection.execute(
            "SELECT DISTINCT frames_uri FROM racing.telemetry_session"
        ).fetchall() == [(r"D:\lake\t\k\f.parquet",)]


def test_what_is_there_is_not_overwritten(pipeline: Pipeline, tmp_path: Path) -> None:
    save(pipeline, tmp_path / "a.zip")
    rows, files = pipeline.rows(), pipeline.files()

    with pytest.raises(OccupiedError, match=r"ops\.load_audit \(\d+ rows\).* add --replace"):
        bring_back(tmp_path / "a.zip", pipeline)
    assert (pipeline.rows(), pipeline.files()) == (rows, files)


def test_a_view_of_ones_own_is_not_taken_away_unasked(
    pipeline: Pipeline, other: Pipeline, tmp_path: Path
) -> None:
    save(pipeline, tmp_path / "a.zip")
    migrate(other.url)
    with Warehouse(other.url).connect() as connection:
        connection.execute("CREATE VIEW grafana.mine AS SELECT 1 AS one")

    with pytest.raises(OccupiedError, match=r"grafana\.mine \(not of this project\)"):
        bring_back(tmp_path / "a.zip", other)


def test_a_migrated_database_without_rows_is_empty(
    pipeline: Pipeline, other: Pipeline, tmp_path: Path
) -> None:
    save(pipeline, tmp_path / "a.zip", with_lake=False)
    migrate(other.url)

    bring_back(tmp_path / "a.zip", other)

    assert other.rows()["racing.lap"] == pipeline.rows()["racing.lap"]
    assert other.files() == {}


def test_restoring_twice_is_restoring_once(pipeline: Pipeline, tmp_path: Path) -> None:
    save(pipeline, tmp_path / "a.zip")
    rows, files = pipeline.rows(), pipeline.files()
    for _ in range(2):
        bring_back(tmp_path / "a.zip", pipeline, replace=True)

        assert pipeline.rows() == rows
        assert pipeline.files() == files
    assert [path.name for path in pipeline.home.iterdir() if "restor" in path.name] == []


def test_a_table_of_ones_own_is_saved_and_stays_in_the_file(
    pipeline: Pipeline, other: Pipeline, tmp_path: Path
) -> None:
    with Warehouse(pipeline.url).connect() as connection:
        connection.execute("CREATE TABLE racing.mine AS SELECT 7 AS seven")
    save(pipeline, tmp_path / "a.zip")

    assert bring_back(tmp_path / "a.zip", other).left == ("racing.mine",)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("tables/racing.mine.copy") == b"7\n"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_an_archive_that_is_cut_short_changes_nothing(
    pipeline: Pipeline, tmp_path: Path, share: float
) -> None:
    archive = tmp_path / "a.zip"
    save(pipeline, archive)
    rows, files = pipeline.rows(), pipeline.files()
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(DamagedArchiveError, match="cut short, or is no backup"):
        bring_back(archive, pipeline, replace=True)
    assert (pipeline.rows(), pipeline.files()) == (rows, files)


@pytest.mark.parametrize("kind", ["tables/racing.lap.copy", "lake/"])
def test_a_byte_that_flipped_changes_nothing(pipeline: Pipeline, tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "a.zip"
    save(pipeline, archive)
    rows, files = pipeline.rows(), pipeline.files()
    with zipfile.ZipFile(archive) as source:
        info = next(each for each in source.infolist() if each.filename.startswith(kind))
    held = bytearray(archive.read_bytes())
    held[info.header_offset + 200 + info.compress_size // 2] ^= 0x10
    archive.write_bytes(held)

    with pytest.raises(DamagedArchiveError, match=rf"damaged: {info.filename} is not as it was"):
        bring_back(archive, pipeline, replace=True)
    assert (pipeline.rows(), pipeline.files()) == (rows, files)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        pytest.param(6, 0xFF, "cut short, or is no backup", id="version"),
        pytest.param(8, 0x01, "not as it was written", id="encrypted"),
        pytest.param(10, 0x63, "not as it was written", id="packing"),
    ],
)
def test_a_directory_that_was_damaged_changes_nothing(
    pipeline: Pipeline, tmp_path: Path, place: int, value: int, said: str
) -> None:
    archive = tmp_path / "a.zip"
    save(pipeline, archive)
    rows, files = pipeline.rows(), pipeline.files()
    held = bytearray(archive.read_bytes())
    name = b"tables/racing.lap.copy"
    entry = held.rindex(name) - 46  # what the directory says of a member stands before its name
    assert held[entry : entry + 4] == b"PK\x01\x02"
    held[entry + place] = value
    archive.write_bytes(held)

    with pytest.raises(DamagedArchiveError, match=said):
        bring_back(archive, pipeline, replace=True)
    assert (pipeline.rows(), pipeline.files()) == (rows, files)


def test_a_member_that_was_exchanged_changes_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    save(pipeline, archive)
    rows = pipeline.rows()
    change_member(archive, "tables/raw.watermark.copy", b"mine\t2026-01-01 00:00:00+00\n")

    with pytest.raises(DamagedArchiveError, match=r"raw\.watermark\.copy is not as it was written"):
        bring_back(archive, pipeline, replace=True)
    assert pipeline.rows() == rows


def test_nothing_is_unpacked_outside_its_folder(pipeline: Pipeline, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    save(pipeline, archive)
    with zipfile.ZipFile(archive) as source:
        manifest = source.read("manifest.json")
        name = next(each for each in source.namelist() if each.startswith("lake/"))
    change_member(archive, "manifest.json", manifest.replace(name.encode(), b"lake/../../evil"))

    with pytest.raises(DamagedArchiveError, match=r"manifest\.json cannot be read"):
        bring_back(archive, pipeline, replace=True)


def test_a_backup_in_the_lake_is_not_deleted_with_it(pipeline: Pipeline) -> None:
    archive = pipeline.home / "lake" / "backups" / "a.zip"
    save(pipeline, archive)

    with pytest.raises(backup.BackupError, match="Move it to another folder first"):
        bring_back(archive, pipeline, replace=True)
    assert archive.exists()


@pytest.mark.skipif(os.name == "nt", reason="needs rights on Windows")
def test_a_lake_that_is_a_link_stays_one(pipeline: Pipeline, tmp_path: Path) -> None:
    save(pipeline, tmp_path / "a.zip")
    files = pipeline.files()
    (pipeline.home / "lake").rename(tmp_path / "elsewhere")
    (pipeline.home / "lake").symlink_to(tmp_path / "elsewhere")

    bring_back(tmp_path / "a.zip", pipeline, replace=True)

    assert (pipeline.home / "lake").readlink() == tmp_path / "elsewhere"
    there = {f"lake/{path.relative_to(tmp_path / 'elsewhere').as_posix()}"
             for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()}  # fmt: skip
    assert there == {name for name in files if name.startswith("lake/")}


def test_a_database_in_use_is_a_message(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(pipeline, tmp_path / "a.zip")
    rows = pipeline.rows()
    monkeypatch.setattr(database, "FORM", database.FORM.replace("'60s'", "'200ms'"))

    with Warehouse(pipeline.url).connect() as connection:
        connection.execute("LOCK TABLE racing.lap IN ACCESS SHARE MODE")
        with pytest.raises(backup.BackupError, match="Another program uses the database"):
            bring_back(tmp_path / "a.zip", pipeline, replace=True)
    assert pipeline.rows() == rows


def test_an_archive_of_a_newer_version_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with Warehouse(pipeline.url).connect() as connection:
        connection.execute("UPDATE ops.schema_version SET version_num = '9999'")
    save(pipeline, archive)

    with pytest.raises(MigrationError, match=r"revision 9999.* Update iracing-pipeline"):
        bring_back(archive, pipeline, replace=True)


def test_an_archive_of_an_older_version_is_migrated(
    empty_database: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    with migrating(empty_database) as migration:
        migration.upgrade("0003")
        migration.connection.execute(
            "INSERT INTO raw.watermark (name, reached) VALUES ('old', '2020-01-01Z')"
        )
    lake = Lake(tmp_path / "old" / "lake")
    written = backup.write(tmp_path / "a.zip", empty_database, lake, quiet)
    assert written.manifest.revision == "0003"
    assert "ops.step_time" not in {table.name for table in written.manifest.tables}

    bring_back(tmp_path / "a.zip", pipeline, replace=True)

    with Warehouse(pipeline.url).connect() as connection:
        assert revision_of(connection) == HEAD
        assert connection.execute("SELECT name FROM raw.watermark").fetchall() == [("old",)]
        assert connection.execute("SELECT count(*) FROM ops.step_time").fetchone() == (0,)
    assert not migrate(pipeline.url)


def test_an_empty_database_is_not_saved(other: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(backup.BackupError, match="nothing to save"):
        save(other, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for almost nothing."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk can be mounted by root alone, on Linux")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - found by then


def test_a_backup_to_a_full_disk_keeps_the_earlier_one(
    pipeline: Pipeline, small_disk: Path
) -> None:
    (small_disk / "a.zip").write_bytes(b"the earlier one")

    with pytest.raises(NoRoomError, match="the disk is full"):
        save(pipeline, small_disk / "a.zip")
    assert [path.name for path in small_disk.iterdir()] == ["a.zip"]
    assert (small_disk / "a.zip").read_bytes() == b"the earlier one"


def test_a_restore_to_a_full_disk_leaves_nothing(
    pipeline: Pipeline, other: Pipeline, small_disk: Path, tmp_path: Path
) -> None:
    save(pipeline, tmp_path / "a.zip")

    with pytest.raises(NoRoomError, match="MB are free"):
        backup.restore(tmp_path / "a.zip", other.url, Lake(small_disk / "lake"), quiet)
    assert list(small_disk.iterdir()) == []
    assert other.rows() == {}


@pytest.mark.parametrize("at", ["racing.lap:", "lake:", "racing.telemetry_lap:"])
def test_a_backup_that_is_killed_leaves_no_archive(
    pipeline: Pipeline, tmp_path: Path, at: str
) -> None:
    killed(pipeline, tmp_path / "a.zip", "write", at)

    assert not (tmp_path / "a.zip").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize("at", ["racing.lap:", "racing.telemetry_lap:", "lake:"])
def test_a_restore_that_is_killed_leaves_all_as_it_was(
    pipeline: Pipeline, tmp_path: Path, at: str
) -> None:
    save(pipeline, tmp_path / "a.zip")
    with Warehouse(pipeline.url).connect() as connection:
        connection.execute("DELETE FROM racing.lap")
    rows, files = pipeline.rows(), pipeline.files()

    killed(pipeline, tmp_path / "a.zip", "restore", at)

    now = pipeline.files()
    assert pipeline.rows() == rows
    assert {name: now[name] for name in files} == files
    bring_back(tmp_path / "a.zip", pipeline, replace=True)
    assert pipeline.rows() != rows
    assert [path.name for path in pipeline.home.iterdir() if "restor" in path.name] == []


def killed(pipeline: Pipeline, archive: Path, what: str, at: str) -> None:
    """Start a backup or a restore that is killed when it says ``at``."""
    options = ", replace=True" if what == "restore" else ""
    program = (
        "import os\n"
        "from pathlib import Path\n"
        "from iracing_pipeline import backup\n"
        "from iracing_pipeline.lake import Lake\n"
        "def said(line):\n"
        f"    if line.startswith({at!r}):\n"
        "        os.kill(os.getpid(), 9)\n"
        f"backup.{what}(Path({str(archive)!r}), {pipeline.url!r},"
        f" Lake({str(pipeline.lake.local)!r}), said{options})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_commit_that_fails_brings_the_old_lake_back(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(pipeline, tmp_path / "a.zip")
    lake = pipeline.home / "lake"
    (lake / "mine.txt").write_text("new", encoding="utf-8")
    rows, files = pipeline.rows(), pipeline.files()
    take = Replacement.take

    def end_the_session(self: Replacement) -> None:
        take(self)
        assert not (lake / "mine.txt").exists()
        with Warehouse(pipeline.url).connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    monkeypatch.setattr(Replacement, "take", end_the_session)
    with pytest.raises(MigrationError):
        bring_back(tmp_path / "a.zip", pipeline, replace=True)
    assert (pipeline.rows(), pipeline.files()) == (rows, files)


def test_loads_that_go_on_meanwhile_do_not_mix(pipeline: Pipeline, tmp_path: Path) -> None:
    before = pipeline.rows()

    def meddle(line: str) -> None:
        if line.startswith("ops."):
            with Warehouse(pipeline.url).connect() as connection:
                connection.execute("DELETE FROM racing.lap")

    backup.write(tmp_path / "a.zip", pipeline.url, pipeline.lake, meddle)
    assert pipeline.rows()["racing.lap"][0] == 0
    bring_back(tmp_path / "a.zip", pipeline, replace=True)

    assert pipeline.rows() == before


def test_a_history_that_is_damaged_is_a_message(pipeline: Pipeline, tmp_path: Path) -> None:
    (pipeline.home / "dagster" / "history" / "runs.db").write_bytes(b"no database" * 99)

    with pytest.raises(BackupError, match=r"runs\.db cannot be copied: file is not a database"):
        save(pipeline, tmp_path / "a.zip", history=pipeline.home / "dagster")

    assert not (tmp_path / "a.zip").exists()


def test_dagsters_history_comes_along_if_asked(pipeline: Pipeline, tmp_path: Path) -> None:
    home = pipeline.home / "dagster"
    save(pipeline, tmp_path / "a.zip", history=home)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert "dagster/history/runs.db" in archive.namelist()
    (home / "history" / "runs.db").write_bytes(b"")

    bring_back(tmp_path / "a.zip", pipeline, replace=True, history=home)

    import dagster as dg  # noqa: PLC0415

    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() > 0


def test_a_lake_elsewhere_is_named_and_left(pipeline: Pipeline, tmp_path: Path) -> None:
    lines: list[str] = []
    written = backup.write(tmp_path / "a.zip", pipeline.url, Lake("memory://lake"), lines.append)

    assert "lake: left where it is, in memory://lake" in lines[-1]
    assert written.manifest.folders["lake"].included is False
    save(pipeline, tmp_path / "a.zip")
    with pytest.raises(backup.BackupError, match="Restore with --no-lake"):
        backup.restore(tmp_path / "a.zip", pipeline.url, Lake("memory://lake"), quiet)
