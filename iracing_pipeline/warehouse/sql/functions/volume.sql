-- Litres or US gallons. Units: metric or imperial.
CREATE OR REPLACE FUNCTION grafana.volume(litres double precision, units text) RETURNS double
    precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT CASE units WHEN 'imperial' THEN litres / 3.785411784 ELSE litres END
$sql$;
