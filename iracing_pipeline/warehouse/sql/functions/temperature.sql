-- A temperature in °C or °F. Units: metric or imperial.
CREATE OR REPLACE FUNCTION grafana.temperature(celsius double precision, units text) RETURNS
    double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT CASE units WHEN 'imperial' THEN celsius * 1.8 + 32 ELSE celsius END
$sql$;
