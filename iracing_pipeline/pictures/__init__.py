"""Small pictures of laps, as SVG: light enough to go into the metadata of every file."""

from iracing_pipeline.pictures.lap_chart import lap_chart
from iracing_pipeline.pictures.speed_trace import speed_trace

__all__ = ["lap_chart", "speed_trace"]
