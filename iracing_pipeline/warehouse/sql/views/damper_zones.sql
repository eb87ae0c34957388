-- One damper of one session: share of the time in low-speed and high-speed bump and rebound.
CREATE OR REPLACE VIEW grafana.damper_zones AS
SELECT
    damper.session_key, damper.damper, damper.laps, damper.lap_count, damper.record_count,
    damper.threshold_mps, damper.high_rebound, damper.low_rebound, damper.low_bump,
    damper.high_bump, damper.sample_rate_hz, damper.sample_count, damper.peak_bump_mps,
    damper.peak_rebound_mps, damper.peak_loss_mean, damper.peak_loss_most,
    -- text: Its name in words
    CASE damper.damper WHEN 'LF' THEN 'Left front' WHEN 'RF' THEN 'Right front' WHEN 'LR' THEN
        'Left rear' WHEN 'RR' THEN 'Right rear' WHEN 'CF' THEN 'Centre front' WHEN 'CR' THEN
        'Centre rear' WHEN 'HF' THEN 'Heave front' WHEN 'HR' THEN 'Heave rear' WHEN 'ROLLF' THEN
        'Roll front' WHEN 'ROLLR' THEN 'Roll rear' WHEN 'LFSH' THEN 'Left front, SH' WHEN 'RFSH'
        THEN 'Right front, SH' WHEN 'LRSH' THEN 'Left rear, SH' WHEN 'RRSH' THEN 'Right rear, SH'
        END AS damper_name,
    session.track_id, session.simsession_type, session.track_name, session.track_config,
    session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.damper_histogram AS damper
JOIN racing.telemetry_session AS session USING (session_key);
