"""End runs of dead processes, which Dagster would show as running for ever.

The code server notices when a run that it launched dies. Nobody does when the code server dies
too, as in a power cut, or when a load from the command line is killed; such a run would keep its
place in the queue, and its files would wait for it.

A run that has started is known to live by the lock that ``WarehouseResource`` holds for it, so
every asset needs that resource. One that is starting is known by the code server that launched it.
"""

import json

import dagster as dg

from iracing_pipeline.dagster_private import (
    GRPC_INFO_TAG,
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    DagsterGrpcClient,
    DagsterUserCodeUnreachableError,
)
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.warehouse import Connection, run_lock

# A code server has this from memory; one that needs longer is busy, and may have the run.
_ANSWERS_WITHIN_S = 5


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process was killed: others can begin, and files are loaded again.",
)
def abandoned_runs_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SkipReason:
    """Fail the runs that show no life now and did not the last time either."""
    suspected = set(json.loads(context.cursor or "[]"))
    under_way = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    runs = context.instance.get_runs(dg.RunsFilter(statuses=under_way))
    ours = [run for run in runs if _is_ours(run, context.repository_def)]
    with warehouse.connect() as connection:
        silent = [run for run in ours if not _shows_life(run, connection)]
    # One look is not enough: a run holds no lock in its first and its last moments, and its code
    # server learns of it a moment after Dagster says that it is starting.
    dead = [run for run in silent if _state(run) in suspected]
    for run in dead:
        context.instance.report_run_failed(run, "The process of this run is gone: it was killed.")
    context.update_cursor(json.dumps([_state(run) for run in silent if run not in dead]))
    return dg.SkipReason(f"{len(dead)} abandoned runs ended, {len(silent) - len(dead)} suspected")


def _state(run: dg.DagsterRun) -> str:
    """Runs under suspicion; a run that was starting the last time and has started is not."""
    return f"{run.run_id} {run.status.value}"


def _shows_life(run: dg.DagsterRun, connection: Connection) -> bool:
    """Whether a run that has started holds its lock, or its code server knows one that starts."""
    if run.status is dg.DagsterRunStatus.STARTING:
        return not _is_forgotten(run)
    return run_lock.is_held(connection, run.run_id)


def _is_forgotten(run: dg.DagsterRun) -> bool:
    """Whether the code server that launched a run is gone, or knows nothing of the run.

    False where no code server launched it, or the server does not answer in time: Dagster's own
    ``start_timeout_seconds`` is left then.
    """
    if GRPC_INFO_TAG not in run.tags:
        return False
    grpc_info = json.loads(run.tags[GRPC_INFO_TAG])
    server = DagsterGrpcClient(
        grpc_info.get("port"),
        grpc_info.get("socket"),
        grpc_info["host"],
        use_ssl=grpc_info.get("use_ssl", False),
    )
    try:
        answer = server.can_cancel_execution(
            CanCancelExecutionRequest(run_id=run.run_id), timeout=_ANSWERS_WITHIN_S
        )
    except DagsterUserCodeUnreachableError as error:
        # gRPC's word for a place where nobody listens; a server that is slow exceeds a deadline.
        return "UNAVAILABLE" in str(error)
    return not dg.deserialize_value(answer, CanCancelExecutionResult).can_cancel


def _is_ours(run: dg.DagsterRun, repository: dg.RepositoryDefinition | None) -> bool:
    """Return whether a run is of this project: others may share the instance."""
    if repository is None or run.job_name not in repository.job_names:
        return False
    return not run.asset_selection or run.asset_selection <= set(repository.assets_defs_by_key)
