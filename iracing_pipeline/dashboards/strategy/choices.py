"""Track and car, as the boards about strategy let the reader choose them."""

from __future__ import annotations

from iracing_pipeline.dashboards.variables import Choice

TRACK = Choice(
    "track",
    "Track",
    "Track configuration; the one driven last comes first.",
    """
SELECT __text, __value FROM (
    SELECT concat_ws(' · ', track_name, track_config) AS __text, track_id::text AS __value,
        max(last_session_at) AS last
    FROM grafana.car_tracks GROUP BY 1, 2 ORDER BY last DESC
) AS known
UNION ALL
SELECT 'no session yet', '0' WHERE NOT EXISTS (SELECT FROM grafana.car_tracks)
""",
)

CAR = Choice(
    "car",
    "Car",
    "The car driven last there comes first.",
    """
SELECT __text, __value FROM (
    SELECT car_name AS __text, car_id::text AS __value
    FROM grafana.car_tracks WHERE track_id = ${track} ORDER BY last_session_at DESC
) AS known
UNION ALL
SELECT 'no session yet', '0'
WHERE NOT EXISTS (SELECT FROM grafana.car_tracks WHERE track_id = ${track})
""",
)

HERE = "car_id = ${car} AND track_id = ${track}"
NO_SESSION = "No session here in this car: choose a track and a car that you drove."
