"""Reference is pulled once a week, after iRacing rolled the race week."""

import dagster as dg

from iracing_pipeline.defs.reference.assets import reference
from iracing_pipeline.defs.resources import DataApiResource

pull_reference = dg.define_asset_job(
    "pull_reference", selection=[reference], description="Tracks, cars, series and seasons."
)


@dg.schedule(
    job=pull_reference,
    cron_schedule="30 4 * * 2",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Tuesdays, when a new race week, and sometimes a new season, has begun.",
)
def weekly_reference(data_api: DataApiResource) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run, if there is an account to ask with."""
    if not data_api.configured:
        return dg.SkipReason("IRACING_CLIENT_ID is not set")
    return dg.RunRequest()
