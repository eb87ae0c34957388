"""A car on a track: pace, fuel and race plans."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter, Question
from iracing_pipeline.ask.questions.shared import (
    CAR,
    CLEAN,
    LOAD_TELEMETRY,
    NO_TELEMETRY,
    TRACK,
    names,
)

RACE_LENGTH = Parameter(
    "length", "text", "Length of the race, such as 45 min or 28 laps", "race ILIKE %(length)s"
)

CAR_ON_TRACK = Question(
    "car_on_track",
    "A car on a track over all sessions: pace, fuel, tyre fade, price of a stop.",
    "grafana.car_tracks",
    names(
        "track_name track_config car_name driver_name session_count best_lap_time_s"
        " median_lap_time_s lap_spread_s fuel_median_l fuel_p90_l fuel_effect_s_per_l"
        " degradation_s_per_lap pit_loss_s refuel_lps tyre_change_s caution_chance unknown"
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
    names("track_name track_config car_name condition fuel_median_l fuel_p65_l fuel_p90_l"),
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
    names(
        "track_name track_config car_name race laps stops rank stint_laps fuel_start_l total_s"
        " behind_s best_share unknown"
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
