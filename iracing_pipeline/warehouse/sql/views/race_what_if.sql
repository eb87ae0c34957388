-- racing.race_what_if
CREATE OR REPLACE VIEW grafana.race_what_if AS
SELECT
    what_if.subsession_id, what_if.simsession_number, what_if.group_id, what_if.question,
    what_if.question_number, what_if.kind, what_if.lap_number, what_if.place, what_if.place_low,
    what_if.place_high, what_if.place_as_it_was, what_if.places_gained, what_if.gained_s,
    what_if.gained_low_s, what_if.gained_high_s, what_if.irating_change, what_if.irating_gained,
    what_if.races, what_if.refused_for, result.cust_id, result.display_name,
    result.finish_position_in_class, subsession.start_time, subsession.season, subsession.series_id,
    subsession.series_name, subsession.race_week_num, subsession.category_id, subsession.official,
    subsession.track_id, subsession.track_name, subsession.track_config,
    -- text: The telemetry of the race, if there is any
    (SELECT session.session_key
        FROM racing.telemetry_session AS session
        WHERE session.subsession_id = what_if.subsession_id AND session.cust_id = result.cust_id
            AND session.simsession_type = 'Race'
        ORDER BY session.start_time DESC
        LIMIT 1) AS session_key
FROM racing.race_what_if AS what_if
LEFT JOIN racing.result AS result ON result.subsession_id = what_if.subsession_id AND
    result.simsession_number = what_if.simsession_number AND result.group_id = what_if.group_id
    AND result.kind <> 'team_driver'
JOIN racing.subsession AS subsession ON subsession.subsession_id = what_if.subsession_id;
