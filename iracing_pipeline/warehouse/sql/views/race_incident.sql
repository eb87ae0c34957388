-- racing.race_incident
CREATE OR REPLACE VIEW grafana.race_incident AS
SELECT
    incident.session_key, incident.incident, incident.lap_number, incident.session_time_s,
    incident.distance_m, incident.corner, incident.points, incident.total_points, incident.kind,
    incident.seconds, incident.position_before, incident.position_after,
    -- integer: Places lost on the lap
    incident.position_after - incident.position_before AS places_lost,
    session.subsession_id, session.simsession_type, session.start_time, session.track_name,
    session.track_config, session.car_name
FROM racing.race_incident AS incident
JOIN racing.telemetry_session AS session USING (session_key);
