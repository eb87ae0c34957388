-- One grid point of one lap. Name the lap (session_key, stint, lap_number) in the query: a lap has
-- up to 1,201 points. Laps of one track have the same points.
CREATE OR REPLACE VIEW grafana.lap_trace_points AS
SELECT
    trace.session_key, trace.stint, trace.lap_number, trace.track_id, trace.lap_time_s,
    -- integer: Number of the grid point, from 0 at the line
    (point.number - 1)::integer AS point,
    -- double precision: Distance from the line [m]
    (point.number - 1) * trace.length_m / trace.interval_count AS distance_m,
    -- double precision: Time since the line when the car first got there [s]
    point.elapsed_s,
    -- real: Metres east of the origin [m]
    point.east_m,
    -- real: Metres north of the origin [m]
    point.north_m,
    -- real: Speed [m/s]
    point.speed_mps,
    -- real: Throttle pedal [ratio]
    point.throttle,
    -- real: Brake pedal [ratio]
    point.brake,
    -- real: Clutch: 0 disengaged, 1 engaged [ratio]
    point.clutch,
    -- real: Steering wheel angle, positive to the left [rad]
    point.steering_rad,
    -- smallint: Gear: -1 reverse, 0 neutral
    point.gear,
    -- real: Engine speed [1/min]
    point.rpm,
    -- real: Lateral acceleration, gravity included [m/s²]
    point.lat_accel_mps2,
    -- real: Longitudinal acceleration, gravity included [m/s²]
    point.long_accel_mps2,
    -- real: Yaw rate, positive to the left [rad/s]
    point.yaw_rate_radps,
    -- real: Yaw, from -π to π [rad]
    point.yaw_rad,
    -- boolean: Whether the ABS reduces brake pressure
    point.abs_active,
    -- real: Altitude [m]
    point.altitude_m,
    -- real: Surface temperature of the left front tyre, mean of its three thirds [°C]
    point.lf_temp_c,
    -- real: Ride height at the left front wheel [m]
    point.lf_ride_height_m,
    -- real: Surface temperature of the right front tyre, mean of its three thirds [°C]
    point.rf_temp_c,
    -- real: Ride height at the right front wheel [m]
    point.rf_ride_height_m,
    -- real: Surface temperature of the left rear tyre, mean of its three thirds [°C]
    point.lr_temp_c,
    -- real: Ride height at the left rear wheel [m]
    point.lr_ride_height_m,
    -- real: Surface temperature of the right rear tyre, mean of its three thirds [°C]
    point.rr_temp_c,
    -- real: Ride height at the right rear wheel [m]
    point.rr_ride_height_m,
    -- double precision: Latitude [°]
    trace.origin_latitude_deg + point.north_m / 111195.08 AS latitude_deg,
    -- racing.track.longitude_deg
    trace.origin_longitude_deg + point.east_m / (111195.08 * cosd(trace.origin_latitude_deg))
        AS longitude_deg
FROM racing.lap_trace AS trace
CROSS JOIN LATERAL unnest(trace.elapsed_s, trace.east_m, trace.north_m, trace.speed_mps,
        trace.throttle, trace.brake, trace.clutch, trace.steering_rad, trace.gear, trace.rpm,
        trace.lat_accel_mps2, trace.long_accel_mps2, trace.yaw_rate_radps, trace.yaw_rad,
        trace.abs_active, trace.altitude_m, trace.lf_temp_c, trace.lf_ride_height_m,
        trace.rf_temp_c, trace.rf_ride_height_m, trace.lr_temp_c, trace.lr_ride_height_m,
        trace.rr_temp_c, trace.rr_ride_height_m) WITH ORDINALITY AS point(elapsed_s, east_m,
        north_m, speed_mps, throttle, brake, clutch, steering_rad, gear, rpm, lat_accel_mps2,
        long_accel_mps2, yaw_rate_radps, yaw_rad, abs_active, altitude_m, lf_temp_c,
        lf_ride_height_m, rf_temp_c, rf_ride_height_m, lr_temp_c, lr_ride_height_m, rr_temp_c,
        rr_ride_height_m, number);
