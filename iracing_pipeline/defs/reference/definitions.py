"""Reference: iRacing's tracks, cars, classes, series and seasons."""

import dagster as dg

from iracing_pipeline.defs.reference.assets import reference
from iracing_pipeline.defs.reference.schedules import pull_reference, weekly_reference

defs = dg.Definitions(assets=[reference], jobs=[pull_reference], schedules=[weekly_reference])
