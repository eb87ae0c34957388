-- racing.race_length
CREATE OR REPLACE VIEW grafana.race_lengths AS
SELECT
    length.car_id, length.track_id, length.race, length.race_time_s, length.driven, length.laps,
    length.laps_most, length.fuel_l, length.fuel_most_l, length.fuel_safe_l, length.tank_l,
    length.fewest_stops, length.fuel_lap_count, place.car_name, place.track_name,
    place.track_config, place.power_source, place.energy_deployed_median_kwh, place.build_season
FROM racing.race_length AS length JOIN racing.car_track AS place USING (car_id, track_id);
