-- One reference lap, with a channel to a column: the first element is the line, the others lie
-- length_m / interval_count apart. Read few channels of a lap from here.
CREATE OR REPLACE VIEW grafana.reference_lap_arrays AS
SELECT
    trace.reference_key, trace.track_id, trace.length_m, trace.interval_count,
    trace.lap_time_s, trace.elapsed_s, trace.east_m, trace.north_m, trace.speed_mps,
    trace.throttle, trace.brake, trace.clutch, trace.steering_rad, trace.gear, trace.rpm,
    trace.lat_accel_mps2, trace.long_accel_mps2, trace.yaw_rate_radps, trace.yaw_rad,
    trace.abs_active, trace.altitude_m, trace.lf_temp_c, trace.lf_ride_height_m,
    trace.rf_temp_c, trace.rf_ride_height_m, trace.lr_temp_c, trace.lr_ride_height_m,
    trace.rr_temp_c, trace.rr_ride_height_m
FROM racing.reference_lap AS trace;
