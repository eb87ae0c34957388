"""The views of races as a whole: results, laps and events of all cars."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.results import LAP, RESULT, SESSION_EVENT, SUBSESSION
from iracing_pipeline.warehouse.view import View, ViewColumn, taken

OWN = (
    "(SELECT cust_id FROM racing.own_member UNION SELECT cust_id FROM racing.rating_history"
    " UNION SELECT cust_id FROM racing.telemetry_session WHERE cust_id IS NOT NULL)"
)
"""The own members: set or detected, or with ratings or telemetry."""

_OWN_DOC = "Whether it is a member of whom there are ratings or telemetry here"
OF_SUBSESSION = taken(
    "subsession",
    SUBSESSION,
    "start_time",
    "season",
    "series_id",
    "series_name",
    "race_week_num",
    "category_id",
    "official",
    "track_id",
    "track_name",
    "track_config",
)
"""Columns that describe a subsession to a reader."""

RACE_RESULTS = View(
    name="grafana.race_results",
    doc="How one driver or team did in one simsession, practice and qualifying included: every car,"
    " not only one's own. The race is simsession_number 0 of event_type 5.",
    source="racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id)",
    columns=(
        *taken("result", RESULT, *(name for name in RESULT.names if name != "source_rank")),
        ViewColumn(
            "result.irating_after - result.irating_before",
            Column("irating_change", pl.Int32, "What the main event changed in the iRating"),
        ),
        ViewColumn(
            f"coalesce(result.cust_id IN {OWN}, false)", Column("own", pl.Boolean, _OWN_DOC)
        ),
        *taken("subsession", SUBSESSION, "event_type", "strength_of_field", "car_count"),
        *OF_SUBSESSION,
    ),
)

RACE_LAPS = View(
    name="grafana.race_laps",
    doc="One lap of one car, from the grid (lap 0) to the flag: its position and the gap to the"
    " leader. Name the subsession in the query.",
    source="(SELECT lap.*, lap.session_time_s - min(lap.session_time_s) OVER"
    " (PARTITION BY lap.subsession_id, lap.simsession_number, lap.lap_number) AS gap"
    " FROM racing.lap AS lap) AS lap"
    " LEFT JOIN racing.result AS result ON result.subsession_id = lap.subsession_id"
    " AND result.simsession_number = lap.simsession_number AND result.group_id = lap.group_id"
    " AND result.kind <> 'team_driver'",
    columns=(
        *taken("lap", LAP, *(name for name in LAP.names if name != "source_rank")),
        ViewColumn(
            "lap.gap",
            Column(
                "gap_s",
                pl.Float64,
                "Behind the first car to complete this lap, on the session clock; also for cars"
                " that are laps down, on the lap that they are on",
                "s",
            ),
        ),
        ViewColumn(
            "result.starting_position - lap.position",
            Column("positions_gained", pl.Int32, "Grid position minus position"),
        ),
        *taken(
            "result",
            RESULT,
            "display_name",
            "car_id",
            "car_name",
            "car_class_id",
            "car_class_name",
            "starting_position",
            "finish_position",
        ),
        ViewColumn(f"coalesce(lap.cust_id IN {OWN}, false)", Column("own", pl.Boolean, _OWN_DOC)),
    ),
)

RACE_EVENTS = View(
    name="grafana.race_events",
    doc="One entry of a simsession's log, or one thing that a lap was flagged with: an off track,"
    " a contact, a stop in the pits. Name the subsession in the query.",
    source="(SELECT subsession_id, simsession_number, session_time_s, lap_number, group_id,"
    " cust_id, display_name, description AS event, message, 'log' AS source"
    " FROM racing.session_event"
    " UNION ALL SELECT lap.subsession_id, lap.simsession_number, lap.session_time_s,"
    " lap.lap_number, lap.group_id, lap.cust_id, result.display_name, flagged.event, NULL, 'lap'"
    " FROM racing.lap AS lap CROSS JOIN LATERAL unnest(lap.events) AS flagged(event)"
    " LEFT JOIN racing.result AS result ON result.subsession_id = lap.subsession_id"
    " AND result.simsession_number = lap.simsession_number AND result.group_id = lap.group_id"
    " AND result.kind <> 'team_driver') AS event",
    columns=(
        *taken(
            "event",
            SESSION_EVENT,
            "subsession_id",
            "simsession_number",
            "session_time_s",
            "lap_number",
            "group_id",
            "cust_id",
            "display_name",
        ),
        ViewColumn("event.event", Column("event", pl.String, "What it is")),
        *taken("event", SESSION_EVENT, "message"),
        ViewColumn(
            "event.source",
            Column("source", pl.String, "log (of race control), or lap (the lap's flags)"),
        ),
        ViewColumn(f"coalesce(event.cust_id IN {OWN}, false)", Column("own", pl.Boolean, _OWN_DOC)),
    ),
)

RESULTS_VIEWS: tuple[View, ...] = (RACE_RESULTS, RACE_LAPS, RACE_EVENTS)
