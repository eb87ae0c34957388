-- How far the figures of one session can be trusted: residuals of its lap times, records that are
-- missing, what the reader recovered, and whether its result is known.
CREATE OR REPLACE VIEW grafana.session_checks AS
SELECT
    session.session_key, session.start_time, session.simsession_type, session.track_id,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name, session.file_name, session.closed, session.warnings, session.record_count,
    session.lap_count, session.timed_lap_count,
    -- integer: Laps more than 1 ms off the official time
    laps.off::integer AS laps_off_closure,
    -- double precision: Reconstructed against official [s]
    laps.residual AS largest_residual_s,
    -- integer: Records that iRacing dropped during laps
    laps.missed::integer AS missed_records,
    -- integer: Traced laps
    traces.traced::integer AS traced_lap_count,
    -- double precision: Largest closure of a trace [s]
    traces.closure AS largest_closure_s,
    session.subsession_id,
    -- boolean: Whether its subsession is known
    EXISTS (SELECT
        FROM racing.subsession AS known
        WHERE known.subsession_id = session.subsession_id) AS result_known
FROM racing.telemetry_session AS session
LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE abs(lap.residual_s) > 0.001) AS off,
        max(abs(lap.residual_s)) AS residual, sum(lap.missed_records) AS missed
    FROM racing.telemetry_lap AS lap
    WHERE lap.session_key = session.session_key) AS laps ON true
LEFT JOIN LATERAL (SELECT count(*) AS traced, max(abs(trace.closure_s)) AS closure
    FROM racing.lap_trace AS trace
    WHERE trace.session_key = session.session_key) AS traces ON true;
