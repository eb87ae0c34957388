from __future__ import annotations

import os
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import yaml

from iracing_pipeline.local import dagster_home
from iracing_pipeline.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"IRACING_HOME": str(tmp_path)})


@pytest.mark.usefixtures("no_dagster_home")
def test_the_home_lies_in_the_data_folder_and_works(settings: Settings) -> None:
    home = dagster_home.enter(settings)

    assert home == settings.home / "dagster"
    assert os.environ["DAGSTER_HOME"] == str(home)
    with dg.DagsterInstance.get() as instance:
        assert instance.run_retries_enabled
        assert instance.run_monitoring_enabled
        assert not instance.telemetry_enabled
        assert instance.get_runs_count() == 0
    assert (home / "history").is_dir()


@pytest.mark.usefixtures("no_dagster_home")
def test_its_configuration_is_the_projects_and_follows_it(settings: Settings) -> None:
    file = dagster_home.prepare(settings) / "dagster.yaml"
    wanted = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text("telemetry: {enabled: true}", encoding="utf-8")

    dagster_home.prepare(settings)

    shipped = yaml.safe_load(dagster_home._shipped().read_text(encoding="utf-8"))
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == wanted
    assert shipped.keys() - wanted.keys() == {"storage", "local_artifact_storage", "compute_logs"}
    assert {key: shipped[key] for key in wanted} == wanted


def test_a_home_that_is_chosen_is_left_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "mine"))

    assert dagster_home.prepare(settings) == tmp_path / "mine"
    assert not (tmp_path / "mine").exists()
