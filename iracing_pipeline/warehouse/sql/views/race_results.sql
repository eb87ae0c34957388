-- How one driver or team did in one simsession, practice and qualifying included: every car, not
-- only one's own. The race is simsession_number 0 of event_type 5.
CREATE OR REPLACE VIEW grafana.race_results AS
SELECT
    result.subsession_id, result.simsession_number, result.group_id, result.participant_id,
    result.source, result.kind, result.cust_id, result.team_id, result.display_name, result.ai,
    result.car_id, result.car_name, result.car_class_id, result.car_class_name, result.car_number,
    result.country_code, result.division, result.starting_position,
    result.starting_position_in_class, result.finish_position, result.finish_position_in_class,
    result.laps_complete, result.laps_led, result.interval_s, result.class_interval_s,
    result.average_lap_s, result.best_lap_s, result.best_lap_number, result.qualifying_lap_s,
    result.qualifying_lap_at, result.incidents, result.reason_out_id, result.reason_out,
    result.finished, result.champ_points, result.aggregate_champ_points, result.league_points,
    result.dropped, result.irating_before, result.irating_after, result.licence_class_before,
    result.licence_class_after, result.safety_rating_before, result.safety_rating_after,
    result.cpi_before, result.cpi_after, result.tt_rating_after, result.weight_penalty_kg,
    result.max_fuel_fill,
    -- integer: What the main event changed in the iRating
    result.irating_after - result.irating_before AS irating_change,
    -- boolean: Whether it is a member of whom there are ratings or telemetry here
    coalesce(result.cust_id IN (SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL), false) AS own,
    subsession.event_type, subsession.strength_of_field, subsession.car_count,
    subsession.start_time, subsession.season, subsession.series_id, subsession.series_name,
    subsession.race_week_num, subsession.category_id, subsession.official, subsession.track_id,
    subsession.track_name, subsession.track_config
FROM racing.result AS result JOIN racing.subsession AS subsession USING (subsession_id);
