"""The metric assets: last-known values, and the channels of sessions in Prometheus."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg

from iracing_pipeline.defs.batch import Batch, Metadata
from iracing_pipeline.defs.resources import LakeResource, MetricPlaces, WarehouseResource
from iracing_pipeline.defs.telemetry.assets import ibt_frames, telemetry_laps, telemetry_sessions
from iracing_pipeline.defs.telemetry.partitions import BATCH, ibt_files
from iracing_pipeline.ingest.metric_history import send
from iracing_pipeline.lake import LakeError
from iracing_pipeline.metrics.history.answer import Verdict
from iracing_pipeline.metrics.history.delivery import Delivery, DeliveryError
from iracing_pipeline.metrics.history.route import cloud_writer
from iracing_pipeline.metrics.history.session import NoTimeError
from iracing_pipeline.metrics.snapshot import Snapshot
from iracing_pipeline.warehouse import deliveries

GROUP = "metrics"
OWNERS = ["team:racing"]

metric_history_spec = dg.AssetSpec(
    "metric_history",
    deps=[ibt_frames, telemetry_sessions],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"prometheus", "polars"},
    code_version="1",
    description=(
        "Channels of one session, ten values a second, in Prometheus at their true times: by"
        " remote write while they are young, as blocks when they are old."
    ),
)

_FAULTS = (LakeError, NoTimeError, psycopg.Error, OSError)


@dg.multi_asset(
    name="metric_history",
    specs=[metric_history_spec],
    partitions_def=ibt_files,
    backfill_policy=dg.BackfillPolicy.multi_run(BATCH),
    can_subset=True,
    # One at a time: two that make blocks would share the disk, and gain nothing.
    pool="prometheus",
)
def metric_history(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    warehouse: WarehouseResource,
    metric_places: MetricPlaces,
) -> Iterator[dg.MaterializeResult[None]]:
    """Send each session to the places that do not have it."""
    keys = context.partition_keys
    places, selection = metric_places.open(), metric_places.selection
    if not places:
        raise dg.Failure(
            "No destination of metrics is set: set IRACING_PROMETHEUS_URL or"
            " IRACING_CLOUD_PUSH_URL.",
            allow_retries=False,
        )
    batch, store = (
        Batch(context, wrong="sessions could not be sent: see ops.metric_history"),
        lake.open(),
    )
    with warehouse.connect() as connection:
        sessions = deliveries.sessions(connection, keys)
        connection.commit()
        for number, key in enumerate(keys, start=1):
            session = sessions.get(key)
            if session is None:
                batch.failed(key, f"{key} is not in racing.telemetry_session: load it first.")
                continue
            try:
                sent = send(connection, store, session, places, selection)
                connection.commit()
            except _FAULTS as error:
                connection.rollback()
                batch.failed(key, str(error))
                continue
            wrong = [d.failure for d in sent.values() if d.failure]
            if wrong:
                batch.failed(key, f"{key}: {wrong[0]}")
            else:
                batch.done(
                    key,
                    {metric_history_spec.key: _metadata(sent)},
                    version=f"{key}:{session.record_count}:{selection.digest}",
                    inputs=f"{key}:{session.record_count}",
                )
            context.log.info("%d of %d: %s: %s", number, len(keys), key, _summary(sent))
    # Each is recorded already; a step that returns would have Dagster record them again.
    yield from ()
    batch.finish()


@dg.asset(
    deps=[telemetry_sessions, telemetry_laps],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"prometheus", "postgres"},
    code_version="1",
)
def metric_snapshot(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    warehouse: WarehouseResource,
    metric_places: MetricPlaces,
) -> dg.MaterializeResult[None]:
    """Last-known values of the driver, in Prometheus's text format.

    It is kept in the lake, from where the scrape endpoint takes it when the database is down, and
    sent to the hosted Prometheus, if there is one, as of now.
    """
    with warehouse.connect() as connection:
        snapshot = Snapshot.take(connection)
    written = snapshot.write(lake.open())
    shown: dict[str, Any] = {
        "samples": len(snapshot.samples),
        "size (kB)": round(written.size_bytes / 1e3, 1),
        "path": dg.MetadataValue.path(written.uri),
        "last load": snapshot.load,
    }
    settings = metric_places.settings
    if settings.cloud_url:
        pushed = _push(snapshot, cloud_writer(settings).post)
        context.log.info("Hosted Prometheus: %s", pushed)
        shown["hosted Prometheus"] = pushed
    return dg.MaterializeResult(metadata=shown)


def _push(snapshot: Snapshot, post: Any) -> str:
    """Send the snapshot as of now; what became of it. A failure does not fail the asset."""
    now_ms = int(time.time() * 1000)
    try:
        answers = [post(body) for body in snapshot.requests(now_ms)]
    except DeliveryError as error:
        return str(error)
    refused = [text for verdict, text in answers if verdict is not Verdict.ACCEPTED]
    return f"refused: {refused[0]}" if refused else "sent"


def _metadata(sent: dict[str, Delivery]) -> Metadata:
    if not sent:
        return {"sent": "nothing: every place has it"}
    shown: dict[str, Any] = {"tried at": dg.MetadataValue.timestamp(datetime.now(UTC))}
    for name, delivery in sent.items():
        shown[f"{name}: samples accepted"] = delivery.accepted
        shown[f"{name}: samples waiting"] = delivery.waiting
        shown[f"{name}: samples refused"] = delivery.refused.total()
        for reason, samples in delivery.refused.items():
            shown[f"{name}: refused as {reason}"] = samples
        shown[f"{name}: seconds"] = round(delivery.seconds, 3)
    return shown


def _summary(sent: dict[str, Delivery]) -> str:
    return (
        "; ".join(
            f"{name}: {d.accepted} samples accepted, {d.refused.total()} refused,"
            f" {d.waiting} waiting ({d.seconds:.2f} s)"
            for name, d in sent.items()
        )
        or "every place has it"
    )
