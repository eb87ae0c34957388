"""Request a recomputation of the figures after a load."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from iracing_pipeline.defs.figures.assets import figures, races, replays
from iracing_pipeline.defs.ratings.assets import ratings
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.telemetry.checks import telemetry_table_checks
from iracing_pipeline.defs.unfinished_runs import unfinished
from iracing_pipeline.warehouse import audit

# A backlog is loaded file by file: wait until it is through, but not for ever.
_QUIET = timedelta(seconds=20)
_AT_LEAST_EVERY = timedelta(minutes=10)

# What figures are computed from; a change of nothing else asks for them.
_SOURCES = (
    "racing.telemetry_session",
    "racing.telemetry_lap",
    "racing.stint",
    "racing.subsession",
    "racing.result",
    "racing.lap",
    "racing.experiment",
)

refresh_figures = dg.define_asset_job(
    "refresh_figures",
    selection=dg.AssetSelection.assets(ratings, figures, races, replays)
    | dg.AssetSelection.checks(telemetry_table_checks),
    description="Checks of the tables of laps, ratings without iRacing, and all figures over all"
    " sessions.",
)


@dg.sensor(
    job=refresh_figures,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Recomputes figures over all sessions, twenty seconds after the last load.",
)
def figures_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask for one run for all that was loaded since the last one."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        last = audit.last_change(connection, _SOURCES)
    seen, _, asked = (context.cursor or "").partition(" ")
    if last is None or str(last.number) == seen:
        return dg.SkipReason("nothing was loaded since the figures were computed")
    waited = not asked or now - datetime.fromisoformat(asked) >= _AT_LEAST_EVERY
    if now - last.at < _QUIET and not (asked and waited):
        return dg.SkipReason("loads are going on")
    if unfinished(context.instance, job_name=refresh_figures.name):
        return dg.SkipReason("the figures are being computed")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"load {last.number}")],
        cursor=f"{last.number} {now.isoformat()}",
    )
