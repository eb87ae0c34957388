"""The tables of what happened: subsessions, their simsessions, results, laps and events."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import bounds
from iracing_pipeline.tables.column import Column, Table

UTC = pl.Datetime("us", "UTC")

_SOURCE = (
    Column(
        "source",
        pl.String,
        "Where the row comes from: api, event_result, event_csv, search, archive_json, archive_csv"
        " or ibt",
        required=True,
    ),
    Column(
        "source_rank",
        pl.Int16,
        "How complete that source is; the highest wins, and among equals the newest data",
        required=True,
    ),
)
_SUBSESSION_ID = Column(
    "subsession_id", pl.Int64, "SubSessionID", required=True, bounds=bounds.LONG_IDENTIFIER
)
_SIMSESSION_NUMBER = Column(
    "simsession_number", pl.Int32, "0 for the main event, -1, -2, ... before it", required=True
)
_GROUP_ID = Column(
    "group_id",
    pl.Int64,
    "Who the car belongs to: the driver's cust_id, or the (negative) team id in a team event",
    required=True,
)

SUBSESSION = Table(
    name="racing.subsession",
    doc="One subsession: one split of one event, with its practice, qualifying and race.",
    key=("subsession_id",),
    columns=(
        _SUBSESSION_ID,
        *_SOURCE,
        Column("session_id", pl.Int64, "Session that was split into subsessions"),
        Column("start_time", UTC, "When it began, UTC", bounds=bounds.TIME),
        Column("end_time", UTC, "When it ended, UTC", bounds=bounds.TIME),
        Column("event_type", pl.Int32, "2 practice, 3 qualify, 4 time trial, 5 race"),
        Column("official", pl.Boolean, "Whether it counted for ratings"),
        Column("season", pl.String, "Year and quarter, such as 2026S1; null when of no series"),
        Column("season_id", pl.Int32, "Season; null when of no series"),
        Column("season_name", pl.String, "Name of the season"),
        Column("series_id", pl.Int32, "Series; null when of no series"),
        Column("series_name", pl.String, "Name of the series"),
        Column("race_week_num", pl.Int32, "Race week, from 0 as iRacing counts"),
        Column("category_id", pl.Int32, "Licence category it was rated in"),
        Column("private_session_id", pl.Int64, "Hosted session; null when of a series"),
        Column("session_name", pl.String, "Name that the host gave it"),
        Column("host_cust_id", pl.Int64, "Who hosted it"),
        Column("league_id", pl.Int64, "League; null when of none"),
        Column("league_name", pl.String, "Name of the league"),
        Column("league_season_id", pl.Int64, "Season of the league"),
        Column("league_season_name", pl.String, "Name of the league's season"),
        Column("track_id", pl.Int32, "Track configuration"),
        Column("track_name", pl.String, "Name of the track"),
        Column("track_config", pl.String, "Configuration; null where the track has only one"),
        Column("strength_of_field", pl.Int32, "Strength of field"),
        Column("split", pl.Int32, "Which split, from 1 for the strongest"),
        Column("split_count", pl.Int32, "How many splits the session had"),
        Column("driver_count", pl.Int32, "People, not cars: a team counts all its drivers"),
        Column("car_count", pl.Int32, "Cars in the main event"),
        Column("max_team_drivers", pl.Int32, "Most drivers to a car; above 1 it is a team event"),
        Column("multiclass", pl.Boolean, "Whether several classes raced"),
        Column("heat_race", pl.Boolean, "Whether it was run in heats"),
        Column("laps_complete", pl.Int32, "Laps of the winner", bounds=bounds.LAPS),
        Column(
            "average_lap_s", pl.Float64, "Average lap of the event", "s", bounds=bounds.LAP_TIME
        ),
        Column("best_lap_s", pl.Float64, "Best lap of the event", "s", bounds=bounds.LAP_TIME),
        Column("caution_count", pl.Int32, "Full-course cautions"),
        Column("caution_laps", pl.Int32, "Laps under caution", bounds=bounds.LAPS),
        Column("lead_changes", pl.Int32, "Lead changes", bounds=bounds.LAPS),
        Column(
            "corners_per_lap",
            pl.Int32,
            "Corners, as iRacing counts them for Safety Rating",
            bounds=bounds.COUNT,
        ),
        Column("winner_group_id", pl.Int64, "Who won: driver or team"),
        Column("winner_name", pl.String, "Name of the winner"),
        Column(
            "air_temp_c",
            pl.Float64,
            "Temperature set for the event",
            "°C",
            bounds=bounds.AIR_TEMPERATURE,
        ),
        Column("relative_humidity", pl.Float64, "Humidity set for the event", "ratio"),
        Column("wind_speed_mps", pl.Float64, "Wind set for the event", "m/s", bounds=bounds.WIND),
        Column("skies", pl.Int32, "0 clear, 1 partly cloudy, 2 mostly cloudy, 3 overcast"),
        Column("results_restricted", pl.Boolean, "Whether iRacing left results out"),
        Column("source_time", UTC, "Time of the source's data, UTC", bounds=bounds.TIME),
    ),
)

SUBSESSION_CLASS = Table(
    name="racing.subsession_class",
    doc="One car class of a subsession.",
    key=("subsession_id", "car_class_id"),
    columns=(
        _SUBSESSION_ID,
        Column("car_class_id", pl.Int32, "Car class", required=True),
        Column("name", pl.String, "Name"),
        Column("short_name", pl.String, "Short name"),
        Column("strength_of_field", pl.Int32, "Strength of field of the class; null before 2024"),
        Column("entry_count", pl.Int32, "Cars of the class; null before 2024"),
        Column("car_ids", pl.List(pl.Int32), "Cars allowed in it"),
    ),
)

SIMSESSION = Table(
    name="racing.simsession",
    doc="One part of a subsession: a practice, a qualifying, a warm-up, a heat, the race.",
    key=("subsession_id", "simsession_number"),
    columns=(
        _SUBSESSION_ID,
        _SIMSESSION_NUMBER,
        *_SOURCE,
        Column(
            "simsession_type",
            pl.Int32,
            "3 open practice, 4 lone qualifying, 5 open qualifying, 6 race or heat",
        ),
        Column("type_name", pl.String, "Name of the type"),
        Column("name", pl.String, "Name, such as QUALIFY, HEAT 1, FEATURE"),
        Column("entry_count", pl.Int32, "Cars in it"),
        Column(
            "air_temp_c", pl.Float64, "Average temperature", "°C", bounds=bounds.AIR_TEMPERATURE
        ),
        Column("relative_humidity", pl.Float64, "Average humidity", "ratio"),
        Column("wind_speed_mps", pl.Float64, "Average wind", "m/s", bounds=bounds.WIND),
        Column("cloud_cover", pl.Float64, "Average cloud cover", "ratio"),
        Column("precipitation", pl.Float64, "Share of the time it rained", "ratio"),
    ),
)

RESULT = Table(
    name="racing.result",
    doc="How one driver or team did in one simsession.",
    key=("subsession_id", "simsession_number", "group_id", "participant_id"),
    columns=(
        _SUBSESSION_ID,
        _SIMSESSION_NUMBER,
        _GROUP_ID,
        Column(
            "participant_id",
            pl.Int64,
            "Whose row it is: cust_id of a driver, team id of the team's own row",
            required=True,
        ),
        *_SOURCE,
        Column("kind", pl.String, "driver, team, or team_driver (one of a team)", required=True),
        Column("cust_id", pl.Int64, "The driver; null on a team's own row; negative for an AI"),
        Column("team_id", pl.Int64, "The team; null outside team events"),
        Column("display_name", pl.String, "Name of driver or team"),
        Column("ai", pl.Boolean, "Whether an AI drove"),
        Column("car_id", pl.Int32, "Car"),
        Column("car_name", pl.String, "Name of the car"),
        Column("car_class_id", pl.Int32, "Car class"),
        Column("car_class_name", pl.String, "Name of the car class"),
        Column("car_number", pl.String, "Number on the car"),
        Column("country_code", pl.String, "Country or flair, in three letters"),
        Column("division", pl.Int32, "Division, 0 is Division 1"),
        Column("starting_position", pl.Int32, "Grid position, from 1", bounds=bounds.POSITION),
        Column(
            "starting_position_in_class",
            pl.Int32,
            "Grid position in class, from 1",
            bounds=bounds.POSITION,
        ),
        Column("finish_position", pl.Int32, "Finishing position, from 1", bounds=bounds.POSITION),
        Column(
            "finish_position_in_class",
            pl.Int32,
            "Finishing position in class, from 1",
            bounds=bounds.POSITION,
        ),
        Column("laps_complete", pl.Int32, "Laps completed", bounds=bounds.LAPS),
        Column("laps_led", pl.Int32, "Laps led", bounds=bounds.LAPS),
        Column(
            "interval_s",
            pl.Float64,
            "Behind the winner; null when laps down or none",
            "s",
            bounds=bounds.DURATION,
        ),
        Column(
            "class_interval_s",
            pl.Float64,
            "Behind the class winner; null when laps down",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("average_lap_s", pl.Float64, "Average lap", "s", bounds=bounds.LAP_TIME),
        Column("best_lap_s", pl.Float64, "Best lap", "s", bounds=bounds.LAP_TIME),
        Column("best_lap_number", pl.Int32, "Lap on which it was driven", bounds=bounds.LAPS),
        Column(
            "qualifying_lap_s",
            pl.Float64,
            "Best qualifying lap, on qualifying rows",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column("qualifying_lap_at", UTC, "When it was driven, UTC", bounds=bounds.TIME),
        Column("incidents", pl.Int32, "Incident points", bounds=bounds.INCIDENTS),
        Column("reason_out_id", pl.Int32, "0 running, 29 disqualified, 32 disconnected, ..."),
        Column("reason_out", pl.String, "Why the car was out at the end"),
        Column("finished", pl.Boolean, "Whether the car was running at the end"),
        Column("champ_points", pl.Int32, "Championship points"),
        Column("aggregate_champ_points", pl.Int32, "Points of the season so far"),
        Column("league_points", pl.Int32, "Points of the league"),
        Column("dropped", pl.Boolean, "Whether the race is one of the dropped ones"),
        Column(
            "irating_before",
            pl.Int32,
            "iRating before; main event only; null if unrated",
            bounds=bounds.IRATING,
        ),
        Column(
            "irating_after",
            pl.Int32,
            "iRating after; main event only; null if unrated",
            bounds=bounds.IRATING,
        ),
        Column("licence_class_before", pl.String, "Licence class before; main event only"),
        Column("licence_class_after", pl.String, "Licence class after; main event only"),
        Column(
            "safety_rating_before",
            pl.Float64,
            "Safety Rating before; main event only",
            bounds=bounds.SAFETY_RATING,
        ),
        Column(
            "safety_rating_after",
            pl.Float64,
            "Safety Rating after; main event only",
            bounds=bounds.SAFETY_RATING,
        ),
        Column(
            "cpi_before",
            pl.Float64,
            "Corners per incident before; main event only",
            bounds=bounds.RATIO_OF_CORNERS,
        ),
        Column(
            "cpi_after",
            pl.Float64,
            "Corners per incident after; main event only",
            bounds=bounds.RATIO_OF_CORNERS,
        ),
        Column("tt_rating_after", pl.Int32, "Time trial rating after; main event only"),
        Column("weight_penalty_kg", pl.Float64, "Ballast", "kg"),
        Column("max_fuel_fill", pl.Float64, "Most fuel allowed, of the tank", "ratio"),
    ),
)

LAP = Table(
    name="racing.lap",
    doc="One lap of one car in one simsession, as iRacing scored it. Lap 0 is the grid.",
    key=("subsession_id", "simsession_number", "group_id", "lap_number"),
    columns=(
        _SUBSESSION_ID,
        _SIMSESSION_NUMBER,
        _GROUP_ID,
        Column(
            "lap_number", pl.Int32, "Lap, from 1; 0 is the grid", required=True, bounds=bounds.LAPS
        ),
        *_SOURCE,
        Column("cust_id", pl.Int64, "Who drove it"),
        Column("car_number", pl.String, "Number on the car"),
        Column(
            "lap_time_s",
            pl.Float64,
            "Lap time; null where invalid or not complete",
            "s",
            bounds=bounds.LAP_TIME,
        ),
        Column("session_time_s", pl.Float64, "Session clock when it ended", "s"),
        Column(
            "position",
            pl.Int32,
            "Position at its end, from 1; lap chart only",
            bounds=bounds.POSITION,
        ),
        Column(
            "interval_s",
            pl.Float64,
            "Behind the leader; null when laps down",
            "s",
            bounds=bounds.DURATION,
        ),
        Column("laps_down", pl.Int32, "Laps behind the leader; null when on the same lap"),
        Column("flags", pl.Int64, "Flags as iRacing sends them", required=True),
        Column("events", pl.List(pl.String), "The flags by name", required=True),
        Column("valid", pl.Boolean, "Whether it counts: no invalid flag", required=True),
        Column(
            "incident",
            pl.Boolean,
            "Off track, contact, car contact or lost control; null when not known",
        ),
        Column("pitted", pl.Boolean, "Whether the car was in the pits", required=True),
        Column("personal_best", pl.Boolean, "Whether it was the driver's best so far"),
        Column("fastest", pl.Boolean, "Whether it was the fastest of the simsession"),
        Column("ai", pl.Boolean, "Whether an AI drove"),
    ),
)

SESSION_EVENT = Table(
    name="racing.session_event",
    doc="One entry of a simsession's log: a penalty, a caution, a change of the lead.",
    key=("subsession_id", "simsession_number", "event_seq"),
    columns=(
        _SUBSESSION_ID,
        _SIMSESSION_NUMBER,
        Column("event_seq", pl.Int32, "Place in the log", required=True),
        Column("session_time_s", pl.Float64, "Session clock", "s"),
        Column("event_code", pl.Int32, "4 penalty, 5 penalty cleared, 6 caution, 7 lead change"),
        Column("group_id", pl.Int64, "Car it concerns; null when none"),
        Column("cust_id", pl.Int64, "Driver it concerns; null for the car as a whole"),
        Column("lap_number", pl.Int32, "Lap it happened on", bounds=bounds.LAPS),
        Column("description", pl.String, "What it is"),
        Column("message", pl.String, "What race control said"),
        Column("display_name", pl.String, "Name of driver or team"),
    ),
)

MEMBER = Table(
    name="racing.member",
    doc="One member who was met in a result, or whose account this is.",
    key=("cust_id",),
    columns=(
        Column("cust_id", pl.Int64, "Customer id; negative for an AI driver", required=True),
        Column("display_name", pl.String, "Name as last seen"),
        Column("country_code", pl.String, "Country or flair, in three letters"),
        Column("ai", pl.Boolean, "Whether it is an AI driver"),
        Column("member_since", pl.Date, "First day as a member; known for the own account"),
        Column("seen_at", UTC, "When the name was last seen, UTC", bounds=bounds.TIME),
    ),
)

OWN_MEMBER = Table(
    name="racing.own_member",
    doc="One member whose racing this is.",
    key=("cust_id",),
    columns=(
        Column("cust_id", pl.Int64, "Customer id", required=True),
        Column(
            "origin",
            pl.String,
            "How it is known: setting, account, telemetry or archive",
            required=True,
        ),
    ),
)
