-- racing.fuel_saving
CREATE OR REPLACE VIEW grafana.fuel_savings AS
SELECT
    saving.car_id, saving.track_id, saving.laps, saving.fuel_per_lap_l, saving.saving,
    saving.tank_l, saving.usual_fuel_per_lap_l, saving.fuel_lap_count, place.car_name,
    place.track_name, place.track_config, place.power_source, place.energy_deployed_median_kwh,
    place.build_season
FROM racing.fuel_saving AS saving JOIN racing.car_track AS place USING (car_id, track_id);
