-- The fuel that so many laps take, from 1 to 200; name car and track in the query. For races by the
-- clock see grafana.race_lengths.
CREATE OR REPLACE VIEW grafana.fuel_needed AS
SELECT
    place.car_id, place.track_id,
    -- integer: Laps
    laps AS laps,
    -- double precision: Half of the time enough, as laps go [l]
    laps * place.fuel_median_l AS fuel_median_l,
    -- double precision: By the 65th percentile of a lap: what to plan with [l]
    laps * place.fuel_p65_l AS fuel_p65_l,
    -- double precision: By the 90th percentile of a lap: where running dry costs the race [l]
    laps * place.fuel_p90_l AS fuel_p90_l,
    place.tank_l, place.fuel_lap_count, place.car_name, place.track_name, place.track_config,
    place.power_source,
    -- double precision: What the battery of a hybrid gives to the motor over these laps [kWh]
    laps * place.energy_deployed_median_kwh AS energy_deployed_kwh
FROM racing.car_track AS place
CROSS JOIN generate_series(1, 200) AS laps
WHERE place.fuel_median_l IS NOT NULL;
