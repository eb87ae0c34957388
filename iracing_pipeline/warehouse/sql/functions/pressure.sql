-- A pressure in kPa or psi. Units: metric or imperial.
CREATE OR REPLACE FUNCTION grafana.pressure(kpa double precision, units text) RETURNS double
    precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $sql$
SELECT CASE units WHEN 'imperial' THEN kpa / 6.894757293 ELSE kpa END
$sql$;
