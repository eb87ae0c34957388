"""Delete once a day what killed writers left: nobody else comes by where nothing is written again.

A file is written under another name and renamed when it is whole. The next write to the same
folder deletes what an earlier one left half-written; but a session that failed may never be
written again, and a frame file is tens of megabytes.
"""

import dagster as dg

from iracing_pipeline.defs.resources import LakeResource, MetricPlaces, WarehouseResource
from iracing_pipeline.metrics.history.blocks import Blocks
from iracing_pipeline.warehouse import watchdog


@dg.op
def delete_leftovers(
    context: dg.OpExecutionContext,
    lake: LakeResource,
    metric_places: MetricPlaces,
    warehouse: WarehouseResource,  # noqa: ARG001 - holds the run's lock: see abandoned_runs
) -> None:
    """Delete half-written files of the lake and of Prometheus's data folder, hours old at least."""
    swept = lake.open().sweep()
    folder = metric_places.settings.prometheus_data
    blocks = Blocks(folder).sweep() if folder is not None else 0
    context.log.info("Deleted %d half-written files and %d folders of blocks", swept, blocks)


@dg.job(
    description="Deletes what killed writers left half-written.",
    # A process of its own would cost seconds.
    executor_def=dg.in_process_executor,
)
def keep_house() -> None:
    """The one step of it."""
    delete_leftovers()


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends queries of dashboards that run for longer than two minutes.",
)
def reader_watchdog_sensor(warehouse: WarehouseResource) -> dg.SkipReason:
    """End them; there is nothing to run."""
    with warehouse.connect() as connection:
        ended = watchdog.end_long_queries(connection)
    return dg.SkipReason(f"Ended {len(ended)} connections" if ended else "Nothing runs for long")


@dg.schedule(
    job=keep_house,
    cron_schedule="15 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Daily; made up for when the machine was off.",
)
def daily_housekeeping() -> dg.RunRequest:
    """Ask for a run."""
    return dg.RunRequest()
