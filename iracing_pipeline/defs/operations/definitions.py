"""The upkeep of the pipeline itself."""

import dagster as dg

from iracing_pipeline.defs.operations.abandoned_runs import abandoned_runs_sensor
from iracing_pipeline.defs.operations.housekeeping import (
    daily_housekeeping,
    keep_house,
    reader_watchdog_sensor,
)

defs = dg.Definitions(
    jobs=[keep_house],
    schedules=[daily_housekeeping],
    sensors=[abandoned_runs_sensor, reader_watchdog_sensor],
)
