"""What a run does when the Data API does not answer as it should."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from iracing_pipeline.data_api import AuthenticationError, MaintenanceError, UnavailableError

API_POOL = "iracing_api"
"""One step at a time asks iRacing, so that the limit on calls holds."""

MAINTENANCE_PAUSE_S = 1800
MOST_PAUSES = 12


@contextmanager
def faults_as_dagster_understands() -> Iterator[None]:
    """Wait out maintenance, and fail for good where asking again would not help.

    Raises:
        dagster.RetryRequested: When iRacing is down for maintenance.
        dagster.Failure: When it refuses the account, or faults outlast the client's retries.
    """
    try:
        yield
    except MaintenanceError as error:
        raise dg.RetryRequested(
            max_retries=MOST_PAUSES, seconds_to_wait=MAINTENANCE_PAUSE_S
        ) from error
    except (AuthenticationError, UnavailableError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
