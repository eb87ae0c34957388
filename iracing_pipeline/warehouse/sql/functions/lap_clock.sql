-- A time of the reference-lap clock: seconds since the line, from 2000-01-01 00:00 UTC.
CREATE OR REPLACE FUNCTION grafana.lap_clock(elapsed_s double precision) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT to_timestamp(946684800 + elapsed_s)
$sql$;
