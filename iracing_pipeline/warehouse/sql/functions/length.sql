-- A length in m or ft. Units: metric or imperial.
CREATE OR REPLACE FUNCTION grafana.length(metres double precision, units text) RETURNS double
    precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT CASE units WHEN 'imperial' THEN metres / 0.3048 ELSE metres END
$sql$;
