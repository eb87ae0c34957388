"""A pipeline that has loaded a session and a season, and copies of it for each test."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from iracing_pipeline import backup
from iracing_pipeline.backup import database
from iracing_pipeline.demo.fake_data_api import Career
from iracing_pipeline.lake import Lake
from iracing_pipeline.local.career import demo_data_api, load_career
from iracing_pipeline.local.load import load
from iracing_pipeline.settings import Settings
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.conftest import at_database, copy_database, run_statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAREER = Career(season_count=1, races_per_season=2, field=(4, 6), laps=(3, 4))
# What text, numbers and arrays can hold, at its worst.
TEXT = 'tab\t newline\n return\r back\\slash \\N \\. "quotes" é 日本 🏁'


@dataclass
class Pipeline:
    """A database with its lake."""

    home: Path
    url: str

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    def rows(self) -> dict[str, tuple[int, str]]:
        """Return the rows of each table, and a digest of them in any order."""
        with Warehouse(self.url).connect() as connection:
            names = connection.execute(
                "SELECT schemaname || '.' || tablename FROM pg_tables"
                " WHERE schemaname IN ('racing', 'raw', 'ops') ORDER BY 1"
            ).fetchall()
            result = {}
            for (name,) in names:
                table = sql.Identifier(*name.split("."))
                lines = connection.execute(
                    sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(table)
                ).fetchall()
                digest = hashlib.sha256("\n".join(line for (line,) in lines).encode())
                result[name] = (len(lines), digest.hexdigest())
            return result

    def files(self) -> dict[str, str]:
        """Digests of the files in the home."""
        return {
            path.relative_to(self.home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
        }


@pytest.fixture(scope="session")
def loaded(
    server_url: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """The data to copy: loaded once, through the assets."""
    folder = tmp_path_factory.mktemp("loaded")
    name = f"iracing_loaded_{uuid.uuid4().hex[:8]}"
    copy_database(server_url, name, migrated_template)
    url = at_database(server_url, name)
    with pytest.MonkeyPatch.context() as patch:
        for each in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
            patch.setenv(each, "")
            patch.delenv(each)
        patch.delenv("IRACING_LAKE", raising=False)
        patch.setenv("IRACING_HOME", str(folder / "home"))
        patch.setenv("IRACING_DATABASE_URL", url)
        settings = Settings.from_env()
        recording = recordings.session(folder / "a.ibt", laps=3)
        load(settings, [recording, _foreign(folder)], lambda _done, _all: None)
        with demo_data_api(CAREER) as career:
            load_career(settings, [str(career.seasons[-1])], lambda _done, _all: None)
    with Warehouse(url).connect() as connection:
        _add_the_worst(connection)
    yield Pipeline(folder / "home", url)
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def pipeline(loaded: Pipeline, server_url: str, tmp_path: Path) -> Iterator[Pipeline]:
    """One to change."""
    name = f"iracing_copy_{uuid.uuid4().hex[:8]}"
    template = urlsplit(loaded.url).path[1:]
    copy_database(server_url, name, template)
    home = shutil.copytree(loaded.home, tmp_path / "home")
    copy = Pipeline(home, at_database(server_url, name))
    with Warehouse(copy.url).connect() as connection:
        database.move(connection, str(loaded.lake.root), str(copy.lake.root))
    yield copy
    run_statement(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="module")
def archive(loaded: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of what is loaded; nobody changes it."""
    path = tmp_path_factory.mktemp("archive") / "good.zip"
    backup.write(path, loaded.url, loaded.lake, lambda _line: None)
    return path


@pytest.fixture
def other(empty_database: str, tmp_path: Path) -> Pipeline:
    """One where nothing is."""
    return Pipeline(tmp_path / "other", empty_database)


def _foreign(folder: Path) -> Path:
    path = folder / "foreign.ibt"
    path.write_bytes(b"no telemetry")
    return path


def _add_the_worst(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute(
        "INSERT INTO raw.payload (kind, item, part, source, body) VALUES (%s, %s, 0, 'test', %s)",
        [TEXT, "", '{"as":  "received", "1.10": 1.10, "nul": "\\u0000"}'],
    )
    connection.execute(
        "INSERT INTO raw.watermark (name, reached) VALUES (%s, 'infinity'), ('old', '0001-01-01Z')",
        [TEXT],
    )
    connection.execute(
        "INSERT INTO ops.oauth_token (client_id, state, updated_at) VALUES ('me', %s, now())",
        [b"\x00a secret\\"],
    )
    connection.execute(
        "INSERT INTO ops.step_time (step, item, seconds) VALUES"
        " ('a', 'b', 0.1), ('a', 'b', 5e-324), ('a', 'b', 4999999.999999999)"
    )
    connection.execute("DELETE FROM ops.step_time WHERE seconds > 1e6")  # the number is gone
    connection.execute(
        "INSERT INTO ops.metric_history (session_key, destination, selection, record_count, state,"
        " accepted, refused, waiting, refused_for, attempts, tried_at, seconds)"
        " VALUES ('k', 'cloud', 's', 1, 'sent', 1, 0, 0, %s, 1, now(), 1)",
        [Jsonb({"b": TEXT, "a": [1.5, None]})],
    )
