"""Try a step again after a fault that may pass, and never after it was canceled.

Dagster's ``RetryPolicy`` takes a cancellation for a fault: the step restarts, and the run that
was canceled ends in success.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster import DagsterError

from iracing_pipeline.dagster_private import DagsterExecutionInterruptedError

CANCELED = (KeyboardInterrupt, DagsterExecutionInterruptedError)
"""Exceptions that interrupt a step. Neither is an ``Exception``."""


@contextmanager
def retried(
    context: dg.OpExecutionContext | dg.AssetExecutionContext,
    *,
    most: int = 2,
    delay_s: float = 2.0,
) -> Iterator[None]:
    """Ask for another attempt at the step when something fails in this block.

    Args:
        context: The step's.
        most: How many more attempts there are.
        delay_s: How long to wait for the first of them, seconds; twice as long for each other.

    Raises:
        dagster.RetryRequested: In place of an ordinary error.
    """
    try:
        yield
    except (dg.Failure, dg.RetryRequested, DagsterError):
        raise
    except Exception as error:
        wait = delay_s * 2**context.retry_number
        raise dg.RetryRequested(max_retries=most, seconds_to_wait=wait) from error
