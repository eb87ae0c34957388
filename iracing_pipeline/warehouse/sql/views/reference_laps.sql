-- racing.reference_lap
CREATE OR REPLACE VIEW grafana.reference_laps AS
SELECT
    reference.reference_key, reference.source, reference.file_name, reference.track_id,
    reference.car_id, reference.car_name, reference.driver_name, reference.air_temp_c,
    reference.track_temp_c, reference.track_wetness, reference.length_m, reference.interval_count,
    reference.lap_time_s, reference.lap_time_method, reference.closure_s, reference.driven_at
FROM racing.reference_lap AS reference;
