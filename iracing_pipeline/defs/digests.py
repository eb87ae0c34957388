"""Send the digest of a session once it is loaded, in a separate run.

Nothing waits for it: a webhook that is slow or gone delays no load.
"""

from datetime import UTC, datetime

import dagster as dg

from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.unfinished_runs import unfinished
from iracing_pipeline.digest import destinations, send_due
from iracing_pipeline.digest.work import WITHIN
from iracing_pipeline.settings import DigestSettings
from iracing_pipeline.warehouse import digests


@dg.op
def send_digests_due(context: dg.OpExecutionContext, warehouse: WarehouseResource) -> None:
    """Send what is due; what cannot be sent is noted in ops.session_digest."""
    places = destinations(DigestSettings.from_env())
    if not places:
        return
    with warehouse.connect() as connection:
        outcome = send_due(connection, places, now=datetime.now(UTC))
    for key in outcome.sent:
        context.log.info("%s: digest sent", key)
    for key, why in outcome.failed.items():
        context.log.warning("%s: digest not sent: %s", key, why)


@dg.job(
    description="Sends the digests of sessions that ended within 24 hours.",
    # A process of its own would cost seconds.
    executor_def=dg.in_process_executor,
)
def send_digests() -> None:
    """The one step of it."""
    send_digests_due()


@dg.sensor(
    job=send_digests,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends a digest after a session, where IRACING_DIGEST_FILE or _WEBHOOK is set.",
)
def digest_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run when a session is due."""
    if not destinations(DigestSettings.from_env()):
        return dg.SkipReason("Off: set IRACING_DIGEST_FILE or IRACING_DIGEST_WEBHOOK")
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        due = digests.due(connection, now=now, within=WITHIN)
    if not due:
        return dg.SkipReason("No session of the last 24 hours is without its digest")
    if unfinished(context.instance, job_name=send_digests.name):
        return dg.SkipReason("Digests are being sent")
    return dg.RunRequest(run_key=now.isoformat())
