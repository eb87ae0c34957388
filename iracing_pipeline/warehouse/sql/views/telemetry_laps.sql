-- One lap, or part of a lap, with the session it was driven in.
CREATE OR REPLACE VIEW grafana.telemetry_laps AS
SELECT
    lap.session_key, lap.stint, lap.lap_number, lap.kind, lap.reasons, lap.clean, lap.lap_time_s,
    lap.lap_time_method, lap.official_lap_time_s, lap.residual_s, lap.start_time,
    lap.start_session_time_s, lap.end_session_time_s, lap.first_record, lap.record_count,
    lap.distance_m, lap.fuel_start_l, lap.fuel_end_l, lap.fuel_added_l, lap.fuel_used_l,
    lap.max_speed_mps, lap.air_temp_c, lap.track_temp_c, lap.track_wetness, lap.incidents,
    lap.position, lap.off_track_s, lap.pit_road_s, lap.missed_records, lap.begins_at, lap.ends_at,
    lap.simsession_number, lap.energy_start_kwh, lap.energy_end_kwh, lap.energy_used_kwh,
    lap.energy_deployed_kwh,
    -- text: The reasons in words; null for a clean lap
    (SELECT string_agg(CASE each.reason WHEN 'out_lap' THEN 'left the pits' WHEN 'in_lap' THEN
                'came into the pits' WHEN 'pit_lap' THEN 'went through the pits' WHEN
                'partial_lap' THEN 'not driven whole within the file' WHEN 'reset' THEN
                'ended by a reset' WHEN 'tow' THEN 'ended by a tow' WHEN 'start_lap' THEN
                'lap 1 of a race, timed from the green flag, so no lap from line to line' WHEN
                'pace_lap' THEN 'parade laps before the green flag' WHEN 'cooldown_lap' THEN
                'driven after the chequered flag' WHEN 'invalid' THEN
                'iRacing gave it no time (LapLastLapTime -1)' WHEN 'off_track' THEN
                'the car left the track (PlayerTrackSurface)' WHEN 'incident' THEN
                'the driver took incident points' WHEN 'stopped' THEN
                'the car stood still on track' WHEN 'caution' THEN 'driven under a caution' WHEN
                'team_mate' THEN 'a team mate drove (the car was on track without you in it)'
                WHEN 'no_closure' THEN
                'the reconstructed time differs from iRacing''s by more than the bound' WHEN
                'glitch' THEN 'channels of the recording contradict each other in it' WHEN
                'out_of_bounds' THEN 'its lap time is outside the bounds of the column' ELSE
                each.reason END, '; '
            ORDER BY each.number)
        FROM unnest(lap.reasons) WITH ORDINALITY AS each(reason, number)) AS why_not_clean,
    -- racing.telemetry_session.simsession_type
    coalesce(lap.simsession_type, session."simsession_type") AS simsession_type,
    session.subsession_id, session.event_type, session.category, session.series_id,
    session.season_id, session.track_id, session.track_name, session.track_config,
    session.track_length_m, session.car_id, session.car_name, session.car_path, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name, session.best_lap_time_s
FROM racing.telemetry_lap AS lap JOIN racing.telemetry_session AS session USING (session_key);
