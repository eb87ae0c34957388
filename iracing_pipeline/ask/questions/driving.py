"""Sessions, laps, corners and setups."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter, Question
from iracing_pipeline.ask.questions.shared import (
    CAR,
    CLEAN,
    LOAD_TELEMETRY,
    NO_TELEMETRY,
    ONE,
    SESSION,
    SINCE,
    TRACK,
    names,
)

DRIVER = Parameter("driver", "text", "Part of the driver's name", "driver_name ILIKE %(driver)s")
CORNER = Parameter("corner", "integer", "Number of the corner, such as 5", "corner = %(corner)s")
LAP_ID = "lap_id = grafana.lap_id(session_key, stint::integer, lap_number::integer)"

SESSIONS = Question(
    "sessions",
    "Sessions, newest first: what was driven, how fast, how evenly, how it ended.",
    "grafana.session_summaries",
    names(
        "session_key start_time simsession_type track_name track_config car_name driver_name"
        " lap_count clean_lap_count best_lap_time_s median_lap_time_s theoretical_best_s spread_s"
        " incidents finish_position car_count irating_change subsession_id"
    ),
    {
        **dict.fromkeys(names("best_lap_time_s median_lap_time_s theoretical_best_s"), CLEAN),
        "spread_s": Behind("clean_lap_count", "spread_low_s", "spread_high_s"),
        "irating_change": ONE,
    },
    (CAR, TRACK, DRIVER, SINCE),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
SESSION_DETAIL = Question(
    "session",
    "One session: pace, evenness, fuel, conditions, result.",
    "grafana.session_summaries",
    names(
        "session_key start_time simsession_type track_name track_config car_name driver_name"
        " setup_name duration_s lap_count timed_lap_count clean_lap_count best_lap_time_s"
        " median_lap_time_s theoretical_best_s to_gain_s spread_s fuel_median_l fuel_p90_l"
        " air_temp_c track_temp_c incidents starting_position finish_position car_count irating"
        " irating_change subsession_id"
    ),
    {
        "duration_s": ONE,
        **dict.fromkeys(
            names("best_lap_time_s median_lap_time_s theoretical_best_s to_gain_s"), CLEAN
        ),
        "spread_s": Behind("clean_lap_count", "spread_low_s", "spread_high_s"),
        "fuel_median_l": Behind("fuel_lap_count"),
        "fuel_p90_l": Behind("fuel_lap_count"),
        **dict.fromkeys(names("air_temp_c track_temp_c irating_change"), ONE),
    },
    (SESSION,),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
LAPS = Question(
    "laps",
    "Every lap of a session: its kind, its time, and why it does not count.",
    "grafana.telemetry_laps",
    (
        LAP_ID,
        *names(
            "session_key stint lap_number kind clean reasons lap_time_s lap_time_method"
            " official_lap_time_s residual_s fuel_used_l incidents position"
        ),
    ),
    dict.fromkeys(names("lap_time_s official_lap_time_s residual_s fuel_used_l"), ONE),
    (SESSION,),
    "start_session_time_s",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
COMPARE_LAPS = Question(
    "compare_laps",
    "Two laps corner by corner: where the lap loses to the reference, and how it was driven.",
    "grafana.lap_corner_losses(%(reference)s, %(lap)s)",
    names(
        "corner begins_m loss_s min_speed_mps reference_min_speed_mps brake_point_m"
        " reference_brake_point_m"
    ),
    dict.fromkeys(
        (
            "begins_m",
            "loss_s",
            "min_speed_mps",
            "reference_min_speed_mps",
            "brake_point_m",
            "reference_brake_point_m",
        ),
        ONE,
    ),
    (
        Parameter("lap", "lap", "Lap id, as the question laps gives it", "TRUE", required=True),
        Parameter("reference", "lap", "Lap id to compare with", "TRUE", required=True),
    ),
    "loss_s DESC NULLS LAST",
    "These two laps cannot be compared",
    "Name two laps of one track that were driven from line to line",
)
CORNER_OVER_TIME = Question(
    "corner_over_time",
    "One corner, session by session: best and usual time, and how evenly it was driven.",
    "grafana.corner_consistency",
    names(
        "session_key start_time track_name track_config car_name corner best_s median_s spread_s"
    ),
    {
        "best_s": Behind("lap_count"),
        "median_s": Behind("lap_count"),
        "spread_s": Behind("lap_count", "spread_low_s", "spread_high_s"),
    },
    (CORNER, CAR, TRACK, SESSION),
    "start_time DESC, corner",
    "No session with clean laps measured this corner",
    "Load a session with clean laps on that track",
)
PERSONAL_BESTS = Question(
    "personal_bests",
    "The fastest clean lap with each car on each track, and its conditions.",
    "grafana.personal_bests",
    (
        LAP_ID,
        *names(
            "session_key track_name track_config car_name driver_name lap_time_s start_time"
            " air_temp_c track_temp_c fuel_start_l setup_name result_best_lap_s"
        ),
    ),
    dict.fromkeys(
        ("lap_time_s", "air_temp_c", "track_temp_c", "fuel_start_l", "result_best_lap_s"), ONE
    ),
    (CAR, TRACK, DRIVER),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
SETUP_COMPARISON = Question(
    "setup_comparison",
    "A session beside the one before it: which settings changed, and what the pace did.",
    "grafana.setup_comparisons",
    names(
        "session_key previous_session_key start_time track_name track_config car_name setup_name"
        " previous_setup_name changed_count effect_s refused_for"
    ),
    {
        "effect_s": Behind("clean_lap_count", "effect_low_s", "effect_high_s"),
    },
    (SESSION, CAR, TRACK),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
EXPERIMENT = Question(
    "experiment",
    "An experiment: what is driven next, and how much A and B differ, valid at every look.",
    "grafana.experiments",
    names(
        "name a b car_name track_name started_at ended_at driven_runs planned_runs next_variant"
        " difference_s faster laps_needed"
    ),
    {
        "difference_s": Behind("lap_count", "low_s", "high_s"),
        "laps_needed": Behind("lap_count"),
    },
    (Parameter("name", "text", "Part of the experiment's name", "name ILIKE %(name)s"),),
    "started_at DESC",
    "No experiment was started",
    "Start one: iracing-pipeline experiment start NAME --a TEXT --b TEXT",
)
