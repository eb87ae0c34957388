-- The text that names a lap in the functions of this schema.
CREATE OR REPLACE FUNCTION grafana.lap_id(session_key text, stint integer, lap_number integer)
    RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT session_key || ':' || stint || ':' || lap_number
$sql$;
