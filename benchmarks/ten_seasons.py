"""Ten seasons of a busy driver in the database, made up: as many rows as they would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.warehouse.connection import Connection

SESSIONS, LAPS = 3000, 20
CARS, TRACKS = 30, 49

STATEMENTS = (
    """
    INSERT INTO racing.telemetry_session (session_key, file_name, start_time, end_time, duration_s,
        tick_rate_hz, record_count, channel_count, ibt_version, closed, car_id, car_name, track_id,
        track_name, cust_id, lap_count, timed_lap_count, clean_lap_count, best_lap_time_s,
        incidents)
    SELECT 'session ' || n, n || '.ibt', at, at + interval '30 min', 1800, 60, 108000, 270, 2, true,
        n %% %(cars)s + 1, 'Car number ' || n %% %(cars)s, n %% %(tracks)s + 1,
        'Track number ' || n %% %(tracks)s, 7, %(laps)s, %(laps)s, %(laps)s, 90 + n %% 7, n %% 5
    FROM generate_series(1, %(sessions)s) AS n,
        LATERAL (SELECT now() - n * interval '7 hours' AS at) AS moment
    """,
    """
    INSERT INTO racing.telemetry_lap (session_key, stint, lap_number, kind, reasons, clean,
        lap_time_s, residual_s, start_time, start_session_time_s, end_session_time_s, first_record,
        record_count, distance_m, fuel_used_l)
    SELECT session_key, 1, lap, 'timed', '{}', true, 90 + lap / 10.0, 1e-6 * (lap - 10), start_time,
        lap * 90, lap * 90 + 90, lap * 5400, 5400, 4000, 2.5 + lap / 100.0
    FROM racing.telemetry_session, generate_series(1, %(laps)s) AS lap
    """,
    """
    INSERT INTO ops.load_audit (table_name, partition_key, started_at, finished_at, rows_inserted,
        rows_updated, rows_deleted, seconds, bytes)
    SELECT name, session_key, now(), now(), 20, 0, 0, 0.01 * random(), 4000
    FROM racing.telemetry_session,
        unnest(ARRAY['racing.telemetry_session', 'racing.telemetry_lap']) AS name
    """,
    """
    INSERT INTO ops.step_time (step, item, seconds)
    SELECT step, session_key, random()
    FROM racing.telemetry_session, unnest(ARRAY['frames', 'read', 'analyse', 'load']) AS step
    """,
    """
    INSERT INTO racing.rating_history (cust_id, category_id, observed_at, source,
        recorded_category_id, irating, licence_class, safety_rating)
    SELECT 7, n %% 6 + 1, now() - n * interval '1 day', 'chart', n %% 6 + 1, 1500 + n, 'B', 3.2
    FROM generate_series(1, 2000) AS n
    """,
)


def fill(connection: Connection) -> None:
    """Put them into a migrated database that is empty."""
    sizes = {"sessions": SESSIONS, "laps": LAPS, "cars": CARS, "tracks": TRACKS}
    for statement in STATEMENTS:
        connection.execute(statement.encode(), sizes)
    connection.commit()
    connection.execute("ANALYZE")
