-- A lap time as m:ss.SSS, in no time zone.
CREATE OR REPLACE FUNCTION grafana.lap_time(seconds double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT div(ms, 60000)::text || ':' || to_char(mod(ms, 60000) / 1000, 'FM00.000')
FROM (SELECT round((seconds * 1000)::numeric) AS ms) AS rounded
WHERE seconds >= 0
$sql$;
