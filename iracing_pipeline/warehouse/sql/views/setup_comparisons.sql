-- racing.setup_comparison
CREATE OR REPLACE VIEW grafana.setup_comparisons AS
SELECT
    setup.session_key, setup.setup_digest, setup.setting_count, setup.previous_session_key,
    setup.changed_count, setup.clean_lap_count, setup.previous_clean_lap_count, setup.spread_s,
    setup.previous_spread_s, setup.effect_s, setup.effect_low_s, setup.effect_high_s, setup.told,
    setup.against,
    -- text: What speaks against comparing, in one text
    nullif(array_to_string(setup.against, '; '), '') AS refused_for,
    -- timestamptz: When that session began, UTC
    before.start_time AS previous_start_time,
    -- text: Its setup's name
    before.setup_name AS previous_setup_name,
    session.best_lap_time_s, session.track_temp_c, session.start_time, session.simsession_type,
    session.track_id, session.track_name, session.track_config, session.car_id, session.car_name,
    session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.setup_comparison AS setup
JOIN racing.telemetry_session AS session USING (session_key)
LEFT JOIN racing.telemetry_session AS before ON before.session_key = setup.previous_session_key;
