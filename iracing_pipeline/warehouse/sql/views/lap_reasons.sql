-- One thing that one lap is not counted as clean for; a lap has as many rows as there are things
-- against it, and a clean lap has none.
CREATE OR REPLACE VIEW grafana.lap_reasons AS
SELECT
    lap.session_key, lap.stint, lap.lap_number,
    -- text: Why it is not counted
    excluded.reason,
    -- text: The same in words
    CASE excluded.reason WHEN 'out_lap' THEN 'left the pits' WHEN 'in_lap' THEN 'came into the pits'
        WHEN 'pit_lap' THEN 'went through the pits' WHEN 'partial_lap' THEN
        'not driven whole within the file' WHEN 'reset' THEN 'ended by a reset' WHEN 'tow' THEN
        'ended by a tow' WHEN 'start_lap' THEN
        'lap 1 of a race, timed from the green flag, so no lap from line to line' WHEN 'pace_lap'
        THEN 'parade laps before the green flag' WHEN 'cooldown_lap' THEN
        'driven after the chequered flag' WHEN 'invalid' THEN
        'iRacing gave it no time (LapLastLapTime -1)' WHEN 'off_track' THEN
        'the car left the track (PlayerTrackSurface)' WHEN 'incident' THEN
        'the driver took incident points' WHEN 'stopped' THEN 'the car stood still on track' WHEN
        'caution' THEN 'driven under a caution' WHEN 'team_mate' THEN
        'a team mate drove (the car was on track without you in it)' WHEN 'no_closure' THEN
        'the reconstructed time differs from iRacing''s by more than the bound' WHEN 'glitch'
        THEN 'channels of the recording contradict each other in it' WHEN 'out_of_bounds' THEN
        'its lap time is outside the bounds of the column' ELSE excluded.reason END AS explanation,
    lap.kind, lap.lap_time_s, lap.incidents,
    -- timestamptz: Its start, UTC
    lap."start_time" AS lap_start_time,
    session.start_time,
    -- racing.telemetry_session.simsession_type
    coalesce(lap.simsession_type, session."simsession_type") AS simsession_type,
    session.track_id, session.track_name, session.track_config, session.car_id, session.car_name,
    session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.telemetry_lap AS lap
CROSS JOIN LATERAL unnest(lap.reasons) AS excluded(reason)
JOIN racing.telemetry_session AS session USING (session_key);
