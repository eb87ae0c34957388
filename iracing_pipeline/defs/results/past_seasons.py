"""Past seasons are read at night, the newest unread one first; the progress is an asset."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from iracing_pipeline.data_api.season_plan import Plan, plan
from iracing_pipeline.defs.resources import DataApiResource, WarehouseResource
from iracing_pipeline.defs.results.partitions import member_is_known, seasons
from iracing_pipeline.defs.results.sensors import load_season
from iracing_pipeline.defs.unfinished_runs import UNFINISHED
from iracing_pipeline.ingest.calendar import known_calendar, seasons_of_the_member
from iracing_pipeline.settings import DataApiAccount
from iracing_pipeline.warehouse import Connection, season_books

_HOUR, _MINUTE = 2, 30

past_seasons = dg.AssetSpec(
    "past_seasons",
    deps=["raw_season_search"],
    group_name="results",
    owners=["team:racing"],
    kinds={"iracing"},
    description="How far the reading of the member's seasons is: seasons read and left, requests,"
    " and when all is read. The schedule nightly_past_seasons reads them; stop it to pause.",
)


@dg.schedule(
    job=load_season,
    cron_schedule=f"{_MINUTE} {_HOUR} * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Reads seasons that were never read, newest first, and those whose points are final"
    " since; as many as fit into the night. Stop it to pause; it goes on where it stopped.",
)
def nightly_past_seasons(
    context: dg.ScheduleEvaluationContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> list[dg.RunRequest] | dg.SkipReason:
    """Request a run for each season that is due tonight."""
    account = DataApiAccount.from_env()
    if not data_api.configured or account is None:
        return dg.SkipReason("IRACING_CLIENT_ID is not set")
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        if not member_is_known(connection):
            return dg.SkipReason("iRacing has not been asked yet who the member is")
        todo = _plan(connection, now)
    running = _running(context.instance)
    tonight = [
        key for key in map(str, todo.tonight(account.calls_per_minute)) if key not in running
    ]
    if not tonight:
        return dg.SkipReason(f"all {todo.seasons} seasons are read, or being read")
    context.instance.add_dynamic_partitions(str(seasons.name), tonight)
    return [
        # The newest first: runs wait for each other, as one at a time asks iRacing.
        dg.RunRequest(
            run_key=f"{key}/{now:%Y-%m-%d}",
            partition_key=key,
            tags={"dagster/priority": str(-number)},
        )
        for number, key in enumerate(tonight)
    ]


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Shows how far the reading of past seasons is, on the asset past_seasons.",
)
def past_seasons_sensor(
    context: dg.SensorEvaluationContext, data_api: DataApiResource, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    """Materialize the asset whenever the progress changed."""
    account = DataApiAccount.from_env()
    if not data_api.configured or account is None:
        return dg.SkipReason("IRACING_CLIENT_ID is not set")
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        if not member_is_known(connection):
            return dg.SkipReason("iRacing has not been asked yet who the member is")
        todo = _plan(connection, now)
    state = json.dumps([todo.seasons, [str(each) for each in todo.to_read], todo.calls])
    if state == context.cursor:
        return dg.SkipReason(f"{len(todo.to_read)} of {todo.seasons} seasons are left, as before")
    begin = now if _running(context.instance) else _next_night(now)
    ends_at = todo.ends_at(begin, account.calls_per_minute)
    metadata: dict[str, dg.MetadataValue | int | str] = {
        "seasons read": todo.seasons - len(todo.to_read),
        "seasons left": len(todo.to_read),
        "next": ", ".join(map(str, todo.to_read[:5])) or "none",
        "requests made": todo.calls,
        "requests left (estimate)": todo.calls_left,
    }
    if ends_at is not None:
        metadata["all read (estimate)"] = dg.MetadataValue.timestamp(ends_at)
    return dg.SensorResult(
        asset_events=[dg.AssetMaterialization(past_seasons.key, metadata=metadata)], cursor=state
    )


def _plan(connection: Connection, now: datetime) -> Plan:
    return plan(
        seasons_of_the_member(connection, now),
        season_books.reads(connection),
        known_calendar(connection),
        now,
    )


def _running(instance: dg.DagsterInstance) -> set[str]:
    """The seasons that a run is reading or waits to read."""
    runs = instance.get_runs(dg.RunsFilter(job_name=load_season.name, statuses=UNFINISHED))
    return {run.tags["dagster/partition"] for run in runs if "dagster/partition" in run.tags}


def _next_night(now: datetime) -> datetime:
    tonight = now.replace(hour=_HOUR, minute=_MINUTE, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)
