-- A lap time in whole milliseconds, rounded as grafana.lap_time rounds: for Grafana's unit
-- time:m:ss.SSS, which cuts what lies below.
CREATE OR REPLACE FUNCTION grafana.lap_ms(seconds double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT round((seconds * 1000)::numeric)::double precision
$sql$;
