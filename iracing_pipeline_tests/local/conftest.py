"""A machine of one's own: settings, and a Dagster home that the environment does not name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iracing_pipeline.local import dagster_home
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def no_dagster_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Dagster home is named, and what the test names is forgotten after it."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def new_dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster home with tables and without runs, to be copied: making one takes seconds."""
    home = tmp_path_factory.mktemp("dagster")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        made = dagster_home.prepare(Settings.from_env({"IRACING_HOME": str(home)}))
        with dg.DagsterInstance.from_config(str(made)) as instance:
            instance.get_runs_count()
            instance.get_dynamic_partitions("ibt_files")
    return made


@pytest.fixture
def settings(
    tmp_path: Path,
    database: str,
    new_dagster_home: Path,
    no_dagster_home: None,  # noqa: ARG001 - for what it does
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """Settings with an empty telemetry folder, also in the environment."""
    (tmp_path / "telemetry").mkdir()
    shutil.copytree(new_dagster_home, tmp_path / "home" / "dagster")
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRACING_TELEMETRY_DIR", str(tmp_path / "telemetry"))
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    monkeypatch.delenv("IRACING_LAKE", raising=False)
    return Settings.from_env()
