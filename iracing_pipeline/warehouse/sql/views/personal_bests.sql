-- The fastest clean lap of one driver with one car on one track by telemetry, with its conditions,
-- and the best lap of all results beside it.
CREATE OR REPLACE VIEW grafana.personal_bests AS
SELECT
    -- racing.telemetry_session.*
    session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.car_id, session.car_name, session.track_id, session.track_name, session.track_config,
    -- racing.telemetry_lap.*
    lap.lap_time_s, lap.session_key, lap.stint, lap.lap_number, lap.start_time, lap.air_temp_c,
    lap.track_temp_c, lap.track_wetness, lap.fuel_start_l, session.simsession_type,
    session.setup_name,
    -- double precision: Best lap of all results, any session [s]
    official.best_lap_s AS result_best_lap_s
FROM (SELECT DISTINCT ON (cust_id, car_id, track_id) *
    FROM racing.telemetry_session
    WHERE best_lap_time_s IS NOT NULL
    ORDER BY cust_id, car_id, track_id, best_lap_time_s, start_time) AS session
JOIN LATERAL (SELECT *
    FROM racing.telemetry_lap AS own
    WHERE own.session_key = session.session_key AND own.clean AND own.lap_time_s IS NOT NULL
    ORDER BY own.lap_time_s, own.lap_number
    LIMIT 1) AS lap ON true
LEFT JOIN (SELECT result.cust_id, result.car_id, subsession.track_id, min(result.best_lap_s) AS
        best_lap_s
    FROM racing.result AS result
    JOIN racing.subsession AS subsession USING (subsession_id)
    WHERE result.kind <> 'team' AND result.cust_id IN (SELECT cust_id
        FROM racing.own_member
        UNION
        SELECT cust_id
        FROM racing.rating_history
        UNION
        SELECT cust_id
        FROM racing.telemetry_session
        WHERE cust_id IS NOT NULL)
    GROUP BY 1, 2, 3) AS official ON official.cust_id = session.cust_id AND official.car_id =
    session.car_id AND official.track_id = session.track_id;
