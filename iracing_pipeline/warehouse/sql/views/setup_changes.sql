-- racing.setup_change
CREATE OR REPLACE VIEW grafana.setup_changes AS
SELECT
    change.session_key, change.setting, change.previous_session_key, change.before, change.after,
    change.change,
    -- timestamptz: When that session began, UTC
    before.start_time AS previous_start_time,
    -- text: Its setup's name
    before.setup_name AS previous_setup_name,
    session.start_time, session.simsession_type, session.track_id, session.track_name,
    session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.setup_change AS change
JOIN racing.telemetry_session AS session USING (session_key)
LEFT JOIN racing.telemetry_session AS before ON before.session_key = change.previous_session_key;
