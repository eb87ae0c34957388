-- One finding of one race, with the race's result and what it changed in the ratings; a race
-- without findings has one row.
CREATE OR REPLACE VIEW grafana.race_debriefs AS
SELECT
    session.session_key, session.subsession_id, session.start_time, session.track_id,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.best_lap_time_s, session.clean_lap_count, finding.rank, finding.kind, finding.text,
    finding.seconds, finding.laps, finding.corner, finding.low_s, finding.high_s, finding.places,
    finding.irating, finding.advice, finding.cause, subsession.series_name,
    subsession.strength_of_field, subsession.car_count, result.starting_position,
    result.finish_position, result.incidents, result.irating_before, result.irating_after,
    result.licence_class_before, result.licence_class_after, result.safety_rating_before,
    result.safety_rating_after
FROM racing.telemetry_session AS session
LEFT JOIN racing.race_finding AS finding USING (session_key)
LEFT JOIN racing.subsession AS subsession USING (subsession_id)
LEFT JOIN racing.result AS result ON result.subsession_id = session.subsession_id AND
    result.simsession_number = 0 AND result.cust_id = session.cust_id
WHERE session.simsession_type = 'Race';
