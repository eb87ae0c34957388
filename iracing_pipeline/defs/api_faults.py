"""Reaction of a run to faults of the Data API."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from iracing_pipeline.data_api import DataApiError, MaintenanceError
from iracing_pipeline.data_api.errors import OutageError

API_POOL = "iracing_api"
"""One step at a time asks iRacing, so that the limit on calls holds."""

MAINTENANCE_PAUSE_S = 1800
MOST_PAUSES = 12


@contextmanager
def faults_as_dagster_understands() -> Iterator[None]:
    """Wait for the end of maintenance or of an outage, and fail for good otherwise.

    Raises:
        dagster.RetryRequested: When iRacing is down.
        dagster.Failure: When it refuses the account or what was asked.
    """
    try:
        yield
    except MaintenanceError as error:
        raise dg.RetryRequested(
            max_retries=MOST_PAUSES, seconds_to_wait=MAINTENANCE_PAUSE_S
        ) from error
    except OutageError as error:
        wait = min(MAINTENANCE_PAUSE_S, max(0.0, error.probe_at - time.time()))
        raise dg.RetryRequested(max_retries=MOST_PAUSES, seconds_to_wait=wait) from error
    except DataApiError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
