"""Ratings are put together once a day."""

import dagster as dg

from iracing_pipeline.defs.ratings.assets import ratings, raw_member
from iracing_pipeline.defs.resources import DataApiResource

update_ratings = dg.define_asset_job(
    "update_ratings",
    selection=[raw_member, ratings],
    description="Ask iRacing for the member's ratings, and rebuild the history.",
)
rebuild_rating_history = dg.define_asset_job(
    "rebuild_ratings",
    selection=[ratings],
    description="Rebuild the rating history from what is there, without asking iRacing.",
)


@dg.schedule(
    target=[raw_member, ratings],
    cron_schedule="45 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day; without an account from results and telemetry alone.",
)
def daily_ratings(data_api: DataApiResource) -> dg.RunRequest:
    """Ask for a run of what can be had."""
    if data_api.configured:
        return dg.RunRequest()
    return dg.RunRequest(asset_selection=list(ratings.keys))
