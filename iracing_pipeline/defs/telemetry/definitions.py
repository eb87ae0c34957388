"""Telemetry: from .ibt files to laps, corners and stints."""

import dagster as dg

from iracing_pipeline.defs.telemetry.assets import telemetry, telemetry_files
from iracing_pipeline.defs.telemetry.checks import telemetry_table_checks
from iracing_pipeline.defs.telemetry.sensors import load_telemetry, telemetry_folder_sensor

defs = dg.Definitions(
    assets=[telemetry_files, telemetry],
    asset_checks=[telemetry_table_checks],
    jobs=[load_telemetry],
    sensors=[telemetry_folder_sensor],
)
