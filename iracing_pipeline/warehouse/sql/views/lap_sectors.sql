-- racing.lap_sector
CREATE OR REPLACE VIEW grafana.lap_sectors AS
SELECT
    sector.session_key, sector.stint, sector.lap_number, sector.sector, sector.start_pct,
    sector.end_pct, sector.time_s, lap.kind, lap.clean, lap.lap_time_s, lap.start_time,
    session.track_id,
    -- racing.telemetry_session.simsession_type
    coalesce(lap.simsession_type, session."simsession_type") AS simsession_type,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.lap_sector AS sector
JOIN racing.telemetry_lap AS lap USING (session_key, stint, lap_number)
JOIN racing.telemetry_session AS session USING (session_key);
