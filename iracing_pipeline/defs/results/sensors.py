"""Fetch due races, add new seasons, and load dropped files."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from iracing_pipeline.defs.asked_again import asked_again
from iracing_pipeline.defs.ratings.assets import ratings
from iracing_pipeline.defs.ratings.schedules import update_ratings
from iracing_pipeline.defs.resources import DataApiResource, ResultsFolder, WarehouseResource
from iracing_pipeline.defs.results.assets import (
    raw_result_files,
    raw_season_search,
    raw_subsessions,
    season_tables,
    telemetry_results,
)
from iracing_pipeline.defs.results.partitions import member_is_known, seasons
from iracing_pipeline.defs.unfinished_runs import UNFINISHED
from iracing_pipeline.inbox.file_names import text_of
from iracing_pipeline.ingest.calendar import seasons_of_the_member
from iracing_pipeline.ingest.members import own_cust_id
from iracing_pipeline.ingest.result_files import (
    attempts_at,
    new_result_files,
    sessions_to_read,
    version_of,
    without_driver,
)
from iracing_pipeline.warehouse import fetch_queue

load_season = dg.define_asset_job(
    "load_season",
    selection=[raw_season_search, raw_subsessions, season_tables],
    description="A whole season: search, fetch, load. Backfill all seasons to get a career.",
)
fetch_season = dg.define_asset_job(
    "fetch_season",
    selection=[raw_subsessions, season_tables],
    description="Documents that are due in a season, by the fetch queue.",
)
load_result_files_job = dg.define_asset_job(
    "load_result_files",
    selection=[raw_result_files, ratings],
    description="Exported results from the results folder, and the ratings with them.",
)

read_telemetry_results = dg.define_asset_job(
    "read_telemetry_results",
    selection=[telemetry_results],
    description="Results and drivers from the session info of telemetry files.",
)


@dg.sensor(
    jobs=[fetch_season, update_ratings],
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for each new season, and fetches what is due.",
)
def results_sensor(
    context: dg.SensorEvaluationContext,
    data_api: DataApiResource,
    warehouse: WarehouseResource,
) -> dg.SensorResult | dg.SkipReason:
    """Look at the calendar and the fetch queue; iRacing is not asked here."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        wanted = [str(season) for season in seasons_of_the_member(connection, now)]
        due = fetch_queue.due_seasons(connection, now) if data_api.configured else []
        stranger = data_api.configured and not member_is_known(connection)
    there = set(context.instance.get_dynamic_partitions(str(seasons.name)))
    new = [key for key in dict.fromkeys([*wanted, *due]) if key not in there]
    running = {
        run.tags.get("dagster/partition")
        for run in context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    }
    runs = [
        dg.RunRequest(
            run_key=f"{key}/{now:%Y-%m-%dT%H:%M}", partition_key=key, job_name=fetch_season.name
        )
        for key in due
        if key not in running
    ]
    if stranger:  # since when the member races says which seasons there are; once an hour at most
        first = dg.RunRequest(run_key=f"first look/{now:%Y-%m-%dT%H}", job_name=update_ratings.name)
        runs.append(first)
    if not new and not runs:
        return dg.SkipReason(f"{len(there)} seasons known, nothing is due")
    return dg.SensorResult(
        run_requests=runs,
        dynamic_partitions_requests=[seasons.build_add_request(new)] if new else [],
    )


@dg.sensor(
    job=load_result_files_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Loads exported results that were dropped in the results folder.",
)
def result_files_sensor(
    context: dg.SensorEvaluationContext,
    results_folder: ResultsFolder,
    warehouse: WarehouseResource,
) -> dg.RunRequest | dg.SkipReason:
    """Request a run when a file is new, was changed, or has to be tried again."""
    folder, now = results_folder.path, datetime.now(UTC)
    with warehouse.connect() as connection:
        new = new_result_files(connection, folder, now=now)
        attempts = attempts_at(connection, new)
        unknown = without_driver(connection) if own_cust_id(connection) is not None else []
    if not new and not unknown:
        if not folder.is_dir():
            return dg.SkipReason(f"{folder} is not there; make it and drop exported results in it")
        return dg.SkipReason("no new files")
    state = [f"{text_of(path)} {_version(path)} {attempts[path]}" for path in new]
    return asked_again(context, load_result_files_job.name, [*state, *map(str, unknown)], now)


def _version(path: Path) -> str:
    try:
        return str(version_of(path))
    except OSError:
        return "gone"


@dg.sensor(
    job=read_telemetry_results,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads results from telemetry files of subsessions without another source.",
)
def telemetry_results_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run when telemetry of an unknown subsession was loaded."""
    with warehouse.connect() as connection:
        keys = sessions_to_read(connection)
    if not keys:
        return dg.SkipReason("every subsession with telemetry is known")
    return asked_again(context, read_telemetry_results.name, keys, datetime.now(UTC))
