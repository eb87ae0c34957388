"""The one Definitions object that Dagster loads."""

import dagster as dg

from iracing_pipeline.defs.metrics.assets import metric_history, metric_snapshot
from iracing_pipeline.defs.metrics.sensors import metric_sensor, send_metrics, take_snapshot
from iracing_pipeline.defs.resources import (
    LakeResource,
    MetricPlaces,
    TelemetryFolder,
    WarehouseResource,
)
from iracing_pipeline.defs.telemetry.assets import telemetry, telemetry_files
from iracing_pipeline.defs.telemetry.sensors import load_telemetry, telemetry_folder_sensor

defs = dg.Definitions(
    assets=[telemetry_files, telemetry, metric_snapshot, metric_history],
    jobs=[load_telemetry, send_metrics, take_snapshot],
    sensors=[telemetry_folder_sensor, metric_sensor],
    resources={
        "lake": LakeResource(),
        "warehouse": WarehouseResource(),
        "telemetry_folder": TelemetryFolder(),
        "metric_places": MetricPlaces(),
    },
    # A process a step would cost seconds each; a run's work is one step.
    executor=dg.in_process_executor,
)
