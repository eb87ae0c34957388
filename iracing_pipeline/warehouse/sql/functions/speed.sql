-- A speed in km/h or mph. Units: metric or imperial.
CREATE OR REPLACE FUNCTION grafana.speed(mps double precision, units text) RETURNS double
    precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT CASE units WHEN 'imperial' THEN mps / 0.44704 ELSE mps * 3.6 END
$sql$;
