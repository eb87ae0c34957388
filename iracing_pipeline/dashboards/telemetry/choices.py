"""Track and car, as the boards about laps with traces let the reader choose them."""

from __future__ import annotations

from iracing_pipeline.dashboards.variables import Choice

TRACK = Choice(
    "track",
    "Track",
    "Track configuration of all laps; the one driven last comes first.",
    """
SELECT __text, __value FROM (
    SELECT concat_ws(' · ', track_name, track_config) AS __text, track_id::text AS __value,
        max(start_time) AS last
    FROM grafana.telemetry_sessions WHERE track_id IS NOT NULL AND timed_lap_count > 0
    GROUP BY 1, 2 ORDER BY last DESC
) AS known
UNION ALL
SELECT 'no lap yet', '0' WHERE NOT EXISTS (
    SELECT FROM grafana.telemetry_sessions WHERE track_id IS NOT NULL AND timed_lap_count > 0
)
""",
)

CAR = Choice(
    "car",
    "Car",
    "Car of the laps to choose from; the one driven last there comes first.",
    """
SELECT __text, __value FROM (
    SELECT car_name AS __text, car_id::text AS __value, max(start_time) AS last
    FROM grafana.telemetry_sessions
    WHERE track_id = ${track} AND car_id IS NOT NULL AND timed_lap_count > 0
    GROUP BY 1, 2 ORDER BY last DESC
) AS known
UNION ALL
SELECT 'no lap yet', '0' WHERE NOT EXISTS (
    SELECT FROM grafana.telemetry_sessions
    WHERE track_id = ${track} AND car_id IS NOT NULL AND timed_lap_count > 0
)
""",
)
