-- What laps of one condition burn, and take from the battery, with one car on one track, over all
-- sessions.
CREATE OR REPLACE VIEW grafana.fuel_use AS
SELECT
    -- racing.telemetry_session.*
    usage.car_id, usage.track_id, usage.car_name, usage.track_name, usage.track_config,
    -- text: clean, wet or caution
    usage.condition,
    -- integer: Laps behind it
    usage.laps::integer AS lap_count,
    -- double precision: Median [l]
    usage.litres[1] AS fuel_median_l,
    -- double precision: 65th percentile [l]
    usage.litres[2] AS fuel_p65_l,
    -- double precision: 90th percentile [l]
    usage.litres[3] AS fuel_p90_l,
    -- double precision: Median that the battery lost [kWh]
    usage.used AS energy_median_kwh,
    -- double precision: Median from the battery to the MGU-K [kWh]
    usage.deployed AS energy_deployed_median_kwh
FROM (SELECT session.car_id, session.track_id, session.car_name, session.track_name,
        session.track_config, fuel.condition, count(*) AS laps, percentile_cont(ARRAY[0.5, 0.65,
            0.9]) WITHIN GROUP (ORDER BY fuel.fuel_used_l) AS litres, percentile_cont(0.5) WITHIN
        GROUP (ORDER BY fuel.energy_used_kwh) AS used, percentile_cont(0.5) WITHIN GROUP (ORDER
            BY fuel.energy_deployed_kwh) AS deployed
    FROM racing.fuel_lap AS fuel
    JOIN racing.telemetry_session AS session USING (session_key)
    WHERE fuel.condition <> 'other' AND coalesce(fuel.fuel_used_l, fuel.energy_used_kwh) IS NOT
        NULL
    GROUP BY 1, 2, 3, 4, 5, 6
    HAVING count(*) >= 3) AS usage;
