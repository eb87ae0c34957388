-- What a member did in one race week of one series.
CREATE OR REPLACE VIEW grafana.season_participation AS
SELECT
    -- racing.result.*
    week.cust_id,
    -- racing.subsession.season
    week.season,
    -- racing.subsession.season_id
    week.season_id,
    -- racing.subsession.series_id
    week.series_id,
    -- racing.subsession.series_name
    week.series_name,
    -- racing.subsession.race_week_num
    week.race_week_num,
    -- racing.subsession.category_id
    week.category_id,
    -- racing.subsession.track_name
    week.track_name,
    -- integer: Races
    week.races::integer AS race_count,
    -- integer: Most points of a race
    week.points AS champ_points,
    -- integer: Best finish
    week.best_finish AS best_finish_in_class,
    -- integer: Incident points
    week.incidents::integer AS incidents,
    -- integer: What the week changed in the iRating
    week.irating_change::integer AS irating_change,
    -- integer: Laps completed
    week.laps::integer AS laps_complete
FROM (SELECT result.cust_id, subsession.season, subsession.season_id, subsession.series_id,
        subsession.series_name, subsession.race_week_num, subsession.category_id,
        max(subsession.track_name) AS track_name, count(*) AS races, max(result.champ_points) AS
        points, min(result.finish_position_in_class) AS best_finish, sum(result.incidents) AS
        incidents, sum(result.irating_after - result.irating_before) AS irating_change,
        sum(result.laps_complete) AS laps
    FROM racing.result AS result
    JOIN racing.subsession AS subsession USING (subsession_id)
    WHERE result.simsession_number = 0 AND subsession.event_type = 5 AND result.kind <> 'team'
        AND subsession.series_id IS NOT NULL AND result.cust_id IN (SELECT cust_id
        FROM racing.own_member
        UNION
        SELECT cust_id
        FROM racing.rating_history
        UNION
        SELECT cust_id
        FROM racing.telemetry_session
        WHERE cust_id IS NOT NULL)
    GROUP BY 1, 2, 3, 4, 5, 6, 7) AS week;
