"""End the runs whose process is gone, which Dagster would take for running for ever.

The code server notices when a run that it launched dies. Nobody does when the code server dies
too, or when a load from the command line is killed; such a run would keep its place in the queue,
and its files would wait for it.

A run is known to live by the lock that ``WarehouseResource`` holds for it, so every asset needs
that resource.
"""

import json

import dagster as dg

from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.warehouse import run_lock


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process was killed: others can begin, and files are loaded again.",
)
def abandoned_runs_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SkipReason:
    """Fail the runs that do not hold their lock now and did not the last time either."""
    suspected = set(json.loads(context.cursor or "[]"))
    started = context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    ours = [run for run in started if _is_ours(run, context.repository_def)]
    with warehouse.connect() as connection:
        silent = [run for run in ours if not run_lock.is_held(connection, run.run_id)]
    # One look is not enough: a run holds no lock in its first and its last moments.
    dead = [run for run in silent if run.run_id in suspected]
    for run in dead:
        context.instance.report_run_failed(run, "The process of this run is gone: it was killed.")
    context.update_cursor(json.dumps([run.run_id for run in silent if run not in dead]))
    return dg.SkipReason(f"{len(dead)} abandoned runs ended, {len(silent) - len(dead)} suspected")


def _is_ours(run: dg.DagsterRun, repository: dg.RepositoryDefinition | None) -> bool:
    """Whether a run is of this project: others may share the instance."""
    if repository is None or run.job_name not in repository.job_names:
        return False
    return not run.asset_selection or run.asset_selection <= set(repository.assets_defs_by_key)
