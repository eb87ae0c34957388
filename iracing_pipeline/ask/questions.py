"""What can be asked, in a racer's words. Each question reads one view of schema ``grafana``."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter, Question

ONE = Behind(n=1)
CLEAN = Behind(n="clean_lap_count")

SESSION = Parameter(
    "session",
    "session",
    "Session key, a date such as 2026-03-07 (its last session), or last",
    "session_key = %(session)s",
)
CAR = Parameter("car", "text", "Part of the car's name, such as GT3", "car_name ILIKE %(car)s")
TRACK = Parameter(
    "track",
    "text",
    "Part of the track's name, such as Spa",
    "concat_ws(' ', track_name, track_config) ILIKE %(track)s",
)
DRIVER = Parameter("driver", "text", "Part of the driver's name", "driver_name ILIKE %(driver)s")
CORNER = Parameter("corner", "integer", "Number of the corner, such as 5", "corner = %(corner)s")
RACE = Parameter("race", "race", "Subsession id of the race, or last", "subsession_id = %(race)s")
SINCE = Parameter(
    "since", "date", "First day, such as 2026-03-01 (UTC)", "start_time >= %(since)s::timestamptz"
)
RACE_LENGTH = Parameter(
    "length", "text", "Length of the race, such as 45 min or 28 laps", "race ILIKE %(length)s"
)
LAP_ID = "lap_id = grafana.lap_id(session_key, stint::integer, lap_number::integer)"
WHERE = ("track_name", "track_config", "car_name")
NO_TELEMETRY = "No loaded session matches"
LOAD_TELEMETRY = "Load its .ibt file, or widen the car, track or date"
NO_RESULT = "No loaded race matches"
LOAD_RESULT = "Load its result (Data API or an exported file), or name another race"

SESSIONS = Question(
    "sessions",
    "Sessions, newest first: what was driven, how fast, how evenly, how it ended.",
    "grafana.session_summaries",
    (
        "session_key",
        "start_time",
        "simsession_type",
        *WHERE,
        "driver_name",
        "lap_count",
        "clean_lap_count",
        "best_lap_time_s",
        "median_lap_time_s",
        "theoretical_best_s",
        "spread_s",
        "incidents",
        "finish_position",
        "car_count",
        "irating_change",
        "subsession_id",
    ),
    {
        "best_lap_time_s": CLEAN,
        "median_lap_time_s": CLEAN,
        "theoretical_best_s": CLEAN,
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
    (
        "session_key",
        "start_time",
        "simsession_type",
        *WHERE,
        "driver_name",
        "setup_name",
        "duration_s",
        "lap_count",
        "timed_lap_count",
        "clean_lap_count",
        "best_lap_time_s",
        "median_lap_time_s",
        "theoretical_best_s",
        "to_gain_s",
        "spread_s",
        "fuel_median_l",
        "fuel_p90_l",
        "air_temp_c",
        "track_temp_c",
        "incidents",
        "starting_position",
        "finish_position",
        "car_count",
        "irating",
        "irating_change",
        "subsession_id",
    ),
    {
        "duration_s": ONE,
        "best_lap_time_s": CLEAN,
        "median_lap_time_s": CLEAN,
        "theoretical_best_s": CLEAN,
        "to_gain_s": CLEAN,
        "spread_s": Behind("clean_lap_count", "spread_low_s", "spread_high_s"),
        "fuel_median_l": Behind("fuel_lap_count"),
        "fuel_p90_l": Behind("fuel_lap_count"),
        "air_temp_c": ONE,
        "track_temp_c": ONE,
        "irating_change": ONE,
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
        "session_key",
        "stint",
        "lap_number",
        "kind",
        "clean",
        "reasons",
        "lap_time_s",
        "official_lap_time_s",
        "residual_s",
        "fuel_used_l",
        "incidents",
        "position",
    ),
    {
        "lap_time_s": ONE,
        "official_lap_time_s": ONE,
        "residual_s": ONE,
        "fuel_used_l": ONE,
    },
    (SESSION,),
    "start_session_time_s",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
COMPARE_LAPS = Question(
    "compare_laps",
    "Two laps corner by corner: where the lap loses to the reference, and how it was driven.",
    "grafana.lap_corner_losses(%(reference)s, %(lap)s)",
    (
        "corner",
        "begins_m",
        "loss_s",
        "min_speed_mps",
        "reference_min_speed_mps",
        "brake_point_m",
        "reference_brake_point_m",
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
    ("session_key", "start_time", *WHERE, "corner", "best_s", "median_s", "spread_s"),
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
        "session_key",
        *WHERE,
        "driver_name",
        "lap_time_s",
        "start_time",
        "air_temp_c",
        "track_temp_c",
        "fuel_start_l",
        "setup_name",
        "result_best_lap_s",
    ),
    dict.fromkeys(
        ("lap_time_s", "air_temp_c", "track_temp_c", "fuel_start_l", "result_best_lap_s"), ONE
    ),
    (CAR, TRACK, DRIVER),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
CAR_ON_TRACK = Question(
    "car_on_track",
    "A car on a track over all sessions: pace, fuel, tyre fade, price of a stop.",
    "grafana.car_tracks",
    (
        *WHERE,
        "driver_name",
        "session_count",
        "best_lap_time_s",
        "median_lap_time_s",
        "lap_spread_s",
        "fuel_median_l",
        "fuel_p90_l",
        "fuel_effect_s_per_l",
        "degradation_s_per_lap",
        "pit_loss_s",
        "refuel_lps",
        "tyre_change_s",
        "caution_chance",
        "unknown",
    ),
    {
        "best_lap_time_s": CLEAN,
        "median_lap_time_s": Behind("pace_lap_count"),
        "lap_spread_s": Behind("lap_spread_session_count"),
        "fuel_median_l": Behind("fuel_lap_count"),
        "fuel_p90_l": Behind("fuel_lap_count"),
        "fuel_effect_s_per_l": Behind(
            "fuel_effect_lap_count", "fuel_effect_low_s_per_l", "fuel_effect_high_s_per_l"
        ),
        "degradation_s_per_lap": Behind(
            "degradation_lap_count", "degradation_low_s_per_lap", "degradation_high_s_per_lap"
        ),
        "pit_loss_s": Behind("pit_stop_count"),
        "refuel_lps": Behind("refuel_count"),
        "tyre_change_s": Behind("tyre_change_count"),
        "caution_chance": Behind("caution_race_count"),
    },
    (CAR, TRACK),
    "track_name, car_name",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
FUEL = Question(
    "fuel",
    "What a lap burns, in dry, wet and caution laps.",
    "grafana.fuel_use",
    (*WHERE, "condition", "fuel_median_l", "fuel_p65_l", "fuel_p90_l"),
    dict.fromkeys(("fuel_median_l", "fuel_p65_l", "fuel_p90_l"), Behind("lap_count")),
    (CAR, TRACK),
    "track_name, car_name, condition",
    "There are fewer than three laps of any condition with that car on that track",
    "Drive or load three clean laps there",
)
RACE_PLAN = Question(
    "race_plan",
    "Ways to drive a race: stops, stints, time, and how often each is the fastest.",
    "grafana.race_plans",
    (
        *WHERE,
        "race",
        "laps",
        "stops",
        "rank",
        "stint_laps",
        "fuel_start_l",
        "total_s",
        "behind_s",
        "best_share",
        "unknown",
    ),
    {
        "fuel_start_l": Behind("fuel_lap_count"),
        "total_s": Behind("clean_lap_count", "low_s", "high_s"),
        "behind_s": CLEAN,
        "best_share": Behind("simulated_races"),
    },
    (CAR, TRACK, RACE_LENGTH),
    "track_name, car_name, race_time_s NULLS LAST, rank NULLS LAST, stops",
    "Pace, fuel or tank of that car on that track are not known",
    "Load a session with at least three clean laps there",
)
RACES = Question(
    "races",
    "Races, newest first: start, finish, incidents, what each changed in the ratings.",
    "grafana.career_races",
    (
        "subsession_id",
        "session_key",
        "start_time",
        "series_name",
        "season",
        *WHERE,
        "display_name",
        "starting_position",
        "finish_position",
        "car_count",
        "strength_of_field",
        "incidents",
        "best_lap_s",
        "average_lap_s",
        "irating_after",
        "irating_change",
        "safety_rating_after",
        "safety_rating_change",
    ),
    {
        "best_lap_s": Behind("laps_complete"),
        "average_lap_s": Behind("laps_complete"),
        "irating_change": ONE,
        "safety_rating_change": ONE,
    },
    (RACE, CAR, TRACK, SINCE),
    "start_time DESC",
    NO_RESULT,
    LOAD_RESULT,
)
FINISH_ORDER = Question(
    "finish_order",
    "The result of a race: every car, with its laps, gap, incidents and ratings.",
    "grafana.race_results",
    (
        "subsession_id",
        "finish_position",
        "finish_position_in_class",
        "display_name",
        "car_name",
        "car_class_name",
        "starting_position",
        "laps_complete",
        "interval_s",
        "best_lap_s",
        "average_lap_s",
        "incidents",
        "reason_out",
        "irating_before",
        "irating_change",
    ),
    {
        "interval_s": ONE,
        "best_lap_s": Behind("laps_complete"),
        "average_lap_s": Behind("laps_complete"),
        "irating_change": ONE,
    },
    (
        Parameter(
            "race",
            "race",
            "Subsession id of the race, or last",
            "simsession_number = 0 AND kind <> 'team_driver' AND subsession_id = %(race)s",
            required=True,
        ),
    ),
    "finish_position",
    NO_RESULT,
    LOAD_RESULT,
)
RACE_DEBRIEF = Question(
    "race_debrief",
    "What cost time in a race: findings, costliest first, with the laps that show each.",
    "grafana.race_debriefs",
    (
        "session_key",
        "subsession_id",
        "start_time",
        *WHERE,
        "starting_position",
        "finish_position",
        "car_count",
        "rank",
        "kind",
        "text",
        "seconds",
        "laps",
        "corner",
        "irating_before",
        "irating_after",
    ),
    {"seconds": Behind("clean_lap_count")},
    (RACE, SESSION, CAR, TRACK),
    "start_time DESC, rank",
    "No race with telemetry matches",
    "Load the .ibt file of the race",
)
RATINGS = Question(
    "ratings",
    "iRating and Safety Rating over time, race by race.",
    "grafana.rating_history",
    (
        "cust_id",
        "category",
        "observed_at",
        "source",
        "irating",
        "licence_class",
        "safety_rating",
        "irating_change",
        "safety_rating_change",
        "subsession_id",
        "series_name",
        "track_name",
    ),
    {"irating_change": ONE, "safety_rating_change": ONE},
    (
        Parameter(
            "category",
            "text",
            "Part of the category, such as Formula",
            "category ILIKE %(category)s",
        ),
        Parameter(
            "since",
            "date",
            "First day, such as 2026-03-01",
            "observed_at >= %(since)s::timestamptz",
        ),
    ),
    "observed_at DESC",
    "No rating is known",
    "Load results, or an .ibt file of an official session",
)
RATING_FORECAST = Question(
    "rating_forecast",
    "Where a rating leads if the next races go as the last ones did.",
    "grafana.rating_forecasts",
    ("cust_id", "category", "rating", "present", "races", "value", "change_per_race", "basis"),
    {
        "value": Behind("race_count", "low", "high"),
        "change_per_race": Behind("race_count", "change_low", "change_high"),
    },
    (
        Parameter(
            "category",
            "text",
            "Part of the category, such as Formula",
            "category ILIKE %(category)s",
        ),
    ),
    "category, rating, races",
    "Fewer than eight rated races are known",
    "Load more results",
)
SETUP_COMPARISON = Question(
    "setup_comparison",
    "A session beside the one before it: which settings changed, and what the pace did.",
    "grafana.setup_comparisons",
    (
        "session_key",
        "previous_session_key",
        "start_time",
        *WHERE,
        "setup_name",
        "previous_setup_name",
        "changed_count",
        "effect_s",
        "refused_for",
    ),
    {"effect_s": Behind("clean_lap_count", "effect_low_s", "effect_high_s")},
    (SESSION, CAR, TRACK),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
DATA_QUALITY = Question(
    "data_quality",
    "How far a session's figures can be trusted: residuals, missing records, what was recovered.",
    "grafana.session_checks",
    (
        "session_key",
        "start_time",
        "file_name",
        *WHERE,
        "closed",
        "warnings",
        "lap_count",
        "timed_lap_count",
        "laps_off_closure",
        "largest_residual_s",
        "missed_records",
        "largest_closure_s",
        "result_known",
    ),
    {
        "largest_residual_s": Behind("timed_lap_count"),
        "largest_closure_s": Behind("traced_lap_count"),
    },
    (SESSION, CAR, TRACK),
    "start_time DESC",
    NO_TELEMETRY,
    LOAD_TELEMETRY,
)
REFUSED_FILES = Question(
    "refused_files",
    "Files and races that could not be loaded: why, and what to do.",
    "grafana.quarantine",
    ("source", "file_name", "item", "reason", "advice", "last_at", "occurrences"),
    {},
    (Parameter("source", "text", "telemetry or result_file", "source ILIKE %(source)s"),),
    "last_at DESC",
    "Nothing was refused",
    "Nothing is to be done",
)

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        SESSIONS,
        SESSION_DETAIL,
        LAPS,
        COMPARE_LAPS,
        CORNER_OVER_TIME,
        PERSONAL_BESTS,
        CAR_ON_TRACK,
        FUEL,
        RACE_PLAN,
        RACES,
        FINISH_ORDER,
        RACE_DEBRIEF,
        RATINGS,
        RATING_FORECAST,
        SETUP_COMPARISON,
        DATA_QUALITY,
        REFUSED_FILES,
    )
}
"""Every question, by its name."""
