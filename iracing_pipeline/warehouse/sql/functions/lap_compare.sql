-- Laps against a reference lap of the same track, point by point: at is the reference-lap clock,
-- slot A the reference and B, C, ... the others in the order given, delta_s what the lap is behind
-- (above 0) or ahead of the reference there. Laps of other tracks are left out.
CREATE OR REPLACE FUNCTION grafana.lap_compare(reference text, laps text[]) RETURNS TABLE (at
        timestamptz, slot text, delta_s double precision, point integer, distance_m double
        precision, elapsed_s double precision, speed_mps real, throttle real, brake real, clutch
        real, steering_rad real, gear smallint, rpm real, lat_accel_mps2 real, long_accel_mps2
        real, latitude_deg double precision, longitude_deg double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $sql$
SELECT grafana.lap_clock(base.elapsed_s), chr(64 + number::integer),
    lap.elapsed_s - base.elapsed_s, lap.point, lap.distance_m, lap.elapsed_s, lap.speed_mps,
    lap.throttle, lap.brake, lap.clutch, lap.steering_rad, lap.gear, lap.rpm, lap.lat_accel_mps2,
    lap.long_accel_mps2, lap.latitude_deg, lap.longitude_deg
FROM grafana.lap_points(reference) AS base
CROSS JOIN LATERAL unnest(reference || laps) WITH ORDINALITY AS chosen(name, number)
JOIN LATERAL (
    SELECT * FROM grafana.lap_points(chosen.name)
) AS lap USING (track_id, point)
$sql$;
