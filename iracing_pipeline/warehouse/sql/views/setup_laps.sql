-- One clean lap with the identity of the setup it was driven on, whatever it is called.
CREATE OR REPLACE VIEW grafana.setup_laps AS
SELECT
    -- racing.setup_comparison.session_key
    lap.session_key,
    -- integer: Stint it ended in
    lap.stint,
    -- integer: Lap, as iRacing counts it
    lap.lap_number,
    setup.setup_digest,
    -- double precision: Lap time [s]
    lap.lap_time_s,
    -- double precision: Fuel at start [l]
    lap.fuel_start_l,
    -- double precision: Mean track temperature [°C]
    lap.track_temp_c,
    -- integer: Highest TrackWetness
    lap.track_wetness,
    session.start_time, session.simsession_type, session.track_id, session.track_name,
    session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.telemetry_lap AS lap
JOIN racing.setup_comparison AS setup USING (session_key)
JOIN racing.telemetry_session AS session USING (session_key)
WHERE lap.clean;
