"""How old an asset may be while the pipeline runs: its schedule, and the time to notice a failure.

Only assets on a schedule have a policy. How long ago somebody drove says nothing of the pipeline.
"""

from datetime import timedelta

import dagster as dg

HOURLY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=2), fail_window=timedelta(hours=6)
)
DAILY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=50)
)
WEEKLY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(days=8), fail_window=timedelta(days=15)
)
