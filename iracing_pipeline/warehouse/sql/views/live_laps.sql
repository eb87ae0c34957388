-- One lap that was seen live and is in the file of its session.
CREATE OR REPLACE VIEW grafana.live_laps AS
SELECT
    live.live_session, live.lap_number, live.subsession_id, live.car_id, live.track_id, live.cust_id,
    live.driver_id, live.ended_at, live.session_time_s, live.lap_time_s, live.fuel_used_l, live.pitted,
    session.session_key, session.start_time,
    -- double precision: Official lap time minus that seen live [s]
    lap.official_lap_time_s - live.lap_time_s AS time_difference_s,
    -- double precision: Fuel by the file minus that seen live; null for a lap with a stop [l]
    CASE WHEN coalesce(lap.pit_road_s, 0) = 0 THEN lap.fuel_used_l - live.fuel_used_l
        END AS fuel_difference_l,
    -- boolean: Whether time (2 ms), fuel (0.05 l) or the pits differ
    coalesce(abs(lap.official_lap_time_s - live.lap_time_s) > 0.002, false)
        OR coalesce(abs(lap.fuel_used_l - live.fuel_used_l) > 0.05, false)
        OR live.pitted <> (coalesce(lap.pit_road_s, 0) > 0) AS differs
FROM racing.live_lap AS live
-- A lap of a file belongs to a live lap by the event; offline, by car, track and time.
JOIN racing.telemetry_session AS session
    ON session.cust_id IS NOT DISTINCT FROM live.cust_id
    AND session.car_id = live.car_id AND session.track_id = live.track_id
    AND CASE WHEN live.subsession_id IS NULL
        THEN live.ended_at BETWEEN session.start_time
            AND session.end_time + interval '15 seconds'
        ELSE session.subsession_id = live.subsession_id END
JOIN racing.telemetry_lap AS lap
    ON lap.session_key = session.session_key AND lap.lap_number = live.lap_number
    AND lap.simsession_number IS NOT DISTINCT FROM live.simsession_number
    AND abs(lap.end_session_time_s - live.session_time_s) < 15;
