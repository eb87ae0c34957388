"""The one Definitions object that Dagster loads."""

import dagster as dg

from iracing_pipeline.defs.resources import LakeResource, TelemetryFolder, WarehouseResource
from iracing_pipeline.defs.telemetry.abandoned_runs import abandoned_runs_sensor
from iracing_pipeline.defs.telemetry.assets import telemetry, telemetry_files
from iracing_pipeline.defs.telemetry.sensors import load_telemetry, telemetry_folder_sensor

defs = dg.Definitions(
    assets=[telemetry_files, telemetry],
    jobs=[load_telemetry],
    sensors=[telemetry_folder_sensor, abandoned_runs_sensor],
    resources={
        "lake": LakeResource(),
        "warehouse": WarehouseResource(),
        "telemetry_folder": TelemetryFolder(),
    },
    # A process a step would cost seconds each; a run's work is one step.
    executor=dg.in_process_executor,
)
