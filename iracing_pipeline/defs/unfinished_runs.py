"""Runs that wait or work: nobody asks again for what they will do."""

import dagster as dg

UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def unfinished(
    instance: dg.DagsterInstance, *, job_name: str | None = None, tags: dict[str, str] | None = None
) -> bool:
    """Return whether there is an unfinished run of a job or with tags."""
    runs = dg.RunsFilter(job_name=job_name, tags=tags, statuses=UNFINISHED)
    return bool(instance.get_runs(runs, limit=1))
