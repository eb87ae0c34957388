"""Ratings are put together once a day, and all that is worked out from them."""

import dagster as dg

from iracing_pipeline.defs.figures.assets import figures, races, replays
from iracing_pipeline.defs.ratings.assets import ratings, raw_member
from iracing_pipeline.defs.resources import DataApiResource
from iracing_pipeline.defs.telemetry.checks import telemetry_table_checks

update_ratings = dg.define_asset_job(
    "update_ratings",
    selection=[raw_member, ratings],
    description="Ask iRacing for the member's ratings, and rebuild the history.",
)

_WITHOUT_IRACING = [*ratings.keys, *figures.keys, *races.keys, *replays.keys]


@dg.schedule(
    target=dg.AssetSelection.assets(raw_member, *_WITHOUT_IRACING)
    | dg.AssetSelection.checks(telemetry_table_checks),
    cron_schedule="45 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day: ratings, all figures over all sessions, and the checks of the tables of"
    " laps. Without an account from results and telemetry alone.",
)
def daily_ratings(data_api: DataApiResource) -> dg.RunRequest:
    """Ask for a run; without an account, of what needs no answer of iRacing."""
    if data_api.configured:
        return dg.RunRequest()
    checks = [*ratings.check_keys, *telemetry_table_checks.check_keys]
    return dg.RunRequest(asset_selection=_WITHOUT_IRACING, asset_check_keys=checks)
