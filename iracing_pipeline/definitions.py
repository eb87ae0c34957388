"""The one Definitions object that Dagster loads."""

import dagster as dg

from iracing_pipeline.defs.abandoned_runs import abandoned_runs_sensor
from iracing_pipeline.defs.digests import digest_sensor, send_digests
from iracing_pipeline.defs.figures.assets import figures, races, replays
from iracing_pipeline.defs.figures.sensors import figures_sensor, refresh_figures
from iracing_pipeline.defs.housekeeping import (
    daily_housekeeping,
    keep_house,
    reader_watchdog_sensor,
)
from iracing_pipeline.defs.metrics.assets import metric_history, metric_snapshot
from iracing_pipeline.defs.metrics.sensors import metric_sensor, send_metrics, take_snapshot
from iracing_pipeline.defs.ratings.assets import ratings, raw_member
from iracing_pipeline.defs.ratings.schedules import (
    daily_ratings,
    rebuild_rating_history,
    update_ratings,
)
from iracing_pipeline.defs.reference.assets import reference
from iracing_pipeline.defs.reference.schedules import pull_reference, weekly_reference
from iracing_pipeline.defs.resources import (
    DataApiResource,
    LakeResource,
    MetricPlaces,
    ResultsFolder,
    TelemetryFolder,
    WarehouseResource,
)
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
from iracing_pipeline.defs.telemetry.assets import telemetry, telemetry_files
from iracing_pipeline.defs.telemetry.sensors import load_telemetry, telemetry_folder_sensor

defs = dg.Definitions(
    assets=[
        telemetry_files,
        telemetry,
        metric_snapshot,
        metric_history,
        reference,
        raw_season_search,
        raw_recent_search,
        past_seasons,
        raw_subsessions,
        season_tables,
        raw_result_files,
        telemetry_results,
        raw_member,
        ratings,
        figures,
        races,
        replays,
    ],
    jobs=[
        load_telemetry,
        send_metrics,
        take_snapshot,
        pull_reference,
        look_for_results,
        load_season,
        fetch_season,
        ask_for_races_again,
        load_result_files_job,
        read_telemetry_results,
        update_ratings,
        rebuild_rating_history,
        refresh_figures,
        keep_house,
        send_digests,
    ],
    schedules=[
        weekly_reference,
        hourly_results,
        nightly_past_seasons,
        daily_ratings,
        daily_housekeeping,
    ],
    sensors=[
        telemetry_folder_sensor,
        abandoned_runs_sensor,
        reader_watchdog_sensor,
        metric_sensor,
        results_sensor,
        past_seasons_sensor,
        result_files_sensor,
        telemetry_results_sensor,
        figures_sensor,
        digest_sensor,
    ],
    resources={
        "lake": LakeResource(),
        "warehouse": WarehouseResource(),
        "telemetry_folder": TelemetryFolder(),
        "metric_places": MetricPlaces(),
        "results_folder": ResultsFolder(),
        "data_api": DataApiResource(),
    },
    # A process a step would cost seconds each; a run's work is one step.
    executor=dg.in_process_executor,
)
