-- The grid points of one lap, own or of somebody else; none for a lap without trace.
CREATE OR REPLACE FUNCTION grafana.lap_points(lap text) RETURNS TABLE (track_id integer, point
        integer, distance_m double precision, elapsed_s double precision, speed_mps real,
        throttle real, brake real, clutch real, steering_rad real, gear smallint, rpm real,
        lat_accel_mps2 real, long_accel_mps2 real, latitude_deg double precision, longitude_deg
        double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $sql$
SELECT track_id, point, distance_m, elapsed_s, speed_mps, throttle, brake, clutch, steering_rad,
    gear, rpm, lat_accel_mps2, long_accel_mps2, latitude_deg, longitude_deg
FROM grafana.lap_trace_points
WHERE session_key = split_part(lap, ':', 1)
    AND stint = substring(lap FROM '^[^:]+:([0-9]+):')::integer
    AND lap_number = substring(lap FROM '^[^:]+:[0-9]+:([0-9]+)$')::integer
UNION ALL
SELECT track_id, point, distance_m, elapsed_s, speed_mps, throttle, brake, clutch, steering_rad,
    gear, rpm, lat_accel_mps2, long_accel_mps2, latitude_deg, longitude_deg
FROM grafana.reference_lap_points
WHERE reference_key = substring(lap FROM '^reference:(.*)$')
$sql$;
