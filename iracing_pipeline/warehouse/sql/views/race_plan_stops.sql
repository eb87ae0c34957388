-- racing.race_plan_stop
CREATE OR REPLACE VIEW grafana.race_plan_stops AS
SELECT
    stop.car_id, stop.track_id, stop.race, stop.stops, stop.stop, stop.after_lap,
    stop.window_first_lap, stop.window_last_lap, stop.fuel_added_l, stop.standing_s, plan.rank,
    place.car_name, place.track_name, place.track_config, place.power_source,
    place.energy_deployed_median_kwh, place.build_season
FROM racing.race_plan_stop AS stop
JOIN racing.race_plan AS plan USING (car_id, track_id, race, stops)
JOIN racing.car_track AS place USING (car_id, track_id);
