"""The views that dashboards read, and the functions that they call.

Neither holds data, so they have no history: whenever one of them or a comment changed, they
are recreated after the migrations, in the same transaction. A migration that changes a column
which a view shows, or retires a view, drops that view first.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl
import psycopg
from psycopg import sql

from iracing_pipeline.tables import Column, results
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import bounds, function
from iracing_pipeline.warehouse.analysis_views import ANALYSIS_VIEWS
from iracing_pipeline.warehouse.career_views import CAREER_VIEWS
from iracing_pipeline.warehouse.dashboard_views import DASHBOARD_FUNCTIONS
from iracing_pipeline.warehouse.errors import MigrationError
from iracing_pipeline.warehouse.experiment_views import EXPERIMENT_VIEWS
from iracing_pipeline.warehouse.live_views import LIVE_VIEWS
from iracing_pipeline.warehouse.ops_views import OPS_VIEWS
from iracing_pipeline.warehouse.race_views import RACE_FUNCTIONS, RACE_VIEWS
from iracing_pipeline.warehouse.rating_views import RATING_VIEWS
from iracing_pipeline.warehouse.results_views import RESULTS_VIEWS
from iracing_pipeline.warehouse.session_views import SESSION_VIEWS, WHY_NOT_CLEAN
from iracing_pipeline.warehouse.strategy_views import STRATEGY_VIEWS
from iracing_pipeline.warehouse.view import View, ViewColumn, of_simsession, taken

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection


TELEMETRY_SESSIONS = View(
    name="grafana.telemetry_sessions",
    doc=TELEMETRY_SESSION.doc,
    source="racing.telemetry_session AS session",
    columns=taken(
        "session",
        TELEMETRY_SESSION,
        *(name for name in TELEMETRY_SESSION.names if name != "setup"),
    ),
)

TELEMETRY_LAPS = View(
    name="grafana.telemetry_laps",
    doc="One lap, or part of a lap, with the session it was driven in.",
    source="racing.telemetry_lap AS lap JOIN racing.telemetry_session AS session"
    " USING (session_key)",
    columns=(
        *taken(
            "lap",
            TELEMETRY_LAP,
            *(name for name in TELEMETRY_LAP.names if name != "simsession_type"),
        ),
        WHY_NOT_CLEAN,
        *of_simsession(taken("session", TELEMETRY_SESSION, "simsession_type")),
        *taken(
            "session",
            TELEMETRY_SESSION,
            "subsession_id",
            "event_type",
            "category",
            "series_id",
            "season_id",
            "track_id",
            "track_name",
            "track_config",
            "track_length_m",
            "car_id",
            "car_name",
            "car_path",
            "cust_id",
            "driver_name",
            "setup_name",
            "best_lap_time_s",
        ),
    ),
)

SESSION_RESULTS = View(
    name="grafana.session_results",
    doc="One telemetry session of a subsession, with the result of its main event and what that"
    " changed in the ratings.",
    source="racing.telemetry_session AS session"
    " JOIN racing.subsession AS subsession USING (subsession_id)"
    " LEFT JOIN racing.result AS result ON result.subsession_id = session.subsession_id"
    " AND result.simsession_number = 0 AND result.cust_id = session.cust_id",
    columns=(
        *taken(
            "session",
            TELEMETRY_SESSION,
            "session_key",
            "start_time",
            "subsession_id",
            "simsession_type",
            "cust_id",
            "driver_name",
            "car_name",
            "track_name",
            "track_config",
            "clean_lap_count",
            "best_lap_time_s",
        ),
        *taken(
            "subsession",
            results.SUBSESSION,
            "season",
            "series_name",
            "race_week_num",
            "category_id",
            "official",
            "strength_of_field",
            "split",
            "car_count",
        ),
        *taken(
            "result",
            results.RESULT,
            "starting_position",
            "finish_position",
            "laps_complete",
            "incidents",
            "best_lap_s",
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
            Column("irating_change", pl.Int32, "What the main event changed in the iRating"),
        ),
    ),
)

VIEWS: tuple[View, ...] = (
    TELEMETRY_SESSIONS,
    TELEMETRY_LAPS,
    SESSION_RESULTS,
    *ANALYSIS_VIEWS,
    *SESSION_VIEWS,
    *RESULTS_VIEWS,
    *RACE_VIEWS,
    *EXPERIMENT_VIEWS,
    *CAREER_VIEWS,
    *RATING_VIEWS,
    *STRATEGY_VIEWS,
    *OPS_VIEWS,
    *LIVE_VIEWS,
)


FUNCTIONS = (*DASHBOARD_FUNCTIONS, *RACE_FUNCTIONS)


def digest() -> str:
    """The views, comments and bounds of this version as one short text."""
    text = repr([(v.name, v.doc, v.query, _comments(v)) for v in VIEWS])
    text += repr([(t.name, t.doc, _comments(t)) for t in TABLES])
    text += repr([bounds.conditions(table) for table in TABLES])
    text += repr([(f.statement, f.doc) for f in FUNCTIONS])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def create(connection: Connection) -> None:
    """Make views and functions, and give tables and views their comments and bounds.

    A view whose columns changed is recreated, and all others with it, as they may build on it.

    Raises:
        MigrationError: If somebody else's view or function builds on one of them.
    """
    try:
        with connection.transaction():
            _create(connection)
    except psycopg.errors.InvalidTableDefinition:  # columns can only be added in place
        _drop(connection)
        _create(connection)
    relations: tuple[Table | View, ...] = (*TABLES, *VIEWS)
    for relation in relations:
        _comment(connection, relation)
    function.remake(connection, FUNCTIONS)
    bounds.apply(connection)


def _create(connection: Connection) -> None:
    for view in VIEWS:
        connection.execute(
            sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(
                sql.Identifier(*view.name.split(".")), sql.SQL(view.query)
            )
        )


def _drop(connection: Connection) -> None:
    for view in reversed(VIEWS):
        name = sql.Identifier(*view.name.split("."))
        try:
            connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(name))
        except psycopg.errors.DependentObjectsStillExist as error:
            raise MigrationError(
                f"{view.name} has new columns, but is used: {error.diag.message_detail}",
                "Drop what uses it, migrate again, and create it again",
            ) from error


def _comment(connection: Connection, relation: Table | View) -> None:
    kind = sql.SQL("VIEW" if isinstance(relation, View) else "TABLE")
    name = sql.Identifier(*relation.name.split("."))
    statements = [
        sql.SQL("COMMENT ON {} {} IS {}").format(kind, name, sql.Literal(relation.doc)),
        *(
            sql.SQL("COMMENT ON COLUMN {} IS {}").format(
                sql.Identifier(*relation.name.split("."), column), sql.Literal(text)
            )
            for column, text in _comments(relation)
        ),
    ]
    connection.execute(sql.SQL("; ").join(statements))


def _comments(relation: Table | View) -> list[tuple[str, str]]:
    columns = (
        [shown.column for shown in relation.columns]
        if isinstance(relation, View)
        else relation.columns
    )
    return [(column.name, column.comment) for column in columns]
