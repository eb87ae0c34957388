"""Ask for a run for a state of things, and again with pauses while the state stays."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg

from iracing_pipeline.defs.unfinished_runs import UNFINISHED

TAG = "iracing/state"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_MOST_RUNS = 50


def asked_again(
    context: dg.SensorEvaluationContext, job: str, state: Iterable[str], now: datetime
) -> dg.RunRequest | dg.SkipReason:
    """A request of a run, at once for a new state, later and later for one that runs left as it is.

    Args:
        context: The sensor's.
        job: The job that is to run.
        state: What is to be done; another state is asked for at once.
        now: The present, UTC.
    """
    digest = hashlib.sha256("\n".join(state).encode()).hexdigest()
    runs = context.instance.get_run_records(
        dg.RunsFilter(job_name=job, tags={TAG: digest}), limit=_MOST_RUNS
    )
    if any(record.dagster_run.status in UNFINISHED for record in runs):
        return dg.SkipReason("a run for it is on its way")
    if runs:
        pause = min(FIRST_PAUSE * 4 ** min(len(runs) - 1, 10), LONGEST_PAUSE)
        ended = max(record.end_time or record.create_timestamp.timestamp() for record in runs)
        again = datetime.fromtimestamp(ended, UTC) + pause
        if now < again:
            return dg.SkipReason(
                f"{len(runs)} runs left it undone; the next request is at {again:%H:%M:%S} UTC"
            )
    # A key of its own for each attempt: Dagster drops a request whose key it has seen.
    return dg.RunRequest(run_key=f"{digest}/{len(runs)}", job_name=job, tags={TAG: digest})
