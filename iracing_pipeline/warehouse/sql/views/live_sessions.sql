-- One session that was seen live and whose file is loaded: how the two agree.
CREATE OR REPLACE VIEW grafana.live_sessions AS
SELECT
    session.session_key, session.start_time,
    -- integer: Laps that were seen live and are in the file
    seen.lap_count AS lap_count,
    -- integer: Laps on which the two differ
    seen.different_lap_count AS different_lap_count,
    -- integer: Timed laps in between that were not seen live
    (SELECT count(*)::integer
        FROM racing.telemetry_lap AS lap
        WHERE lap.session_key = session.session_key AND lap.kind = 'timed'
            AND lap.lap_number BETWEEN seen.first_lap AND seen.last_lap)
        - seen.timed_lap_count AS unseen_lap_count,
    -- double precision: Largest difference of times [s]
    seen.largest_time_difference_s AS largest_time_difference_s,
    -- double precision: Largest difference of fuel [l]
    seen.largest_fuel_difference_l AS largest_fuel_difference_l
FROM racing.telemetry_session AS session
JOIN (SELECT session_key, count(*)::integer AS lap_count,
        count(*) FILTER (WHERE differs)::integer AS different_lap_count,
        count(lap_time_s)::integer AS timed_lap_count,
        max(abs(time_difference_s)) AS largest_time_difference_s,
        max(abs(fuel_difference_l)) AS largest_fuel_difference_l,
        min(lap_number) AS first_lap, max(lap_number) AS last_lap
    FROM grafana.live_laps
    GROUP BY session_key) AS seen USING (session_key);
