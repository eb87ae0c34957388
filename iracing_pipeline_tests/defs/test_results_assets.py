"""Results, ratings and reference assets in Dagster, against the simulated Data API."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from iracing_pipeline.definitions import defs
from iracing_pipeline.defs.ratings.schedules import daily_ratings
from iracing_pipeline.defs.reference.schedules import weekly_reference
from iracing_pipeline.defs.resources import (
    DataApiResource,
    LakeResource,
    ResultsFolder,
    WarehouseResource,
)
from iracing_pipeline.defs.results.past_seasons import (
    nightly_past_seasons,
    past_seasons_sensor,
)
from iracing_pipeline.defs.results.schedules import hourly_results
from iracing_pipeline.defs.results.sensors import (
    result_files_sensor,
    results_sensor,
    telemetry_results_sensor,
)
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi, Fault, Faults
from iracing_pipeline.demo.fake_data_api.race_documents import result
from iracing_pipeline.demo.fake_data_api.token_service import CLIENT_SECRET, PASSWORD
from iracing_pipeline.demo.outing import write_outing
from iracing_pipeline.demo.season import season
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import analyse, load, store_frames
from iracing_pipeline.lake import Lake
from iracing_pipeline.settings import Settings
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests.simulated_api import use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAREER = Career(season_count=2, races_per_season=3, field=(5, 6), laps=(3, 4))
WITH_HOSTED = replace(CAREER, hosted_per_season=2)  # the first of each season is hidden
RESOURCES = {
    "data_api": DataApiResource(),
    "warehouse": WarehouseResource(),
    "results_folder": ResultsFolder(),
    "lake": LakeResource(),
}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


@pytest.fixture
def home(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"IRACING_{name}", raising=False)
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRACING_DATABASE_URL", database)
    monkeypatch.setenv("IRACING_RESULTS_DIR", str(tmp_path / "results"))
    (tmp_path / "results").mkdir()
    return tmp_path


def run(
    instance: dg.DagsterInstance, job: str, *, partition: str | None = None, fails: bool = False
) -> dg.ExecuteInProcessResult:
    done = defs.resolve_job_def(job).execute_in_process(
        instance=instance, partition_key=partition, resources=RESOURCES, raise_on_error=not fails
    )
    assert done.success is not fails
    return done


def count(database: str, table: str) -> int:
    with Warehouse(database).connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def tick(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, *resources: str
) -> dg.SensorResult | dg.RunRequest | dg.SkipReason:
    """Return the answer of a sensor."""
    needed = {name: RESOURCES[name] for name in resources}
    with dg.build_sensor_context(instance=instance, resources=needed) as context:
        answer = sensor(context)
    assert isinstance(answer, dg.SensorResult | dg.RunRequest | dg.SkipReason)
    return answer


def test_everything_loads() -> None:
    dg.Definitions.validate_loadable(defs)


@pytest.mark.usefixtures("home")
def test_a_career_is_backfilled_season_by_season(
    instance: dg.DagsterInstance, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDataApi(CAREER) as server:
        use(server, monkeypatch)
        run(instance, "update_ratings")
        found = tick(results_sensor, instance, "data_api", "warehouse")
        assert isinstance(found, dg.SensorResult)
        request = (found.dynamic_partitions_requests or [])[0]
        keys = list(request.partition_keys)
        assert keys[0] == str(CAREER.seasons[0])
        instance.add_dynamic_partitions("seasons", keys)
        for each in CAREER.seasons:
            done = run(instance, "load_season", partition=str(each))
            assert all(check.passed for check in done.get_asset_check_evaluations())
        before = server.requests
        run(instance, "fetch_season", partition=str(CAREER.seasons[0]))
        assert server.requests == before + 1  # the hidden race: one refusal proves nothing
        run(instance, "pull_reference")
        run(instance, "refresh_figures")
        assert server.grants["password_limited"] == 1
        assert not any(status == 429 for _, status in server.calls)
    seen = [race for race in CAREER.races if not race.forbidden]
    assert count(database, "racing.subsession") == len(seen)
    assert count(database, "racing.lap") > 0
    assert count(database, "racing.track") == 3
    assert count(database, "racing.season_week") == 36
    assert count(database, "racing.rating_history WHERE source = 'result'") >= sum(
        race.official for race in seen
    )
    metadata = instance.get_latest_materialization_event(dg.AssetKey("raw_subsessions"))
    assert metadata is not None


@pytest.mark.usefixtures("home")
def test_the_schedules_alone_bring_a_whole_career(
    instance: dg.DagsterInstance, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an empty database: the first look at the member, then one night."""
    with FakeDataApi(WITH_HOSTED, quota=100_000) as server:
        use(server, monkeypatch)
        first = tick(results_sensor, instance, "data_api", "warehouse")
        assert isinstance(first, dg.SensorResult)
        for request in first.run_requests or []:
            run(instance, str(request.job_name), partition=request.partition_key)
        requests = night(instance)
        keys = [request.partition_key for request in requests]
        assert keys == sorted(map(str, keys), reverse=True)
        assert set(map(str, WITH_HOSTED.seasons)) <= set(keys)
        for request in requests:
            run(instance, "load_season", partition=request.partition_key)
        progress = tick(past_seasons_sensor, instance, "data_api", "warehouse")
        assert night(instance) == []
        asked = server.requests
        run(instance, "look_for_results")
        assert server.requests - asked <= 5
    for asset in ("raw_season_search", "raw_subsessions", "subsessions", "results", "laps"):
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == set(keys)
    seen = [race for race in WITH_HOSTED.races if not race.forbidden]
    assert count(database, "racing.subsession") == len(seen)
    assert {race.official for race in seen} == {True, False}
    assert isinstance(progress, dg.SensorResult)
    (event,) = progress.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.metadata["seasons left"].value == 0
    assert event.metadata["seasons read"].value == len(keys)


def night(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    """Return the requests of the nightly schedule."""
    needed = {name: RESOURCES[name] for name in ("data_api", "warehouse")}
    with dg.build_schedule_context(instance=instance, resources=needed) as context:
        answer = nightly_past_seasons(context)
    return answer if isinstance(answer, list) else []


@pytest.mark.usefixtures("home")
def test_a_race_that_cannot_be_loaded_fails_its_season_until_it_is_dismissed(
    instance: dg.DagsterInstance, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = str(CAREER.seasons[0])
    instance.add_dynamic_partitions("seasons", [key])
    with FakeDataApi(CAREER, quota=100_000) as server:
        use(server, monkeypatch)
        run(instance, "load_season", partition=key)
    with Warehouse(database).connect() as connection:
        row = connection.execute("SELECT min(subsession_id) FROM racing.subsession").fetchone()
        assert row is not None
        number = int(row[0])
        # A race that the database refuses, as one that was never loaded.
        connection.execute("DELETE FROM racing.subsession WHERE subsession_id = %s", [number])
        connection.execute(
            "UPDATE raw.payload SET body = '{}' WHERE kind = 'results/get' AND item = %s",
            [str(number)],
        )

    def passed() -> bool:
        done = run_tables(instance, key)
        return all(check.passed for check in done.get_asset_check_evaluations())

    assert not passed()
    job = defs.resolve_job_def("ask_for_races_again")
    config = {"ops": {"change_races": {"config": {"dismiss": [number]}}}}
    done = job.execute_in_process(instance=instance, run_config=config)
    assert done.success
    assert passed()


def run_tables(instance: dg.DagsterInstance, key: str) -> dg.ExecuteInProcessResult:
    return defs.resolve_job_def("fetch_season").execute_in_process(
        instance=instance,
        partition_key=key,
        raise_on_error=False,
        asset_selection=[dg.AssetKey(n) for n in ("subsessions", "results", "laps")]
        + [dg.AssetKey("session_events")],
    )


@pytest.mark.usefixtures("home")
def test_maintenance_asks_for_the_run_to_come_back(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iracing_pipeline.defs.api_faults.MAINTENANCE_PAUSE_S", 0)
    monkeypatch.setattr("iracing_pipeline.defs.api_faults.MOST_PAUSES", 2)
    with FakeDataApi(CAREER, faults=Faults({Fault.MAINTENANCE: 1.0})) as server:
        use(server, monkeypatch)
        done = run(instance, "update_ratings", fails=True)
        assert server.requests == 2  # the third waits for the end of the outage
    retries = [e for e in done.all_events if e.event_type is dg.DagsterEventType.STEP_RESTARTED]
    assert len(retries) == 2


def test_wrong_credentials_make_one_attempt_one_message_and_leave_no_secret(
    instance: dg.DagsterInstance, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    with FakeDataApi(CAREER) as server:
        use(server, monkeypatch, password="certainly-not-this-one")  # noqa: S106 - wrong
        done = run(instance, "update_ratings", fails=True)
        run(instance, "pull_reference", fails=True)
        assert server.grants == {"password_limited": 1}
        good = run_with_right_credentials(instance, server, monkeypatch)
        assert good.success
    failure = done.get_step_failure_events()[0].event_specific_data
    assert "IRACING_PASSWORD" in str(getattr(failure, "user_failure_data", failure))
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    shown = "".join(capfd.readouterr())
    for secret in ("certainly-not-this-one", CLIENT_SECRET, PASSWORD):
        assert secret.encode() not in written
        assert secret not in shown
    assert not re.search(rb'"(access|refresh)_?(token)?": "[0-9a-f]{32}"', written)


def run_with_right_credentials(
    instance: dg.DagsterInstance, server: FakeDataApi, monkeypatch: pytest.MonkeyPatch
) -> dg.ExecuteInProcessResult:
    use(server, monkeypatch)
    return run(instance, "update_ratings")


def test_without_an_account_a_run_says_what_to_do(instance: dg.DagsterInstance, home: Path) -> None:
    assert home.is_dir()
    done = run(instance, "pull_reference", fails=True)
    failure = str(done.get_step_failure_events()[0].event_specific_data)
    assert "IRACING_CLIENT_ID is not set" in failure


def test_dropped_files_are_loaded_once(
    instance: dg.DagsterInstance, home: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = {"settle": timedelta(0)}
    monkeypatch.setattr(
        "iracing_pipeline.ingest.result_files.new_result_files.__kwdefaults__", settle
    )
    race = CAREER.races[-1]
    folder = home / "results"
    (folder / "race.json").write_text(json.dumps(result(CAREER, race)), encoding="utf-8")
    (folder / "notes.csv").write_text("nothing,here\n1,2\n", encoding="utf-8")

    def look() -> object:
        return tick(result_files_sensor, instance, "results_folder", "warehouse")

    first, again = look(), look()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key
    run(instance, "load_result_files")
    assert isinstance(look(), dg.SkipReason)
    assert count(database, "racing.subsession") == 1
    assert count(database, "ops.quarantine") == 1


def test_telemetry_tells_of_results_until_something_better_does(
    instance: dg.DagsterInstance, home: Path, database: str
) -> None:
    outing = next(each for each in season() if each.event.race)
    path = write_outing(home, outing, 7).path
    lake = Lake(Settings.from_env().lake)
    file = IbtFile(path)
    store_frames(lake, file)
    with Warehouse(database).connect() as connection:
        load(connection, analyse(file))

    def look() -> object:
        return tick(telemetry_results_sensor, instance, "warehouse")

    assert isinstance(look(), dg.RunRequest)
    run(instance, "read_telemetry_results")
    assert isinstance(look(), dg.SkipReason)
    assert count(database, "racing.subsession WHERE source = 'ibt'") == 1
    run(instance, "refresh_figures")
    assert count(database, "racing.rating_history WHERE source = 'ibt'") == 1


def test_schedules_ask_only_with_an_account(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.is_dir()

    def ticks() -> list[object]:
        context = dg.build_schedule_context(instance=instance)
        return [
            hourly_results(context, data_api=RESOURCES["data_api"]),
            weekly_reference(data_api=RESOURCES["data_api"]),
            daily_ratings(data_api=RESOURCES["data_api"]),
        ]

    hourly, weekly, daily = ticks()
    assert isinstance(hourly, dg.SkipReason)
    assert isinstance(weekly, dg.SkipReason)
    assert isinstance(daily, dg.RunRequest)
    assert daily.asset_selection
    monkeypatch.setenv("IRACING_CLIENT_ID", "some-client")
    assert all(isinstance(tick, dg.RunRequest) for tick in ticks())
