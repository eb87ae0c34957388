"""Figures over all sessions, and the ledgers of races."""

import dagster as dg

from iracing_pipeline.defs.figures.assets import figures, races, replays
from iracing_pipeline.defs.figures.sensors import figures_sensor, refresh_figures

defs = dg.Definitions(
    assets=[figures, races, replays], jobs=[refresh_figures], sensors=[figures_sensor]
)
