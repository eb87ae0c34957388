-- The trace of one lap, own or of somebody else, with a channel to a column; no row for a lap
-- without trace. Only the channels that a query names are read.
CREATE OR REPLACE FUNCTION grafana.lap_arrays(lap text) RETURNS TABLE
    (track_id integer, length_m double precision, interval_count integer, elapsed_s double
        precision[], speed_mps real[], throttle real[], brake real[], clutch real[],
        steering_rad real[], gear smallint[], rpm real[], lat_accel_mps2 real[],
        long_accel_mps2 real[])
LANGUAGE sql STABLE PARALLEL SAFE AS $sql$
SELECT track_id, length_m, interval_count, elapsed_s, speed_mps, throttle, brake, clutch,
    steering_rad, gear, rpm, lat_accel_mps2, long_accel_mps2
FROM grafana.lap_trace_arrays
WHERE session_key = split_part(lap, ':', 1)
    AND stint = substring(lap FROM '^[^:]+:([0-9]+):')::integer
    AND lap_number = substring(lap FROM '^[^:]+:[0-9]+:([0-9]+)$')::integer
UNION ALL
SELECT track_id, length_m, interval_count, elapsed_s, speed_mps, throttle, brake, clutch,
    steering_rad, gear, rpm, lat_accel_mps2, long_accel_mps2
FROM grafana.reference_lap_arrays
WHERE reference_key = substring(lap FROM '^reference:(.*)$')
$sql$;
