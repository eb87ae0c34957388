"""Send loaded sessions to Prometheus, and update the snapshot."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from iracing_pipeline.defs.metrics.assets import metric_history, metric_snapshot
from iracing_pipeline.defs.resources import MetricPlaces, WarehouseResource
from iracing_pipeline.defs.telemetry.partitions import BATCH, ibt_files, ranges
from iracing_pipeline.defs.unfinished_runs import unfinished
from iracing_pipeline.metrics import pipeline
from iracing_pipeline.metrics.history.route import CLOUD, CLOUD_WINDOW_MS
from iracing_pipeline.warehouse import Connection, deliveries

PURPOSE = {"iracing/purpose": "send-metrics"}

_MOST_RUNS = 4
_QUIET = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}

send_metrics = dg.define_asset_job(
    "send_metrics",
    selection=[metric_history],
    config=_QUIET,
    description="Channels of a batch of sessions to Prometheus.",
)

take_snapshot = dg.define_asset_job(
    "take_snapshot",
    selection=[metric_snapshot],
    config=_QUIET,
    description="Last-known values of the driver, for Prometheus.",
)


@dg.sensor(
    jobs=[send_metrics, take_snapshot],
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends sessions that Prometheus lacks; see ops.metric_history for each.",
)
def metric_sensor(
    context: dg.SensorEvaluationContext,
    warehouse: WarehouseResource,
    metric_places: MetricPlaces,
) -> dg.SensorResult | dg.SkipReason:
    """Request runs that send due sessions, and a snapshot after a load."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        load = pipeline.last_load(connection)
        wanted = _due(connection, metric_places, now)
    requests = []
    order = list(context.instance.get_dynamic_partitions(str(ibt_files.name)))
    partitions = set(order)
    keys = [key for key in wanted if key in partitions]
    if keys and not unfinished(context.instance, tags=PURPOSE):
        requests += [
            dg.RunRequest(
                run_key=f"{now.isoformat()}/{number}",
                job_name=send_metrics.name,
                tags={**PURPOSE, **tags},
                run_config=_QUIET,
            )
            for number, tags in enumerate(ranges(keys, order, most=BATCH)[:_MOST_RUNS], start=1)
        ]
    if load and str(load) != context.cursor:
        requests.append(
            dg.RunRequest(run_key=f"load {load}", job_name=take_snapshot.name, run_config=_QUIET)
        )
    if requests:
        return dg.SensorResult(run_requests=requests, cursor=str(load))
    return dg.SkipReason(
        f"{len(keys)} sessions are being sent"
        if metric_places.names
        else "No place to send sessions to: set IRACING_PROMETHEUS_URL or IRACING_CLOUD_PUSH_URL"
    )


def _due(connection: Connection, places: MetricPlaces, now: datetime) -> list[str]:
    """Sessions that some place lacks, the latest first."""
    digest = places.selection.digest
    keys: dict[str, None] = {}
    for name in places.names:
        within = timedelta(milliseconds=CLOUD_WINDOW_MS) if name == CLOUD else None
        due = deliveries.due(connection, name, digest, now=now, within=within)
        keys.update(dict.fromkeys(due))
    return list(keys)
