-- racing.telemetry_session
CREATE OR REPLACE VIEW grafana.telemetry_sessions AS
SELECT
    session.session_key, session.file_name, session.start_time, session.end_time,
    session.duration_s, session.tick_rate_hz, session.record_count, session.channel_count,
    session.ibt_version, session.closed, session.warnings, session.subsession_id,
    session.simsession_number, session.simsession_type, session.event_type, session.category,
    session.series_id, session.season_id, session.track_id, session.track_name,
    session.track_config, session.track_length_m, session.pit_speed_limit_mps, session.car_id,
    session.car_name, session.car_path, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.team_name, session.irating, session.licence_class, session.safety_rating,
    session.fuel_tank_l, session.fuel_density_kg_per_l, session.setup_name,
    session.sector_start_pct, session.air_temp_c, session.track_temp_c, session.relative_humidity,
    session.wind_speed_mps, session.lap_count, session.timed_lap_count, session.clean_lap_count,
    session.best_lap_time_s, session.incidents, session.frames_uri, session.start_source,
    session.utc_offset_s, session.driver_source, session.build_version, session.build_season,
    session.car_version, session.power_source, session.energy_capacity_kwh
FROM racing.telemetry_session AS session;
