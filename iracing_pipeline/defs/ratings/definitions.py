"""Ratings: the member's licences, ratings and totals."""

import dagster as dg

from iracing_pipeline.defs.ratings.assets import ratings, raw_member
from iracing_pipeline.defs.ratings.schedules import daily_ratings, update_ratings

defs = dg.Definitions(
    assets=[raw_member, ratings],
    jobs=[update_ratings],
    schedules=[daily_ratings],
)
