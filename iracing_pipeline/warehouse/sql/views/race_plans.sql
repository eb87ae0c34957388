-- racing.race_plan
CREATE OR REPLACE VIEW grafana.race_plans AS
SELECT
    plan.car_id, plan.track_id, plan.race, plan.stops, plan.rank, plan.laps, plan.stint_laps,
    plan.fuel_start_l, plan.total_s, plan.behind_s, plan.best_share, plan.median_s, plan.low_s,
    plan.high_s, plan.simulated_races, plan.base_lap_s, plan.fuel_per_lap_l, plan.tank_l,
    plan.reserve_l, plan.pit_loss_s, plan.refuel_lps, plan.tyre_change_s, plan.fuel_effect_s_per_l,
    plan.degradation_s_per_lap, plan.lap_spread_s, plan.caution_chance, plan.clean_lap_count,
    plan.fuel_lap_count, plan.pit_stop_count, plan.degradation_lap_count, plan.unknown,
    length.race_time_s, length.laps_most, length.driven, place.car_name, place.track_name,
    place.track_config, place.power_source, place.energy_deployed_median_kwh, place.build_season
FROM racing.race_plan AS plan
JOIN racing.race_length AS length USING (car_id, track_id, race)
JOIN racing.car_track AS place USING (car_id, track_id);
