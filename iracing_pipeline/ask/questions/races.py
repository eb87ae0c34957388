"""Races: results, ledgers, incidents and what-ifs."""

from __future__ import annotations

from iracing_pipeline.ask.question import Behind, Parameter, Question
from iracing_pipeline.ask.questions.shared import (
    CAR,
    ONE,
    SESSION,
    SINCE,
    TRACK,
    names,
)

RACE = Parameter("race", "race", "Subsession id of the race, or last", "subsession_id = %(race)s")
NO_RESULT = "No loaded race matches"
LOAD_RESULT = "Load its result (Data API or an exported file), or name another race"
_MAIN_EVENT = "simsession_number = 0 AND subsession_id = %(race)s"
RACE_OF = Parameter("race", "race", RACE.doc, _MAIN_EVENT, required=True)
ENTRY = Parameter(
    "driver",
    "text",
    "Part of the name of a driver or team; without one, your own car",
    "display_name ILIKE %(driver)s",
)
NO_LEDGER = "The laps of all cars of that race are not known"
LOAD_LAPS = "Load its result and laps from the Data API"

RACES = Question(
    "races",
    "Races, newest first: start, finish, incidents, what each changed in the ratings.",
    "grafana.career_races",
    names(
        "subsession_id session_key start_time series_name season track_name track_config car_name"
        " display_name starting_position finish_position car_count strength_of_field incidents"
        " best_lap_s average_lap_s irating_after irating_change safety_rating_after"
        " safety_rating_change"
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
    names(
        "subsession_id group_id finish_position finish_position_in_class display_name car_name"
        " car_class_name starting_position laps_complete interval_s best_lap_s average_lap_s"
        " incidents reason_out irating_before irating_change"
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
    names(
        "session_key subsession_id start_time track_name track_config car_name starting_position"
        " finish_position car_count rank kind text seconds laps corner places advice"
        " irating_before irating_after"
    ),
    {
        "seconds": Behind("clean_lap_count", "low_s", "high_s"),
    },
    (RACE, SESSION, CAR, TRACK),
    "start_time DESC, rank",
    "No race with telemetry matches",
    "Load the .ibt file of the race",
)
RACE_LEDGER = Question(
    "race_ledger",
    "The gap between a car and the winner of its class, as seconds by cause that add up to it.",
    "grafana.race_ledger",
    names("subsession_id group_id display_name cause seconds supported share lap_number text"),
    {
        "seconds": Behind("lap_count", "low_s", "high_s"),
        "share": Behind("lap_count"),
    },
    (RACE_OF, ENTRY),
    "group_id, cause_number",
    NO_LEDGER,
    LOAD_LAPS,
    otherwise={"driver": "own"},
)
RACE_GAP = Question(
    "race_gap",
    "The seconds that one car lost to another of its class in a race, cause by cause.",
    "grafana.race_ledger_between(%(race)s, 0, %(car)s, %(rival)s)",
    names("cause seconds supported lap_number other_lap_number"),
    {
        "seconds": Behind("lap_number", "low_s", "high_s"),
    },
    (
        Parameter("race", "race", RACE.doc, "TRUE", required=True),
        Parameter("car", "integer", "group_id of a car, from finish_order", "TRUE", required=True),
        Parameter("rival", "integer", "group_id of the other car", "TRUE", required=True),
    ),
    "abs(seconds) DESC",
    "No ledger holds both cars, or they are of two classes",
    "Name two cars of one class, by their group_id from finish_order",
)
WHAT_IF_IRATING = Question(
    "what_if_irating",
    "What each finishing place of a race would have changed in iRating.",
    "grafana.irating_outcome",
    names(
        "subsession_id display_name place_in_class finished_here irating_change official_change"
        " place_value irating_before expected_score note"
    ),
    {
        "irating_change": Behind("entry_count"),
        "official_change": ONE,
        "place_value": Behind("entry_count"),
        "expected_score": Behind("entry_count"),
    },
    (RACE_OF, ENTRY),
    "display_name, place_in_class",
    "That race is not loaded, or was not rated",
    LOAD_RESULT,
    otherwise={"driver": "own"},
)
RACE_PACE = Question(
    "race_pace",
    "What each car of a race could do in clean air, and how it faded over a stint.",
    "grafana.race_pace",
    names(
        "subsession_id finish_position_in_class display_name clean_pace_s lap_spread_s"
        " fade_s_per_lap"
    ),
    {
        "clean_pace_s": Behind("lap_count", "clean_pace_low_s", "clean_pace_high_s"),
        "lap_spread_s": Behind("lap_count"),
        "fade_s_per_lap": Behind("lap_count", "fade_low_s_per_lap", "fade_high_s_per_lap"),
    },
    (RACE_OF, Parameter("driver", "text", "Part of a name", ENTRY.condition)),
    "finish_position_in_class NULLS LAST",
    NO_LEDGER,
    LOAD_LAPS,
)
TRAFFIC = Question(
    "traffic",
    "What a lap behind another car costs on a track, by the gap to it.",
    "grafana.track_traffic",
    names(
        "track_id track_name track_config car_class_id gap_low_s gap_high_s effect_s_per_lap"
        " race_count"
    ),
    {
        "effect_s_per_lap": Behind("lap_count", "effect_low_s_per_lap", "effect_high_s_per_lap"),
    },
    (TRACK,),
    "track_name, track_config, car_class_id, gap_low_s",
    "No race there had enough laps in traffic and out of it",
    LOAD_LAPS,
)
INCIDENTS = Question(
    "incidents",
    "Every incident of a session: lap, place, corner, points and places lost.",
    "grafana.race_incident",
    names(
        "session_key incident start_time simsession_type track_name track_config car_name"
        " lap_number distance_m corner kind points total_points places_lost"
    ),
    dict.fromkeys(names("distance_m points"), ONE),
    (SESSION, CAR, TRACK),
    "start_time DESC, incident",
    "No incident is recorded there",
    "Nothing is to be done where you had none; recordings of old builds lack the count",
)
PENALTY_LADDER = Question(
    "penalty_ladder",
    "How close a session came to its penalty and its disqualification.",
    "grafana.penalty_ladder",
    names("session_key step start_time penalty at_points points points_left"),
    dict.fromkeys(names("points points_left"), ONE),
    (SESSION,),
    "start_time DESC, step",
    "That session has no limit of incidents, or is not loaded",
    "Name a session with a limit, such as an official race",
)
RACE_WHAT_IF = Question(
    "race_what_if",
    "What one change would have made of a race: without a mistake, other stops, another start.",
    "grafana.race_what_if",
    names(
        "subsession_id start_time track_name display_name finish_position_in_class question place"
        " place_low place_high place_as_it_was places_gained gained_s irating_change"
        " irating_gained refused_for"
    ),
    {
        **dict.fromkeys(names("place place_as_it_was places_gained"), Behind("races")),
        "gained_s": Behind("races", "gained_low_s", "gained_high_s"),
        "irating_change": Behind("races"),
        "irating_gained": Behind("races"),
    },
    (RACE, TRACK),
    "start_time DESC, question_number",
    "No race of yours with the laps of all cars matches",
    "Load its result with lap charts (Data API), or name another race",
)
