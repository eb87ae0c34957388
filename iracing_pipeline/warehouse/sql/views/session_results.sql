-- One telemetry session of a subsession, with the result of its main event and what that changed in
-- the ratings.
CREATE OR REPLACE VIEW grafana.session_results AS
SELECT
    session.session_key, session.start_time, session.subsession_id, session.simsession_type,
    session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.car_name, session.track_name, session.track_config, session.clean_lap_count,
    session.best_lap_time_s, subsession.season, subsession.series_name, subsession.race_week_num,
    subsession.category_id, subsession.official, subsession.strength_of_field, subsession.split,
    subsession.car_count, result.starting_position, result.finish_position, result.laps_complete,
    result.incidents, result.best_lap_s, result.champ_points, result.irating_before,
    result.irating_after, result.licence_class_before, result.licence_class_after,
    result.safety_rating_before, result.safety_rating_after,
    -- integer: What the main event changed in the iRating
    result.irating_after - result.irating_before AS irating_change
FROM racing.telemetry_session AS session
JOIN racing.subsession AS subsession USING (subsession_id)
LEFT JOIN racing.result AS result ON result.subsession_id = session.subsession_id AND
    result.simsession_number = 0 AND result.cust_id = session.cust_id;
