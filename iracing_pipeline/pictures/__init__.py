"""Small pictures of laps and figures, as SVG: light enough for the metadata of every file."""

from iracing_pipeline.pictures.delta_chart import delta_chart
from iracing_pipeline.pictures.forecast_chart import forecast_chart
from iracing_pipeline.pictures.lap_chart import lap_chart
from iracing_pipeline.pictures.plan_chart import plan_chart
from iracing_pipeline.pictures.speed_trace import speed_trace
from iracing_pipeline.pictures.spread_chart import spread_chart
from iracing_pipeline.pictures.stint_chart import stint_chart
from iracing_pipeline.pictures.track_map import track_map

__all__ = [
    "delta_chart",
    "forecast_chart",
    "lap_chart",
    "plan_chart",
    "speed_trace",
    "spread_chart",
    "stint_chart",
    "track_map",
]
