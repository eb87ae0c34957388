"""Schedules of searches for results."""

import dagster as dg

from iracing_pipeline.defs.resources import DataApiResource
from iracing_pipeline.defs.results.assets import raw_recent_search
from iracing_pipeline.defs.unfinished_runs import UNFINISHED

look_for_results = dg.define_asset_job(
    "look_for_results",
    selection=[raw_recent_search],
    description="Two requests: what finished since the last look.",
)


@dg.schedule(
    job=look_for_results,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour; what it finds is fetched by the results sensor.",
)
def hourly_results(
    context: dg.ScheduleEvaluationContext, data_api: DataApiResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run, if there is an account to ask with and none waits for the end of an outage."""
    if not data_api.configured:
        return dg.SkipReason("IRACING_CLIENT_ID is not set")
    unfinished = dg.RunsFilter(job_name=look_for_results.name, statuses=UNFINISHED)
    if context.instance.get_runs(unfinished, limit=1):
        return dg.SkipReason("the last look is not finished")
    return dg.RunRequest()
