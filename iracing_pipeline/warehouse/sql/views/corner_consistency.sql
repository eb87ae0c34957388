-- racing.corner_consistency
CREATE OR REPLACE VIEW grafana.corner_consistency AS
SELECT
    corner.session_key, corner.corner, corner.map_version, corner.lap_count, corner.best_s,
    corner.median_s, corner.spread_s, corner.spread_low_s, corner.spread_high_s, session.start_time,
    session.simsession_type, session.track_id, session.track_name, session.track_config,
    session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.corner_consistency AS corner
JOIN racing.telemetry_session AS session USING (session_key);
