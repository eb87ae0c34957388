"""The upkeep of the pipeline itself."""

import dagster as dg

from iracing_pipeline.defs.digests import digest_sensor, send_digests
from iracing_pipeline.defs.operations.abandoned_runs import abandoned_runs_sensor
from iracing_pipeline.defs.operations.housekeeping import (
    daily_housekeeping,
    keep_house,
    reader_watchdog_sensor,
)

defs = dg.Definitions(
    jobs=[keep_house, send_digests],
    schedules=[daily_housekeeping],
    sensors=[abandoned_runs_sensor, reader_watchdog_sensor, digest_sensor],
)
