"""The definitions as Dagster sees them: names that stored runs, dashboards and people rely on."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

import iracing_pipeline
from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.freshness import DAILY, HOURLY, WEEKLY
from iracing_pipeline.ingest.lap_tables import LAP_ASSETS
from iracing_pipeline.local import dagster_home

ROOT = Path(iracing_pipeline.__file__).parents[1]

# Group: asset <- what it is made from. Those of LAP_ASSETS join them.
GRAPH = """
debrief: irating_outcomes <- results
debrief: race_ledgers <- laps race_debriefs results session_events telemetry_laps
debrief: race_what_ifs <- irating_outcomes race_ledgers
metrics: metric_history <- ibt_frames telemetry_sessions
metrics: metric_snapshot <- telemetry_laps telemetry_sessions
ratings: career <- raw_member
ratings: rating_forecasts <- rating_history results
ratings: rating_history <- raw_member raw_result_files results telemetry_results
ratings: raw_member <-
reference: car_classes <-
reference: cars <-
reference: categories <-
reference: divisions <-
reference: event_types <-
reference: licence_levels <-
reference: seasons <-
reference: series <-
reference: tracks <-
results: laps <- raw_subsessions
results: past_seasons <- raw_season_search
results: raw_recent_search <-
results: raw_result_files <-
results: raw_season_search <-
results: raw_subsessions <- raw_season_search
results: results <- raw_subsessions
results: session_events <- raw_subsessions
results: subsessions <- raw_subsessions
results: telemetry_results <- telemetry_sessions
strategy: car_tracks <- fuel_laps stints subsessions telemetry_laps telemetry_sessions tyre_sets
strategy: race_plans <- car_tracks results
telemetry: ibt_frames <- telemetry_files
telemetry: telemetry_files <-
telemetry: telemetry_laps <- ibt_frames telemetry_sessions
telemetry: telemetry_sessions <- ibt_frames
trends: consistency_trends <- consistency
trends: experiments <- stints telemetry_laps telemetry_sessions
trends: setup_comparisons <- telemetry_laps telemetry_sessions
"""

# Asset: what partitions it.
PARTITIONS = {
    "ibt_files": {
        "ibt_frames",
        "telemetry_sessions",
        "telemetry_laps",
        "metric_history",
        *(asset.name for asset in LAP_ASSETS),
    },
    "seasons": {
        "laps",
        "raw_season_search",
        "raw_subsessions",
        "results",
        "session_events",
        "subsessions",
    },
}

SENSORS = {
    "abandoned_runs_sensor",
    "digest_sensor",
    "figures_sensor",
    "metric_sensor",
    "past_seasons_sensor",
    "reader_watchdog_sensor",
    "result_files_sensor",
    "results_sensor",
    "telemetry_folder_sensor",
    "telemetry_results_sensor",
}


def test_they_can_be_loaded() -> None:
    dg.Definitions.validate_loadable(defs)


def test_the_asset_graph() -> None:
    lines = {
        f"{spec.group_name}: {spec.key.to_user_string()} <- "
        + " ".join(sorted(dep.asset_key.to_user_string() for dep in spec.deps))
        for spec in defs.resolve_all_asset_specs()
    }

    registered = {
        f"{asset.group}: {asset.name} <- {' '.join(sorted(asset.deps))}" for asset in LAP_ASSETS
    }
    assert {line.strip() for line in lines} == set(GRAPH.strip().splitlines()) | registered


def _key(spec: dg.AssetSpec) -> str:
    return spec.key.to_user_string()


SPECS = sorted(defs.resolve_all_asset_specs(), key=_key)  # they come in any order


@pytest.mark.parametrize("spec", SPECS, ids=[_key(spec) for spec in SPECS])
def test_every_asset_has_an_owner_kinds_and_words(spec: dg.AssetSpec) -> None:
    assert list(spec.owners) == ["team:racing"]
    assert spec.kinds
    assert spec.description


@pytest.mark.parametrize("name", sorted(PARTITIONS))
def test_partitions(name: str) -> None:
    partitioned = {
        spec.key.to_user_string()
        for spec in defs.resolve_all_asset_specs()
        if isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
        and spec.partitions_def.name == name
    }

    assert partitioned == PARTITIONS[name]


def test_tables_show_their_name_and_columns_with_units() -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}

    metadata = specs["telemetry_laps"].metadata

    assert metadata["dagster/table_name"] == "racing.telemetry_lap"
    columns = {column.name: column for column in metadata["dagster/column_schema"].columns}
    assert str(columns["lap_time_s"].description).endswith("[s]")
    assert not columns["session_key"].constraints.nullable
    assert columns["lap_time_s"].constraints.nullable


def test_the_telemetry_of_a_file_is_one_step_of_batches() -> None:
    graph = defs.resolve_asset_graph()
    keys = {dg.AssetKey(name) for name in PARTITIONS["ibt_files"] - {"metric_history"}}
    (assets,) = {
        graph.assets_def_for_key(key): None for key in keys if key in graph.executable_asset_keys
    }

    assert assets.keys == keys
    assert assets.can_subset
    assert assets.backfill_policy == dg.BackfillPolicy.multi_run(50)
    checks = {spec.name: spec.blocking for spec in assets.check_specs}
    assert checks == {
        "frames_complete": True,
        "time_is_monotonic": False,
    }


def test_the_checks_of_tables_can_be_executed_without_a_load() -> None:
    keys = {
        key.to_user_string()
        for checks in defs.asset_checks or []
        for key in checks.check_keys
        if not checks.keys
    }

    assert keys == {
        "telemetry_laps:laps_close",
        "telemetry_laps:laps_account_for_records",
        "lap_traces:traces_close",
        "lap_traces:grids_fit",
        "lap_sectors:sectors_add_up",
        "lap_corners:corners_add_up",
    }


def test_every_run_can_be_told_from_one_whose_process_is_gone() -> None:
    # By the lock that this resource holds: see defs/operations/abandoned_runs.py.
    for assets in defs.assets or []:
        if isinstance(assets, dg.AssetsDefinition) and assets.is_executable:
            assert "warehouse" in assets.required_resource_keys, assets.keys
    for job in defs.jobs or []:
        if isinstance(job, dg.JobDefinition):
            assert "warehouse" in job.required_resource_keys, job.name


def test_sensors_run_without_being_switched_on() -> None:
    sensors = {sensor.name: sensor for sensor in defs.sensors or []}

    assert set(sensors) == SENSORS
    for sensor in sensors.values():
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert [job.name for job in sensors["telemetry_folder_sensor"].jobs] == ["load_telemetry"]


def test_a_run_is_one_process() -> None:
    assert defs.executor is dg.in_process_executor


def test_the_code_location_has_one_name() -> None:
    # Dagster keeps the state of sensors by it.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]
    names = {project["project"]["code_location_name"]}
    for file in (ROOT / "workspace.yaml", ROOT / "docker" / "workspace.yaml"):
        (location,) = yaml.safe_load(file.read_text(encoding="utf-8"))["load_from"]
        names |= {origin["location_name"] for origin in location.values()}

    assert names == {dagster_home.LOCATION}
    assert project["project"]["code_location_target_module"] == "iracing_pipeline.definitions"


def test_the_workspace_and_the_instance_load(tmp_path: Path) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    # Storage apart, which the checkout's file keeps in the checkout.
    config = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    for place in ("storage", "local_artifact_storage", "compute_logs"):
        config[place]["config" if "config" in config[place] else "sqlite"] = {
            "base_dir": str(home / place)
        }
    (home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]

    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location iracing_pipeline" in done.stdout + done.stderr


def test_assets_on_a_schedule_and_no_others_have_a_freshness_policy() -> None:
    fresh = {
        spec.key.to_user_string(): spec.freshness_policy
        for spec in defs.resolve_all_asset_specs()
        if spec.freshness_policy is not None
    }
    reference = {line.split()[1] for line in GRAPH.splitlines() if line.startswith("reference:")}
    daily = {
        "car_tracks",
        "career",
        "consistency_trends",
        "experiments",
        "irating_outcomes",
        "race_ledgers",
        "race_plans",
        "race_what_ifs",
        "rating_forecasts",
        "rating_history",
        "raw_member",
        "setup_comparisons",
    }

    assert fresh == {
        **dict.fromkeys(reference, WEEKLY),
        **dict.fromkeys(daily, DAILY),
        "raw_recent_search": HOURLY,
    }


def test_the_daily_run_makes_all_that_is_to_be_fresh_daily() -> None:
    (schedule,) = [each for each in defs.schedules or [] if each.name == "daily_ratings"]
    assert isinstance(schedule, dg.ScheduleDefinition)
    job = defs.get_repository_def().get_job(schedule.job_name)

    made = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    daily = {
        spec.key.to_user_string()
        for spec in defs.resolve_all_asset_specs()
        if spec.freshness_policy == DAILY
    }
    assert made == daily
