-- One lap of one car, from the grid (lap 0) to the flag: its position and the gap to the leader.
-- Name the subsession in the query.
CREATE OR REPLACE VIEW grafana.race_laps AS
SELECT
    lap.subsession_id, lap.simsession_number, lap.group_id, lap.lap_number, lap.source, lap.cust_id,
    lap.car_number, lap.lap_time_s, lap.session_time_s, lap.position, lap.interval_s, lap.laps_down,
    lap.flags, lap.events, lap.valid, lap.incident, lap.pitted, lap.personal_best, lap.fastest,
    lap.ai,
    -- double precision: Behind the first car to complete this lap, on the session clock; also
    -- for cars that are laps down, on the lap that they are on [s]
    lap.gap AS gap_s,
    -- integer: Grid position minus position
    result.starting_position - lap.position AS positions_gained,
    result.display_name, result.car_id, result.car_name, result.car_class_id, result.car_class_name,
    result.starting_position, result.finish_position,
    -- boolean: Whether it is a member of whom there are ratings or telemetry here
    coalesce(lap.cust_id IN (SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL), false) AS own
FROM (SELECT lap.*, lap.session_time_s - min(lap.session_time_s) OVER (PARTITION BY
            lap.subsession_id, lap.simsession_number, lap.lap_number) AS gap
    FROM racing.lap AS lap) AS lap
LEFT JOIN racing.result AS result ON result.subsession_id = lap.subsession_id AND
    result.simsession_number = lap.simsession_number AND result.group_id = lap.group_id AND
    result.kind <> 'team_driver';
