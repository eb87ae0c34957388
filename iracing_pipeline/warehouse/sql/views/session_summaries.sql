-- One session in a row: pace, evenness, fuel, conditions, and for a race its result.
CREATE OR REPLACE VIEW grafana.session_summaries AS
SELECT
    session.session_key, session.start_time, session.simsession_type, session.track_id,
    session.track_name, session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name, session.end_time, session.duration_s, session.event_type, session.category,
    session.subsession_id, session.lap_count, session.timed_lap_count, session.clean_lap_count,
    session.best_lap_time_s, session.incidents, session.air_temp_c, session.track_temp_c,
    session.relative_humidity, session.wind_speed_mps, session.fuel_tank_l, session.irating,
    session.utc_offset_s, session.start_source, session.build_version, session.build_season,
    session.power_source, session.energy_capacity_kwh,
    -- integer: Highest TrackWetness (irsdk_TrackWetness)
    (SELECT max(lap.track_wetness)
        FROM racing.telemetry_lap AS lap
        WHERE lap.session_key = session.session_key) AS track_wetness,
    summary.theoretical_best_s,
    -- double precision: Best lap minus theoretical best [s]
    session.best_lap_time_s - summary.theoretical_best_s AS to_gain_s,
    summary.median_lap_time_s, summary.spread_s, summary.spread_low_s, summary.spread_high_s,
    summary.fuel_lap_count, summary.fuel_median_l, summary.fuel_p65_l, summary.fuel_p90_l,
    summary.energy_lap_count, summary.energy_median_kwh, summary.energy_deployed_median_kwh,
    -- integer: Settings that differ from the session before
    setup.changed_count AS setup_changed_count,
    subsession.series_name, subsession.season, subsession.race_week_num, subsession.official,
    subsession.strength_of_field, subsession.car_count, result.starting_position,
    result.finish_position,
    -- integer: What the race changed in the iRating
    result.irating_after - result.irating_before AS irating_change,
    -- text: Costliest finding: It in words
    finding.text AS finding_text,
    -- double precision: Costliest finding: What it cost over the race [s]
    finding.seconds AS finding_seconds,
    -- double precision: Costliest finding: Lower end of the 95 % interval of seconds [s]
    finding.low_s AS finding_low_s,
    -- double precision: Costliest finding: Upper end of the 95 % interval of seconds [s]
    finding.high_s AS finding_high_s,
    -- integer: Costliest finding: Cars of the class that finished within these seconds; null
    -- where the result is not known
    finding.places AS finding_places,
    -- double precision: Costliest finding: What these places were worth; null where not known
    finding.irating AS finding_irating,
    -- text: Costliest finding: Cause of racing.race_ledger that it comes from
    finding.cause AS finding_cause
FROM racing.telemetry_session AS session
LEFT JOIN racing.session_summary AS summary USING (session_key)
LEFT JOIN racing.setup_comparison AS setup USING (session_key)
LEFT JOIN racing.subsession AS subsession USING (subsession_id)
LEFT JOIN racing.result AS result ON session.simsession_type = 'Race' AND result.subsession_id =
    session.subsession_id AND result.simsession_number = 0 AND result.cust_id = session.cust_id
LEFT JOIN racing.race_finding AS finding ON finding.session_key = session.session_key AND
    finding.rank = 1;
