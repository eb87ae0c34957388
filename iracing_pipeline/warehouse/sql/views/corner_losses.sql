-- What one lap lost in one corner and on the straight after it, against the fastest clean lap of
-- the session, and against the driver's fastest ever with the car there. Name the session in the
-- query. All corners and straights add up to the difference of the lap times; null where the other
-- lap was measured by another version of the corner map.
CREATE OR REPLACE VIEW grafana.corner_losses AS
SELECT
    corner.session_key, corner.stint, corner.lap_number, corner.corner, corner.map_version,
    lap.clean, lap.kind, lap.lap_time_s, corner.time_s, corner.straight_s, corner.min_speed_mps,
    corner.brake_point_m,
    -- double precision: Time lost in the corner against the fastest clean lap of the session;
    -- below 0 where gained [s]
    corner.time_s - of_session.time_s AS corner_loss_s,
    -- double precision: Time lost on the straight after it against the fastest clean lap of the
    -- session [s]
    corner.straight_s - of_session.straight_s AS straight_loss_s,
    -- double precision: Time lost in the corner against the fastest clean lap ever; below 0
    -- where gained [s]
    corner.time_s - of_best.time_s AS best_corner_loss_s,
    -- double precision: Time lost on the straight after it against the fastest clean lap ever
    -- [s]
    corner.straight_s - of_best.straight_s AS best_straight_loss_s,
    -- double precision: Lowest speed, minus its [m/s]
    corner.min_speed_mps - of_best.min_speed_mps AS best_min_speed_change_mps,
    -- double precision: Brake point, minus its [m]
    corner.brake_point_m - of_best.brake_point_m AS best_brake_point_change_m,
    -- integer: The fastest clean lap of the session
    quickest.lap_number AS session_best_lap_number,
    -- text: The session of the fastest clean lap ever
    ever.session_key AS best_session_key,
    -- integer: The fastest clean lap ever
    ever.lap_number AS best_lap_number,
    -- double precision: Its lap time [s]
    ever.lap_time_s AS best_lap_time_s,
    session.start_time, session.simsession_type, session.track_id, session.track_name,
    session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.telemetry_session AS session
LEFT JOIN LATERAL (SELECT stint, lap_number
    FROM racing.telemetry_lap AS own
    WHERE own.session_key = session.session_key AND own.clean AND own.lap_time_s IS NOT NULL
    ORDER BY own.lap_time_s, own.lap_number
    LIMIT 1) AS quickest ON true
LEFT JOIN LATERAL (SELECT other.session_key, fast.stint, fast.lap_number, fast.lap_time_s
    FROM (SELECT session_key
        FROM racing.telemetry_session AS there
        WHERE there.track_id = session.track_id AND there.car_id = session.car_id AND
            there.cust_id IS NOT DISTINCT
        FROM session.cust_id AND there.best_lap_time_s IS NOT NULL
        ORDER BY there.best_lap_time_s, there.session_key
        LIMIT 1) AS other
    JOIN LATERAL (SELECT stint, lap_number, lap_time_s
        FROM racing.telemetry_lap AS lap
        WHERE lap.session_key = other.session_key AND lap.clean AND lap.lap_time_s IS NOT NULL
        ORDER BY lap.lap_time_s, lap.lap_number
        LIMIT 1) AS fast ON true) AS ever ON true
JOIN racing.lap_corner AS corner ON corner.session_key = session.session_key
JOIN racing.telemetry_lap AS lap ON lap.session_key = corner.session_key AND lap.stint =
    corner.stint AND lap.lap_number = corner.lap_number
LEFT JOIN racing.lap_corner AS of_session ON of_session.session_key = session.session_key AND
    of_session.stint = quickest.stint AND of_session.lap_number = quickest.lap_number AND
    of_session.corner = corner.corner AND of_session.map_version = corner.map_version
LEFT JOIN racing.lap_corner AS of_best ON of_best.session_key = ever.session_key AND
    of_best.stint = ever.stint AND of_best.lap_number = ever.lap_number AND of_best.corner =
    corner.corner AND of_best.map_version = corner.map_version;
