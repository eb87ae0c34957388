-- One corner of one lap, measured by the newest version of the track's map: sessions that were
-- measured by an older one are to be materialized again to show here.
CREATE OR REPLACE VIEW grafana.lap_corners AS
SELECT
    corner.session_key, corner.stint, corner.lap_number, corner.corner, corner.track_id,
    corner.map_version, corner.time_s, corner.straight_s, corner.brake_point_m, corner.peak_brake,
    corner.entry_speed_mps, corner.min_speed_mps, corner.exit_speed_mps, corner.turn_in_m,
    corner.apex_m, corner.throttle_on_m, corner.coasting_s, corner.steering_rad, corner.abs_s,
    corner.lock_s, corner.wheelspin_s, corner.peak_shock_mps, corner.shock_rate_hz,
    corner.wheel_rate_hz, lap.kind, lap.clean, lap.lap_time_s, lap.start_time,
    -- racing.telemetry_session.simsession_type
    coalesce(lap.simsession_type, session."simsession_type") AS simsession_type,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.lap_corner AS corner
JOIN (SELECT track_id, max(version) AS version
    FROM racing.corner_map
    GROUP BY track_id) AS newest ON newest.track_id = corner.track_id AND newest.version =
    corner.map_version
JOIN racing.telemetry_lap AS lap USING (session_key, stint, lap_number)
JOIN racing.telemetry_session AS session USING (session_key);
