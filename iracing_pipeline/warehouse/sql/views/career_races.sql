-- One race of a member: how it went, what it changed, and whether there is telemetry.
CREATE OR REPLACE VIEW grafana.career_races AS
SELECT
    result.subsession_id, result.cust_id, result.display_name, subsession.start_time,
    subsession.season, subsession.series_id, subsession.series_name, subsession.race_week_num,
    subsession.category_id, subsession.official, subsession.track_id, subsession.track_name,
    subsession.track_config, subsession.end_time, subsession.strength_of_field, subsession.split,
    subsession.split_count, subsession.car_count, subsession.corners_per_lap,
    subsession.caution_laps,
    -- integer: Laps of the winner
    subsession.laps_complete AS race_laps,
    result.car_id, result.car_name, result.starting_position, result.starting_position_in_class,
    result.finish_position, result.finish_position_in_class, result.laps_complete, result.laps_led,
    result.interval_s, result.average_lap_s, result.best_lap_s, result.incidents, result.reason_out,
    result.finished, result.champ_points, result.irating_before, result.irating_after,
    result.licence_class_before, result.licence_class_after, result.safety_rating_before,
    result.safety_rating_after,
    -- integer: What it changed in the iRating
    result.irating_after - result.irating_before AS irating_change,
    -- double precision: What it changed in the Safety Rating; null when the class changed
    CASE WHEN result.licence_class_after = result.licence_class_before THEN
        round((result.safety_rating_after - result.safety_rating_before)::numeric, 2)::double
        precision END AS safety_rating_change,
    -- double precision: Corners driven for each incident point; null without one [1/incident]
    subsession.corners_per_lap::double precision * result.laps_complete / nullif(result.incidents, 0)
        AS corners_per_incident,
    -- text: Its telemetry; null without
    telemetry.session_key
FROM racing.result AS result
JOIN racing.subsession AS subsession USING (subsession_id)
LEFT JOIN LATERAL (SELECT max(session.session_key) AS session_key
    FROM racing.telemetry_session AS session
    WHERE session.subsession_id = result.subsession_id AND session.cust_id = result.cust_id AND
        session.simsession_type = 'Race') AS telemetry ON true
WHERE result.simsession_number = 0 AND subsession.event_type = 5 AND result.cust_id IN (SELECT
        cust_id
    FROM racing.own_member
    UNION
    SELECT cust_id
    FROM racing.rating_history
    UNION
    SELECT cust_id
    FROM racing.telemetry_session
    WHERE cust_id IS NOT NULL) AND result.kind <> 'team';
