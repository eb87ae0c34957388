-- racing.tyre_lap
CREATE OR REPLACE VIEW grafana.tyre_laps AS
SELECT
    tyres.session_key, tyres.stint, tyres.lap_number, tyres.tyre_set, tyres.set_lap,
    tyres.lf_temp_l_c, tyres.lf_temp_m_c, tyres.lf_temp_r_c, tyres.lf_pressure_kpa,
    tyres.rf_temp_l_c, tyres.rf_temp_m_c, tyres.rf_temp_r_c, tyres.rf_pressure_kpa,
    tyres.lr_temp_l_c, tyres.lr_temp_m_c, tyres.lr_temp_r_c, tyres.lr_pressure_kpa,
    tyres.rr_temp_l_c, tyres.rr_temp_m_c, tyres.rr_temp_r_c, tyres.rr_pressure_kpa, lap.kind,
    lap.clean, lap.lap_time_s, lap.start_time, session.track_id,
    -- racing.telemetry_session.simsession_type
    coalesce(lap.simsession_type, session."simsession_type") AS simsession_type,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.tyre_lap AS tyres
JOIN racing.telemetry_lap AS lap USING (session_key, stint, lap_number)
JOIN racing.telemetry_session AS session USING (session_key);
