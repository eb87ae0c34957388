-- One channel of laps against a reference lap of the same track, point by point: at is the
-- reference-lap clock, distance_m the distance from the line, slot A the reference and B, C, ...
-- the others in the order given. The channel is a column of grafana.lap_arrays(), or delta_s: the
-- time that the lap is behind (above 0) or ahead of the reference. Laps of other tracks, and laps
-- without the channel, are left out.
CREATE OR REPLACE FUNCTION grafana.lap_channel(reference text, laps text[], channel text) RETURNS TABLE
    (at timestamptz, distance_m double precision, slot text, value double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $sql$
-- The channel is chosen before its array is unnested: to unnest all of them takes five times as long.
SELECT grafana.lap_clock(point.base_s),
    (point.place - 1) * base.length_m / base.interval_count, chr(64 + chosen.place::integer),
    CASE channel WHEN 'delta_s' THEN point.value - point.base_s ELSE point.value END
FROM grafana.lap_arrays(reference) AS base
CROSS JOIN LATERAL unnest(reference || laps) WITH ORDINALITY AS chosen(name, place)
JOIN LATERAL (
    SELECT track_id, CASE channel
        WHEN 'delta_s' THEN elapsed_s
        WHEN 'speed_mps' THEN speed_mps::double precision[]
        WHEN 'throttle' THEN throttle::double precision[]
        WHEN 'brake' THEN brake::double precision[]
        WHEN 'clutch' THEN clutch::double precision[]
        WHEN 'steering_rad' THEN steering_rad::double precision[]
        WHEN 'gear' THEN gear::double precision[]
        WHEN 'rpm' THEN rpm::double precision[]
        WHEN 'lat_accel_mps2' THEN lat_accel_mps2::double precision[]
        WHEN 'long_accel_mps2' THEN long_accel_mps2::double precision[]
        END AS points
    FROM grafana.lap_arrays(chosen.name)
) AS lap ON lap.track_id = base.track_id
CROSS JOIN LATERAL unnest(base.elapsed_s, lap.points) WITH ORDINALITY
    AS point(base_s, value, place)
WHERE point.base_s IS NOT NULL AND point.value IS NOT NULL
$sql$;
