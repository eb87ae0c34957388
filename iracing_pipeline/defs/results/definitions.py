"""Results: seasons and races from the Data API, exported files and telemetry."""

import dagster as dg

from iracing_pipeline.defs.results.ask_again import ask_for_races_again
from iracing_pipeline.defs.results.assets import (
    raw_recent_search,
    raw_result_files,
    raw_season_search,
    raw_subsessions,
    season_tables,
    telemetry_results,
)
from iracing_pipeline.defs.results.past_seasons import (
    nightly_past_seasons,
    past_seasons,
    past_seasons_sensor,
)
from iracing_pipeline.defs.results.schedules import hourly_results, look_for_results
from iracing_pipeline.defs.results.sensors import (
    fetch_season,
    load_result_files_job,
    load_season,
    read_telemetry_results,
    result_files_sensor,
    results_sensor,
    telemetry_results_sensor,
)

defs = dg.Definitions(
    assets=[
        raw_season_search,
        raw_recent_search,
        past_seasons,
        raw_subsessions,
        season_tables,
        raw_result_files,
        telemetry_results,
    ],
    jobs=[
        look_for_results,
        load_season,
        fetch_season,
        ask_for_races_again,
        load_result_files_job,
        read_telemetry_results,
    ],
    schedules=[hourly_results, nightly_past_seasons],
    sensors=[results_sensor, past_seasons_sensor, result_files_sensor, telemetry_results_sensor],
)
