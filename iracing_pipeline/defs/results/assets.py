"""The results assets: search a season, fetch what it found, load it into tables."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg

from iracing_pipeline.data_api import DataApiError
from iracing_pipeline.data_api.backfill import Status
from iracing_pipeline.defs.api_books import counted
from iracing_pipeline.defs.api_faults import API_POOL, faults_as_dagster_understands
from iracing_pipeline.defs.freshness import HOURLY
from iracing_pipeline.defs.resources import (
    DataApiResource,
    LakeResource,
    ResultsFolder,
    WarehouseResource,
)
from iracing_pipeline.defs.results.partitions import seasons
from iracing_pipeline.defs.tables import description_of, fields_check, fields_result, metadata_of
from iracing_pipeline.ibt import Facts
from iracing_pipeline.ingest.documents import stops
from iracing_pipeline.ingest.members import own_cust_id
from iracing_pipeline.ingest.result_files import (
    list_result_files,
    load_result_files,
    load_session_info,
    new_result_files,
    sessions_to_read,
)
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.ingest.subsessions import Progress, fetch_due, search_recent, search_season
from iracing_pipeline.ingest.telemetry import StoredFrames
from iracing_pipeline.lake import Lake
from iracing_pipeline.results.season import Season
from iracing_pipeline.tables import Table
from iracing_pipeline.tables.results import LAP, RESULT, SESSION_EVENT, SUBSESSION
from iracing_pipeline.warehouse import fetch_queue

GROUP = "results"
OWNERS = ["team:racing"]
REPORT_EVERY = 25


@dg.asset(
    partitions_def=seasons,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"iracing", "postgres"},
    pool=API_POOL,
)
def raw_season_search(
    context: dg.AssetExecutionContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> None:
    """The member's races of a season, official and hosted, put into the fetch queue."""
    api = data_api.connect()
    now = datetime.now(UTC)
    with (
        counted(warehouse, api),
        warehouse.connect(autocommit=True) as connection,
        faults_as_dagster_understands(),
    ):
        cust_id = own_cust_id(connection, api)
        failed: dict[str, str] = {}
        for key in context.partition_keys:
            try:
                new = search_season(connection, api, int(cust_id or 0), Season.parse(key), now)
            except DataApiError as error:
                if stops(error):
                    raise
                failed[key] = str(error)
                continue
            context.log.info("%s: %d new subsessions", key, new)
            context.add_asset_metadata({"new subsessions": new}, partition_key=key)
    if failed:
        raise dg.Failure(
            f"{len(failed)} of {len(context.partition_keys)} seasons could not be searched; they"
            f" will be requested again. {next(iter(failed.values()))}",
            metadata={"failed": dg.MetadataValue.json(failed)},
            allow_retries=False,
        )


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"iracing", "postgres"},
    freshness_policy=HOURLY,
    pool=API_POOL,
)
def raw_recent_search(
    context: dg.AssetExecutionContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> dg.MaterializeResult[None]:
    """Races that finished since the last search, added to the fetch queue: two requests."""
    api = data_api.connect()
    with (
        counted(warehouse, api),
        warehouse.connect(autocommit=True) as connection,
        faults_as_dagster_understands(),
    ):
        cust_id = own_cust_id(connection, api)
        due = search_recent(connection, api, int(cust_id or 0), datetime.now(UTC))
    context.log.info("Documents are due in: %s", ", ".join(due) or "no season")
    return dg.MaterializeResult(metadata={"seasons to fetch": ", ".join(due) or "none"})


@dg.asset(
    partitions_def=seasons,
    deps=[raw_season_search],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"iracing", "postgres"},
    pool=API_POOL,
)
def raw_subsessions(
    context: dg.AssetExecutionContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> None:
    """Result, laps and log of each race as iRacing sends them; resumable after an interruption."""
    api = data_api.connect()

    def report(progress: Progress) -> None:
        if progress.done % REPORT_EVERY == 0 or progress.done == progress.total:
            context.log.info(progress.summary(time.time()))

    with (
        counted(warehouse, api),
        warehouse.connect(autocommit=True) as connection,
        faults_as_dagster_understands(),
    ):
        for key in context.partition_keys:
            progress = fetch_due(connection, api, [Season.parse(key)], time.time, report)
            context.add_asset_metadata(
                {
                    "subsessions": progress.total,
                    "requests": progress.requests,
                    **{status.value: count for status, count in progress.statuses.items()},
                    "not complete": dg.MetadataValue.json(
                        {str(number): note for number, note in progress.problems.items()}
                    ),
                },
                partition_key=key,
            )
    quota = api.stats.snapshot().quota_remaining
    context.log.info("%s requests left in this minute", "unknown" if quota is None else quota)


def _table_spec(name: str, table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=[raw_subsessions],
        group_name=GROUP,
        owners=OWNERS,
        kinds={"postgres", "polars"},
        code_version="1",
        description=description_of(table),
        metadata=metadata_of(table),
    )


TABLES = {
    "subsessions": SUBSESSION,
    "results": RESULT,
    "laps": LAP,
    "session_events": SESSION_EVENT,
}
fields_known = fields_check("subsessions")
all_loaded = dg.AssetCheckSpec(
    "all_loaded",
    asset="subsessions",
    description="Every subsession that was fetched is in the table, or dismissed: see"
    " iracing-pipeline races.",
    blocking=True,
)


@dg.multi_asset(
    name="season_tables",
    specs=[_table_spec(name, table) for name, table in TABLES.items()],
    check_specs=[fields_known, all_loaded],
    partitions_def=seasons,
)
def season_tables(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Load the raw payloads of a season into the tables, in batches."""
    keys = list(context.partition_keys)
    with warehouse.connect() as connection:
        fetched = [
            fetch.subsession_id
            for fetch in fetch_queue.of_seasons(connection, keys)
            if fetch.fetched_at is not None and fetch.status is not Status.DISMISSED
        ]
        connection.commit()
        outcome = load_subsessions(connection, fetched, run_id=context.run.run_id)
        row = connection.execute(
            "SELECT count(*) FROM racing.subsession WHERE subsession_id = ANY(%s)", [fetched]
        ).fetchone()
        there = int(row[0]) if row else 0
    for name, table in TABLES.items():
        yield dg.MaterializeResult(
            asset_key=name,
            metadata={
                "dagster/partition_row_count": outcome.rows[table.name],
                "rows changed": outcome.changed[table.name],
            },
        )
    yield fields_result(fields_known, outcome.issues)
    yield dg.AssetCheckResult(
        asset_key=all_loaded.asset_key,
        check_name=all_loaded.name,
        passed=there == len(fetched),
        metadata={
            "fetched": len(fetched),
            "in the table": there,
            "refused": dg.MetadataValue.json({str(k): v for k, v in outcome.refused.items()}),
        },
    )


class ResultFilesConfig(dg.Config):
    """Selection of the files to read.

    Attributes:
        paths: Files to read whatever became of them before. Default: what is new in the results
            folder.
        again: Whether to read every file of the results folder again, loaded or refused.
    """

    paths: list[str] = []  # noqa: RUF012 - pydantic copies it
    again: bool = False


file_fields_known = fields_check("raw_result_files")


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"file", "postgres"},
    check_specs=[file_fields_known],
)
def raw_result_files(
    context: dg.AssetExecutionContext,
    config: ResultFilesConfig,
    results_folder: ResultsFolder,
    warehouse: WarehouseResource,
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # with checks, Dagster knows only this
    """Exported results dropped in a folder: read, kept raw, and loaded into the same tables."""
    with warehouse.connect() as connection:
        if config.paths:
            paths = [Path(path) for path in config.paths]
        elif config.again:
            paths = list(list_result_files(results_folder.path))
        else:
            paths = new_result_files(connection, results_folder.path, now=datetime.now(UTC))
        done = load_result_files(
            connection, paths, run_id=context.run.run_id, member=results_folder.member
        )
    for path, reason in done.refused.items():
        context.log.warning("%s is in quarantine: %s", path, reason)
    if done.without_driver:
        context.log.warning(
            "%d rows do not say whose they are; only their subsessions were loaded. Set"
            " IRACING_MEMBER to your customer id or name, or load a telemetry file of yours: they"
            " are then loaded by themselves.",
            done.without_driver,
        )
    return dg.MaterializeResult(
        metadata={
            "files": len(done.loaded),
            "subsessions": sum(done.loaded.values()),
            "quarantined": len(done.refused),
            "older or lesser versions": done.outcome.kept,
            "rows changed": sum(done.outcome.changed.values()),
        },
        check_results=[fields_result(file_fields_known, done.outcome.issues)],
    )


@dg.asset(
    deps=["telemetry_sessions"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet", "postgres"},
)
def telemetry_results(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> dg.MaterializeResult[None]:
    """Results and drivers from session info of telemetry, until a better source is loaded."""
    store = lake.open()
    with warehouse.connect() as connection:
        keys = sessions_to_read(connection)
        recordings = ((key, partial(_facts, store, key)) for key in keys)
        done = load_session_info(connection, recordings, run_id=context.run.run_id)
    for key, reason in done.refused.items():
        context.log.warning("%s is in quarantine: %s", key, reason)
    return dg.MaterializeResult(
        metadata={
            "sessions": len(keys),
            "refused": dg.MetadataValue.json(done.refused),
            "out of bounds": dg.MetadataValue.json(
                {str(each): count for each, count in done.outcome.issues.counts.items()}
            ),
        }
    )


def _facts(store: Lake, session_key: str) -> Facts:
    return StoredFrames(store, session_key).facts
