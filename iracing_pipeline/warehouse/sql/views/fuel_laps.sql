-- racing.fuel_lap
CREATE OR REPLACE VIEW grafana.fuel_laps AS
SELECT
    fuel.session_key, fuel.stint, fuel.lap_number, fuel.condition, fuel.fuel_used_l,
    fuel.fuel_per_km_l, fuel.fuel_added_l, fuel.fuel_end_l, fuel.laps_left, fuel.energy_used_kwh,
    fuel.energy_deployed_kwh, fuel.energy_end_kwh, lap.kind, lap.clean, lap.lap_time_s,
    lap.start_time, session.track_id,
    -- racing.telemetry_session.simsession_type
    coalesce(lap.simsession_type, session."simsession_type") AS simsession_type,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.fuel_lap AS fuel
JOIN racing.telemetry_lap AS lap USING (session_key, stint, lap_number)
JOIN racing.telemetry_session AS session USING (session_key);
