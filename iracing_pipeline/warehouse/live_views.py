"""What was seen live beside what the file of the session says."""

from __future__ import annotations

import polars as pl

from iracing_pipeline.tables import Column
from iracing_pipeline.tables.live import LIVE_LAP
from iracing_pipeline.warehouse.view import View, ViewColumn, taken

_SAME_TIME_S, _SAME_FUEL_L = 0.002, 0.05
_FAR_S = 15
"""Seconds between the end of a lap by the file and when it was seen, on clocks of one PC."""

# A lap of a file belongs to a live lap by the event; offline, by car, track and time.
_SOURCE = f"""
racing.live_lap AS live
JOIN racing.telemetry_session AS session
    ON session.cust_id IS NOT DISTINCT FROM live.cust_id
    AND session.car_id = live.car_id AND session.track_id = live.track_id
    AND CASE WHEN live.subsession_id IS NULL
        THEN live.ended_at BETWEEN session.start_time
            AND session.end_time + interval '{_FAR_S} seconds'
        ELSE session.subsession_id = live.subsession_id END
JOIN racing.telemetry_lap AS lap
    ON lap.session_key = session.session_key AND lap.lap_number = live.lap_number
    AND lap.simsession_number IS NOT DISTINCT FROM live.simsession_number
    AND abs(lap.end_session_time_s - live.session_time_s) < {_FAR_S}
"""

LIVE_LAPS = View(
    name="grafana.live_laps",
    doc="One lap that was seen live and is in the file of its session.",
    source=_SOURCE.strip(),
    columns=(
        *taken("live", LIVE_LAP, *(n for n in LIVE_LAP.names if n != "simsession_number")),
        ViewColumn("session.session_key", Column("session_key", pl.String, "The session")),
        ViewColumn(
            "session.start_time",
            Column("start_time", pl.Datetime("us", "UTC"), "When the session's file begins"),
        ),
        ViewColumn(
            "lap.official_lap_time_s - live.lap_time_s",
            Column("time_difference_s", pl.Float64, "Official lap time minus that seen live", "s"),
        ),
        ViewColumn(
            "CASE WHEN lap.pit_road_s IS NOT DISTINCT FROM 0 OR lap.pit_road_s IS NULL"
            " THEN lap.fuel_used_l - live.fuel_used_l END",
            Column("fuel_difference_l", pl.Float64, "Fuel by the file minus that seen live", "l"),
        ),
        ViewColumn(
            f"coalesce(abs(lap.official_lap_time_s - live.lap_time_s) > {_SAME_TIME_S}, false)"
            f" OR coalesce(abs(lap.fuel_used_l - live.fuel_used_l) > {_SAME_FUEL_L}, false)"
            " OR live.pitted <> (coalesce(lap.pit_road_s, 0) > 0)",
            Column(
                "differs",
                pl.Boolean,
                "Whether the lap time differs by more than 2 ms, the fuel by more than 0.05 l, or"
                " only one of them says that the car was on pit road",
            ),
        ),
    ),
)

LIVE_SESSIONS = View(
    name="grafana.live_sessions",
    doc="One session that was seen live and whose file is loaded: how the two agree.",
    source="(SELECT session_key, start_time, count(*)::integer AS lap_count,"
    " count(*) FILTER (WHERE differs)::integer AS different_lap_count,"
    " max(abs(time_difference_s)) AS largest_time_difference_s,"
    " max(abs(fuel_difference_l)) AS largest_fuel_difference_l,"
    " (SELECT count(*)::integer FROM racing.telemetry_lap AS lap"
    " WHERE lap.session_key = seen.session_key"
    " AND lap.lap_number BETWEEN min(seen.lap_number) AND max(seen.lap_number)"
    " AND lap.kind = 'timed') - count(*) FILTER (WHERE lap_time_s IS NOT NULL)::integer"
    " AS unseen_lap_count"
    " FROM grafana.live_laps AS seen GROUP BY session_key, start_time) AS entry",
    columns=tuple(
        ViewColumn(f"entry.{column.name}", column)
        for column in (
            Column("session_key", pl.String, "The session"),
            Column("start_time", pl.Datetime("us", "UTC"), "When the session's file begins"),
            Column("lap_count", pl.Int32, "Laps that were seen live and are in the file"),
            Column("different_lap_count", pl.Int32, "Laps on which the two differ"),
            Column("unseen_lap_count", pl.Int32, "Timed laps in between that were not seen live"),
            Column("largest_time_difference_s", pl.Float64, "Largest difference of times", "s"),
            Column("largest_fuel_difference_l", pl.Float64, "Largest difference of fuel", "l"),
        )
    ),
)

LIVE_VIEWS: tuple[View, ...] = (LIVE_LAPS, LIVE_SESSIONS)
