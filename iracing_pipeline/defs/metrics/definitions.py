"""Metrics: what Prometheus gets."""

import dagster as dg

from iracing_pipeline.defs.metrics.assets import metric_history, metric_snapshot
from iracing_pipeline.defs.metrics.sensors import metric_sensor, send_metrics, take_snapshot

defs = dg.Definitions(
    assets=[metric_snapshot, metric_history],
    jobs=[send_metrics, take_snapshot],
    sensors=[metric_sensor],
)
