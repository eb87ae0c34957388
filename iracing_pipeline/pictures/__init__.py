"""Small pictures of laps, as SVG: light enough to go into the metadata of every file."""

from iracing_pipeline.pictures.delta_chart import delta_chart
from iracing_pipeline.pictures.lap_chart import lap_chart
from iracing_pipeline.pictures.speed_trace import speed_trace
from iracing_pipeline.pictures.stint_chart import stint_chart
from iracing_pipeline.pictures.track_map import track_map

__all__ = ["delta_chart", "lap_chart", "speed_trace", "stint_chart", "track_map"]
