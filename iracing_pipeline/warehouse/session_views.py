"""The views of sessions: what each comes to, laps that do not count and why, corners."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.analysis.lap_kind import REASONS
from iracing_pipeline.tables import Column
from iracing_pipeline.tables.consistency import (
    CONSISTENCY_TREND,
    CORNER_CONSISTENCY,
    SESSION_SUMMARY,
)
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.results import RESULT, SUBSESSION
from iracing_pipeline.tables.strategy import CAR_TRACK
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse.view import View, ViewColumn, in_words, of_simsession, taken

SESSION = " JOIN racing.telemetry_session AS session USING (session_key)"
"""Joins the session of a row."""
OF_SESSION = taken(
    "session",
    TELEMETRY_SESSION,
    "start_time",
    "simsession_type",
    "track_id",
    "track_name",
    "track_config",
    "car_id",
    "car_name",
    "cust_id",
    "driver_name",
    "setup_name",
)
"""Columns that describe a session to a reader."""

_COSTLIEST = tuple(
    ViewColumn(
        f"finding.{column.name}",
        Column(
            f"finding_{column.name}", column.dtype, f"Costliest finding: {column.doc}", column.unit
        ),
    )
    for column in RACE_FINDING.columns
    if column.name in {"text", "cause", "seconds", "low_s", "high_s", "places", "irating"}
)

SESSION_SUMMARIES = View(
    name="grafana.session_summaries",
    doc="One session in a row: pace, evenness, fuel, conditions, and for a race its result.",
    source="racing.telemetry_session AS session"
    " LEFT JOIN racing.session_summary AS summary USING (session_key)"
    " LEFT JOIN racing.setup_comparison AS setup USING (session_key)"
    " LEFT JOIN racing.subsession AS subsession USING (subsession_id)"
    " LEFT JOIN racing.result AS result ON session.simsession_type = 'Race'"
    " AND result.subsession_id = session.subsession_id"
    " AND result.simsession_number = 0 AND result.cust_id = session.cust_id"
    " LEFT JOIN racing.race_finding AS finding ON finding.session_key = session.session_key"
    " AND finding.rank = 1",
    columns=(
        *taken("session", TELEMETRY_SESSION, "session_key"),
        *OF_SESSION,
        *taken(
            "session",
            TELEMETRY_SESSION,
            "end_time",
            "duration_s",
            "event_type",
            "category",
            "subsession_id",
            "lap_count",
            "timed_lap_count",
            "clean_lap_count",
            "best_lap_time_s",
            "incidents",
            "air_temp_c",
            "track_temp_c",
            "relative_humidity",
            "wind_speed_mps",
            "fuel_tank_l",
            "irating",
            "utc_offset_s",
            "start_source",
            "build_version",
            "build_season",
            "power_source",
            "energy_capacity_kwh",
        ),
        ViewColumn(
            "(SELECT max(lap.track_wetness) FROM racing.telemetry_lap AS lap"
            " WHERE lap.session_key = session.session_key)",
            Column("track_wetness", pl.Int32, "Highest TrackWetness (irsdk_TrackWetness)"),
        ),
        *taken("summary", SESSION_SUMMARY, "theoretical_best_s"),
        ViewColumn(
            "session.best_lap_time_s - summary.theoretical_best_s",
            Column("to_gain_s", pl.Float64, "Best lap minus theoretical best", "s"),
        ),
        *taken(
            "summary",
            SESSION_SUMMARY,
            "median_lap_time_s",
            "spread_s",
            "spread_low_s",
            "spread_high_s",
            "fuel_lap_count",
            "fuel_median_l",
            "fuel_p65_l",
            "fuel_p90_l",
            "energy_lap_count",
            "energy_median_kwh",
            "energy_deployed_median_kwh",
        ),
        ViewColumn(
            "setup.changed_count",
            Column("setup_changed_count", pl.Int32, "Settings that differ from the session before"),
        ),
        *taken(
            "subsession",
            SUBSESSION,
            "series_name",
            "season",
            "race_week_num",
            "official",
            "strength_of_field",
            "car_count",
        ),
        *taken("result", RESULT, "starting_position", "finish_position"),
        ViewColumn(
            "result.irating_after - result.irating_before",
            Column("irating_change", pl.Int32, "What the race changed in the iRating"),
        ),
        *_COSTLIEST,
    ),
)

WHY_NOT_CLEAN = ViewColumn(
    f"(SELECT string_agg({in_words('each.reason', REASONS)}, '; ' ORDER BY each.number)"
    " FROM unnest(lap.reasons) WITH ORDINALITY AS each(reason, number))",
    Column("why_not_clean", pl.String, "The reasons in words; null for a clean lap"),
)

LAP_REASONS = View(
    name="grafana.lap_reasons",
    doc="One thing that one lap is not counted as clean for; a lap has as many rows as there are"
    " things against it, and a clean lap has none.",
    source="racing.telemetry_lap AS lap"
    " CROSS JOIN LATERAL unnest(lap.reasons) AS excluded(reason)" + SESSION,
    columns=(
        *taken("lap", TELEMETRY_LAP, "session_key", "stint", "lap_number"),
        ViewColumn(
            "excluded.reason",
            Column("reason", pl.String, "Why it is not counted"),
        ),
        ViewColumn(
            in_words("excluded.reason", REASONS),
            Column("explanation", pl.String, "The same in words"),
        ),
        *taken("lap", TELEMETRY_LAP, "kind", "lap_time_s", "incidents"),
        ViewColumn(
            'lap."start_time"', Column("lap_start_time", pl.Datetime("us", "UTC"), "Its start, UTC")
        ),
        *of_simsession(OF_SESSION),
    ),
)

CORNER_CONSISTENCIES = View(
    name="grafana.corner_consistency",
    doc=CORNER_CONSISTENCY.doc,
    source="racing.corner_consistency AS corner" + SESSION,
    columns=(
        *taken(
            "corner",
            CORNER_CONSISTENCY,
            *(name for name in CORNER_CONSISTENCY.names if name != "track_id"),
        ),
        *OF_SESSION,
    ),
)

CONSISTENCY_TRENDS = View(
    name="grafana.consistency_trends",
    doc=CONSISTENCY_TREND.doc,
    source="racing.consistency_trend AS trend"
    " JOIN racing.car_track AS place USING (car_id, track_id)",
    columns=(
        *taken("trend", CONSISTENCY_TREND),
        *taken("place", CAR_TRACK, "car_name", "track_name", "track_config"),
    ),
)

# The fastest clean lap of the session, and of all sessions of the driver with the car there. Both
# are looked up once a session; a session that is not named in a query costs nothing.
_REFERENCES = (
    "racing.telemetry_session AS session"
    " LEFT JOIN LATERAL (SELECT stint, lap_number FROM racing.telemetry_lap AS own"
    " WHERE own.session_key = session.session_key AND own.clean AND own.lap_time_s IS NOT NULL"
    " ORDER BY own.lap_time_s, own.lap_number LIMIT 1) AS quickest ON true"
    " LEFT JOIN LATERAL (SELECT other.session_key, fast.stint, fast.lap_number, fast.lap_time_s"
    " FROM (SELECT session_key FROM racing.telemetry_session AS there"
    " WHERE there.track_id = session.track_id AND there.car_id = session.car_id"
    " AND there.cust_id IS NOT DISTINCT FROM session.cust_id"
    " AND there.best_lap_time_s IS NOT NULL"
    " ORDER BY there.best_lap_time_s, there.session_key LIMIT 1) AS other"
    " JOIN LATERAL (SELECT stint, lap_number, lap_time_s FROM racing.telemetry_lap AS lap"
    " WHERE lap.session_key = other.session_key AND lap.clean AND lap.lap_time_s IS NOT NULL"
    " ORDER BY lap.lap_time_s, lap.lap_number LIMIT 1) AS fast ON true) AS ever ON true"
    " JOIN racing.lap_corner AS corner ON corner.session_key = session.session_key"
    " JOIN racing.telemetry_lap AS lap ON lap.session_key = corner.session_key"
    " AND lap.stint = corner.stint AND lap.lap_number = corner.lap_number"
    " LEFT JOIN racing.lap_corner AS of_session ON of_session.session_key = session.session_key"
    " AND of_session.stint = quickest.stint AND of_session.lap_number = quickest.lap_number"
    " AND of_session.corner = corner.corner AND of_session.map_version = corner.map_version"
    " LEFT JOIN racing.lap_corner AS of_best ON of_best.session_key = ever.session_key"
    " AND of_best.stint = ever.stint AND of_best.lap_number = ever.lap_number"
    " AND of_best.corner = corner.corner AND of_best.map_version = corner.map_version"
)


def _lost(reference: str, prefix: str, words: str) -> tuple[ViewColumn, ...]:
    return (
        ViewColumn(
            f"corner.time_s - {reference}.time_s",
            Column(
                f"{prefix}corner_loss_s",
                pl.Float64,
                f"Time lost in the corner against {words}; below 0 where gained",
                "s",
            ),
        ),
        ViewColumn(
            f"corner.straight_s - {reference}.straight_s",
            Column(
                f"{prefix}straight_loss_s",
                pl.Float64,
                f"Time lost on the straight after it against {words}",
                "s",
            ),
        ),
    )


CORNER_LOSSES = View(
    name="grafana.corner_losses",
    doc="What one lap lost in one corner and on the straight after it, against the fastest clean"
    " lap of the session, and against the driver's fastest ever with the car there. Name the"
    " session in the query. All corners and straights add up to the difference of the lap times;"
    " null where the other lap was measured by another version of the corner map.",
    source=_REFERENCES,
    columns=(
        *taken("corner", LAP_CORNER, "session_key", "stint", "lap_number", "corner", "map_version"),
        *taken("lap", TELEMETRY_LAP, "clean", "kind", "lap_time_s"),
        *taken("corner", LAP_CORNER, "time_s", "straight_s", "min_speed_mps", "brake_point_m"),
        *_lost("of_session", "", "the fastest clean lap of the session"),
        *_lost("of_best", "best_", "the fastest clean lap ever"),
        ViewColumn(
            "corner.min_speed_mps - of_best.min_speed_mps",
            Column("best_min_speed_change_mps", pl.Float64, "Lowest speed, minus its", "m/s"),
        ),
        ViewColumn(
            "corner.brake_point_m - of_best.brake_point_m",
            Column("best_brake_point_change_m", pl.Float64, "Brake point, minus its", "m"),
        ),
        ViewColumn(
            "quickest.lap_number",
            Column("session_best_lap_number", pl.Int32, "The fastest clean lap of the session"),
        ),
        ViewColumn(
            "ever.session_key",
            Column("best_session_key", pl.String, "The session of the fastest clean lap ever"),
        ),
        ViewColumn(
            "ever.lap_number", Column("best_lap_number", pl.Int32, "The fastest clean lap ever")
        ),
        ViewColumn("ever.lap_time_s", Column("best_lap_time_s", pl.Float64, "Its lap time", "s")),
        *OF_SESSION,
    ),
)

SESSION_CHECKS = View(
    name="grafana.session_checks",
    doc="How far the figures of one session can be trusted: residuals of its lap times, records"
    " that are missing, what the reader recovered, and whether its result is known.",
    source="racing.telemetry_session AS session LEFT JOIN LATERAL ("
    "SELECT count(*) FILTER (WHERE abs(lap.residual_s) > 0.001) AS off,"
    " max(abs(lap.residual_s)) AS residual, sum(lap.missed_records) AS missed"
    " FROM racing.telemetry_lap AS lap WHERE lap.session_key = session.session_key) AS laps"
    " ON true LEFT JOIN LATERAL (SELECT count(*) AS traced, max(abs(trace.closure_s)) AS closure"
    " FROM racing.lap_trace AS trace WHERE trace.session_key = session.session_key) AS traces"
    " ON true",
    columns=(
        *taken("session", TELEMETRY_SESSION, "session_key"),
        *OF_SESSION,
        *taken(
            "session",
            TELEMETRY_SESSION,
            "file_name",
            "closed",
            "warnings",
            "record_count",
            "lap_count",
            "timed_lap_count",
        ),
        ViewColumn(
            "laps.off::integer",
            Column("laps_off_closure", pl.Int32, "Laps more than 1 ms off the official time"),
        ),
        ViewColumn(
            "laps.residual",
            Column("largest_residual_s", pl.Float64, "Reconstructed against official", "s"),
        ),
        ViewColumn(
            "laps.missed::integer",
            Column("missed_records", pl.Int32, "Records that iRacing dropped during laps"),
        ),
        ViewColumn("traces.traced::integer", Column("traced_lap_count", pl.Int32, "Traced laps")),
        ViewColumn(
            "traces.closure",
            Column("largest_closure_s", pl.Float64, "Largest closure of a trace", "s"),
        ),
        *taken("session", TELEMETRY_SESSION, "subsession_id"),
        ViewColumn(
            "EXISTS (SELECT FROM racing.subsession AS known"
            " WHERE known.subsession_id = session.subsession_id)",
            Column("result_known", pl.Boolean, "Whether its subsession is known"),
        ),
    ),
)

SESSION_VIEWS: tuple[View, ...] = (
    SESSION_SUMMARIES,
    LAP_REASONS,
    CORNER_CONSISTENCIES,
    CONSISTENCY_TRENDS,
    CORNER_LOSSES,
    SESSION_CHECKS,
)
