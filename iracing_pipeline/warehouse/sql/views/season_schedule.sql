-- One race week of one season of a series: where it races, and what the member did on that track
-- before, in whatever car and series; best lap and fuel are of the season's own cars.
CREATE OR REPLACE VIEW grafana.season_schedule AS
SELECT
    week.season_id, week.race_week_num, week.track_id, week.track_name, week.track_config,
    week.start_date, week.week_end_time, week.race_time_limit_s, week.race_lap_limit,
    week.practice_length_s, week.qualify_length_s, week.qualify_laps, week.start_type,
    week.precipitation_chance_pct, season.series_id, season.season, season.season_name,
    season.active, season.fixed_setup, series.series_name, series.category_id,
    -- integer: 0 for the present race week, 1 for the next, below 0 for those that are over
    ceil((week.start_date - (now() AT TIME ZONE 'UTC')::date) / 7.0)::integer AS weeks_from_now,
    -- integer: Races of the member in the series
    coalesce(own.races, 0)::integer AS series_race_count,
    -- integer: Races of the member on the track
    coalesce(there.races, 0)::integer AS track_race_count,
    -- timestamptz: When the member last raced there, UTC
    there.last_at AS last_raced_at,
    -- integer: Best finish there, in class
    there.best_finish AS best_finish_in_class,
    -- double precision: Average finish there, in class
    there.average_finish::double precision AS average_finish_in_class,
    -- double precision: Average incident points of a race there
    there.incidents::double precision AS average_incidents,
    -- double precision: Best lap there in a car of the season, of results and of clean laps
    -- driven [s]
    least((SELECT min(result.best_lap_s)
            FROM racing.result AS result
            JOIN racing.subsession AS subsession USING (subsession_id)
            WHERE subsession.track_id = week.track_id AND result.cust_id = ANY (ARRAY(SELECT
                        cust_id
                    FROM racing.own_member
                    UNION
                    SELECT cust_id
                    FROM racing.rating_history
                    UNION
                    SELECT cust_id
                    FROM racing.telemetry_session
                    WHERE cust_id IS NOT NULL)) AND result.kind <> 'team' AND result.car_id IN
                (SELECT unnest(class.car_ids)
                FROM racing.car_class AS class
                WHERE class.car_class_id = ANY (season.car_class_ids))), (SELECT
                min(session.best_lap_time_s)
            FROM racing.telemetry_session AS session
            WHERE session.track_id = week.track_id AND session.car_id IN (SELECT
                    unnest(class.car_ids)
                FROM racing.car_class AS class
                WHERE class.car_class_id = ANY (season.car_class_ids)))) AS best_lap_s,
    -- double precision: 65 % of clean dry laps there burnt less, in the season's car that drove
    -- most [l]
    (SELECT place.fuel_p65_l
        FROM racing.car_track AS place
        WHERE place.track_id = week.track_id AND place.car_id IN (SELECT unnest(class.car_ids)
            FROM racing.car_class AS class
            WHERE class.car_class_id = ANY (season.car_class_ids))
        ORDER BY place.clean_lap_count DESC, place.car_id
        LIMIT 1) AS fuel_p65_l
FROM racing.season_week AS week
JOIN racing.season AS season USING (season_id)
LEFT JOIN racing.series AS series ON series.series_id = season.series_id
LEFT JOIN (SELECT subsession.track_id, count(*) AS races, max(subsession.start_time) AS last_at,
        min(result.finish_position_in_class) AS best_finish, avg(result.finish_position_in_class)
        AS average_finish, avg(result.incidents) AS incidents
    FROM racing.result AS result
    JOIN racing.subsession AS subsession USING (subsession_id)
    WHERE result.simsession_number = 0 AND subsession.event_type = 5 AND result.kind <> 'team'
        AND result.cust_id = ANY (ARRAY(SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL))
    GROUP BY subsession.track_id) AS there ON there.track_id = week.track_id
LEFT JOIN (SELECT subsession.series_id, count(*) AS races, max(subsession.start_time) AS last_at,
        min(result.finish_position_in_class) AS best_finish, avg(result.finish_position_in_class)
        AS average_finish, avg(result.incidents) AS incidents
    FROM racing.result AS result
    JOIN racing.subsession AS subsession USING (subsession_id)
    WHERE result.simsession_number = 0 AND subsession.event_type = 5 AND result.kind <> 'team'
        AND result.cust_id = ANY (ARRAY(SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL))
    GROUP BY subsession.series_id) AS own ON own.series_id = season.series_id;
