-- racing.tyre_set
CREATE OR REPLACE VIEW grafana.tyre_sets AS
SELECT
    tyres.session_key, tyres.tyre_set, tyres.first_stint, tyres.fitted_session_time_s,
    tyres.removed_session_time_s, tyres.lap_count, tyres.distance_m, tyres.measured_session_time_s,
    tyres.measured_distance_m, tyres.lf_cold_pressure_kpa, tyres.lf_tread, tyres.lf_carcass_c,
    tyres.rf_cold_pressure_kpa, tyres.rf_tread, tyres.rf_carcass_c, tyres.lr_cold_pressure_kpa,
    tyres.lr_tread, tyres.lr_carcass_c, tyres.rr_cold_pressure_kpa, tyres.rr_tread,
    tyres.rr_carcass_c, session.track_id, session.simsession_type, session.track_name,
    session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.tyre_set AS tyres JOIN racing.telemetry_session AS session USING (session_key);
