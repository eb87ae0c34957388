"""The two laps compared where nobody chose any: the best lap of a session, and the best other."""

from __future__ import annotations

from iracing_pipeline.dashboards import links
from iracing_pipeline.dashboards.variables import Choice

LAP_ID = "grafana.lap_id(lap.session_key, lap.stint, lap.lap_number)"

NEWEST = """(
    SELECT * FROM grafana.telemetry_sessions AS driven
    WHERE EXISTS (SELECT FROM grafana.lap_traces AS lap
        WHERE lap.session_key = driven.session_key)
    ORDER BY start_time DESC LIMIT 1
) AS newest"""
"""SQL of the newest session that has a lap to compare."""


def pair(session: str) -> str:
    """SQL of the best lap of a session, and the driver's fastest other lap with the car there.

    Clean laps come before others. The fastest other lap is in one of the two fastest sessions,
    whichever lap it is compared with.

    Args:
        session: One row of grafana.telemetry_sessions with an alias, to follow ``FROM``.

    Returns:
        Two common table expressions: ``best``, and ``pair`` with ``track_id``, ``car_id``,
        ``lap_id``, ``reference_id``, ``reference_time_s`` and ``clean``, and the two laps as
        ``faster_id``, ``faster_time_s`` and ``slower_id``; no row where there is no such lap.
    """
    alias = session.rpartition(" AS ")[2]
    return f"""
best AS (
    SELECT {alias}.track_id, {alias}.car_id, {alias}.cust_id, lap.clean, lap.lap_time_s,
        {LAP_ID} AS lap_id
    FROM {session} JOIN grafana.lap_traces AS lap USING (session_key)
    ORDER BY lap.clean DESC, lap.lap_time_s LIMIT 1
),
pair AS (
    SELECT best.track_id, best.car_id, best.lap_id, best.clean AND other.clean AS clean,
        other.lap_id AS reference_id, other.lap_time_s AS reference_time_s,
        CASE WHEN best.lap_time_s <= other.lap_time_s THEN best.lap_id ELSE other.lap_id END
            AS faster_id,
        CASE WHEN best.lap_time_s <= other.lap_time_s THEN other.lap_id ELSE best.lap_id END
            AS slower_id,
        least(best.lap_time_s, other.lap_time_s) AS faster_time_s
    FROM best CROSS JOIN LATERAL (
        SELECT lap.clean, lap.lap_time_s, {LAP_ID} AS lap_id
        FROM (
            SELECT session_key FROM grafana.telemetry_sessions AS driven
            WHERE driven.track_id = best.track_id AND driven.car_id = best.car_id
                AND driven.cust_id IS NOT DISTINCT FROM best.cust_id
            ORDER BY driven.best_lap_time_s NULLS LAST, driven.start_time LIMIT 2
        ) AS fastest JOIN grafana.lap_traces AS lap USING (session_key)
        WHERE {LAP_ID} <> best.lap_id
        ORDER BY lap.clean DESC, lap.lap_time_s LIMIT 1
    ) AS other
)"""


LATEST_LAPS = Choice(
    "latest_laps",
    "latest_laps",
    "What the link to Lap compare sets: the best lap of the newest session and the driver's fastest"
    " other lap there, the slower measured against the faster, and the time range of the latter.",
    f"""
WITH {pair(NEWEST).strip()}
SELECT address AS __text, address AS __value FROM (
    SELECT 'from={links.CLOCK_START}&to=' || {links.clock_end("faster_time_s")}
        || '&var-track=' || track_id || '&var-car=' || car_id
        || '&var-reference=' || faster_id || '&var-lap=' || slower_id AS address, 1 AS place
    FROM pair
    UNION ALL
    SELECT 'var-lap=', 2
) AS known
ORDER BY place LIMIT 1
""",
    hidden=True,
)
