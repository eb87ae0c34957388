"""The views of a member's racing: his races, seasons, next week's track, personal bests."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.reference import SEASON, SEASON_WEEK, SERIES
from iracing_pipeline.tables.results import RESULT, SUBSESSION
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse.results_views import OF_SUBSESSION, OWN
from iracing_pipeline.warehouse.view import View, ViewColumn, taken

UTC = pl.Datetime("us", "UTC")

CAREER_RACES = View(
    name="grafana.career_races",
    doc="One race of a member: how it went, what it changed, and whether there is telemetry.",
    source="racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)"
    " LEFT JOIN LATERAL (SELECT max(session.session_key) AS session_key"
    " FROM racing.telemetry_session AS session"
    " WHERE session.subsession_id = result.subsession_id AND session.cust_id = result.cust_id"
    " AND session.simsession_type = 'Race') AS telemetry ON true"
    f" WHERE result.simsession_number = 0 AND subsession.event_type = 5 AND result.cust_id IN {OWN}"
    " AND result.kind <> 'team'",
    columns=(
        *taken("result", RESULT, "subsession_id", "cust_id", "display_name"),
        *OF_SUBSESSION,
        *taken(
            "subsession",
            SUBSESSION,
            "end_time",
            "strength_of_field",
            "split",
            "split_count",
            "car_count",
            "corners_per_lap",
            "caution_laps",
        ),
        ViewColumn(
            "subsession.laps_complete",
            Column("race_laps", pl.Int32, "Laps of the winner"),
        ),
        *taken(
            "result",
            RESULT,
            "car_id",
            "car_name",
            "starting_position",
            "starting_position_in_class",
            "finish_position",
            "finish_position_in_class",
            "laps_complete",
            "laps_led",
            "interval_s",
            "average_lap_s",
            "best_lap_s",
            "incidents",
            "reason_out",
            "finished",
            "champ_points",
            "irating_before",
            "irating_after",
            "licence_class_before",
            "licence_class_after",
            "safety_rating_before",
            "safety_rating_after",
        ),
        ViewColumn(
            "result.irating_after - result.irating_before",
            Column("irating_change", pl.Int32, "What it changed in the iRating"),
        ),
        ViewColumn(
            "CASE WHEN result.licence_class_after = result.licence_class_before"
            " THEN round((result.safety_rating_after - result.safety_rating_before)::numeric, 2)"
            "::double precision END",
            Column(
                "safety_rating_change",
                pl.Float64,
                "What it changed in the Safety Rating; null when the class changed",
            ),
        ),
        ViewColumn(
            "subsession.corners_per_lap::double precision * result.laps_complete"
            " / nullif(result.incidents, 0)",
            Column(
                "corners_per_incident",
                pl.Float64,
                "Corners driven for each incident point; null without one",
                "1/incident",
            ),
        ),
        ViewColumn(
            "telemetry.session_key",
            Column("session_key", pl.String, "Its telemetry; null without"),
        ),
    ),
)

# As an array, so that the few rows of the member are looked up, and not all of the field read.
_OF_MEMBER = f"result.cust_id = ANY (ARRAY{OWN})"

# What a member did on each track, and in each series: small, and joined to every week.
_RACED = (
    "SELECT subsession.{key}, count(*) AS races, max(subsession.start_time) AS last_at,"
    " min(result.finish_position_in_class) AS best_finish,"
    " avg(result.finish_position_in_class) AS average_finish,"
    " avg(result.incidents) AS incidents"
    " FROM racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)"
    " WHERE result.simsession_number = 0 AND subsession.event_type = 5"
    f" AND result.kind <> 'team' AND {_OF_MEMBER}"
    " GROUP BY subsession.{key}"
)

# What the season's own cars did on the track of a week; of one driver, as grafana.car_tracks is.
_CARS = (
    "(SELECT unnest(class.car_ids) FROM racing.car_class AS class"
    " WHERE class.car_class_id = ANY (season.car_class_ids))"
)
_PLACE = (
    "(SELECT place.{shown} FROM racing.car_track AS place"
    f" WHERE place.track_id = week.track_id AND place.car_id IN {_CARS}"
    " ORDER BY place.clean_lap_count DESC, place.car_id LIMIT 1)"
)
_BEST_LAP = (
    "least((SELECT min(result.best_lap_s)"
    " FROM racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)"
    f" WHERE subsession.track_id = week.track_id AND {_OF_MEMBER}"
    f" AND result.kind <> 'team' AND result.car_id IN {_CARS}),"
    " (SELECT min(session.best_lap_time_s) FROM racing.telemetry_session AS session"
    f" WHERE session.track_id = week.track_id AND session.car_id IN {_CARS}))"
)

SEASON_SCHEDULE = View(
    name="grafana.season_schedule",
    doc="One race week of one season of a series: where it races, and what the member did on that"
    " track before, in whatever car and series; best lap and fuel are of the season's own cars.",
    source="racing.season_week AS week JOIN racing.season AS season USING (season_id)"
    " LEFT JOIN racing.series AS series ON series.series_id = season.series_id"
    f" LEFT JOIN ({_RACED.format(key='track_id')}) AS there ON there.track_id = week.track_id"
    f" LEFT JOIN ({_RACED.format(key='series_id')}) AS own ON own.series_id = season.series_id",
    columns=(
        *taken("week", SEASON_WEEK),
        *taken("season", SEASON, "series_id", "season", "season_name", "active", "fixed_setup"),
        *taken("series", SERIES, "series_name", "category_id"),
        # By the days of the schedule: which week iRacing named as the present one was true when
        # the schedule was last asked for, and only then. Race weeks begin on a day of UTC.
        ViewColumn(
            "ceil((week.start_date - (now() AT TIME ZONE 'UTC')::date) / 7.0)::integer",
            Column(
                "weeks_from_now",
                pl.Int32,
                "0 for the present race week, 1 for the next, below 0 for those that are over",
            ),
        ),
        ViewColumn(
            "coalesce(own.races, 0)::integer",
            Column("series_race_count", pl.Int32, "Races of the member in the series"),
        ),
        ViewColumn(
            "coalesce(there.races, 0)::integer",
            Column("track_race_count", pl.Int32, "Races of the member on the track"),
        ),
        ViewColumn(
            "there.last_at", Column("last_raced_at", UTC, "When the member last raced there, UTC")
        ),
        ViewColumn(
            "there.best_finish",
            Column("best_finish_in_class", pl.Int32, "Best finish there, in class"),
        ),
        ViewColumn(
            "there.average_finish::double precision",
            Column("average_finish_in_class", pl.Float64, "Average finish there, in class"),
        ),
        ViewColumn(
            "there.incidents::double precision",
            Column("average_incidents", pl.Float64, "Average incident points of a race there"),
        ),
        ViewColumn(
            _BEST_LAP,
            Column(
                "best_lap_s",
                pl.Float64,
                "Best lap there in a car of the season, of results and of clean laps driven",
                "s",
            ),
        ),
        ViewColumn(
            _PLACE.format(shown="fuel_p65_l"),
            Column(
                "fuel_p65_l",
                pl.Float64,
                "65 % of clean dry laps there burnt less, in the season's car that drove most",
                "l",
            ),
        ),
    ),
)

SEASON_PARTICIPATION = View(
    name="grafana.season_participation",
    doc="What a member did in one race week of one series.",
    source="(SELECT result.cust_id, subsession.season, subsession.season_id, subsession.series_id,"
    " subsession.series_name, subsession.race_week_num, subsession.category_id,"
    " max(subsession.track_name) AS track_name, count(*) AS races,"
    " max(result.champ_points) AS points, min(result.finish_position_in_class) AS best_finish,"
    " sum(result.incidents) AS incidents,"
    " sum(result.irating_after - result.irating_before) AS irating_change,"
    " sum(result.laps_complete) AS laps"
    " FROM racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)"
    " WHERE result.simsession_number = 0 AND subsession.event_type = 5 AND result.kind <> 'team'"
    f" AND subsession.series_id IS NOT NULL AND result.cust_id IN {OWN}"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7) AS week",
    columns=(
        *taken("week", RESULT, "cust_id"),
        *taken(
            "week",
            SUBSESSION,
            "season",
            "season_id",
            "series_id",
            "series_name",
            "race_week_num",
            "category_id",
            "track_name",
        ),
        ViewColumn("week.races::integer", Column("race_count", pl.Int32, "Races")),
        ViewColumn("week.points", Column("champ_points", pl.Int32, "Most points of a race")),
        ViewColumn("week.best_finish", Column("best_finish_in_class", pl.Int32, "Best finish")),
        ViewColumn("week.incidents::integer", Column("incidents", pl.Int32, "Incident points")),
        ViewColumn(
            "week.irating_change::integer",
            Column("irating_change", pl.Int32, "What the week changed in the iRating"),
        ),
        ViewColumn("week.laps::integer", Column("laps_complete", pl.Int32, "Laps completed")),
    ),
)

PERSONAL_BESTS = View(
    name="grafana.personal_bests",
    doc="The fastest clean lap of one driver with one car on one track by telemetry, with its"
    " conditions, and the best lap of all results beside it.",
    source="(SELECT DISTINCT ON (cust_id, car_id, track_id) * FROM racing.telemetry_session"
    " WHERE best_lap_time_s IS NOT NULL"
    " ORDER BY cust_id, car_id, track_id, best_lap_time_s, start_time) AS session"
    " JOIN LATERAL (SELECT * FROM racing.telemetry_lap AS own"
    " WHERE own.session_key = session.session_key AND own.clean AND own.lap_time_s IS NOT NULL"
    " ORDER BY own.lap_time_s, own.lap_number LIMIT 1) AS lap ON true"
    " LEFT JOIN (SELECT result.cust_id, result.car_id, subsession.track_id,"
    " min(result.best_lap_s) AS best_lap_s"
    " FROM racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)"
    f" WHERE result.kind <> 'team' AND result.cust_id IN {OWN} GROUP BY 1, 2, 3) AS official"
    " ON official.cust_id = session.cust_id AND official.car_id = session.car_id"
    " AND official.track_id = session.track_id",
    columns=(
        *taken(
            "session",
            TELEMETRY_SESSION,
            "cust_id",
            "driver_name",
            "car_id",
            "car_name",
            "track_id",
            "track_name",
            "track_config",
        ),
        *taken("lap", TELEMETRY_LAP, "lap_time_s", "session_key", "stint", "lap_number"),
        *taken("lap", TELEMETRY_LAP, "start_time", "air_temp_c", "track_temp_c", "track_wetness"),
        *taken("lap", TELEMETRY_LAP, "fuel_start_l"),
        *taken("session", TELEMETRY_SESSION, "simsession_type", "setup_name"),
        ViewColumn(
            "official.best_lap_s",
            Column("result_best_lap_s", pl.Float64, "Best lap of all results, any session", "s"),
        ),
    ),
)

CAREER_VIEWS: tuple[View, ...] = (
    CAREER_RACES,
    SEASON_SCHEDULE,
    SEASON_PARTICIPATION,
    PERSONAL_BESTS,
)
