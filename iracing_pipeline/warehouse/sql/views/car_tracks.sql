-- racing.car_track
CREATE OR REPLACE VIEW grafana.car_tracks AS
SELECT
    place.car_id, place.track_id, place.car_name, place.track_name, place.track_config,
    place.cust_id,
    -- racing.car_track.driver_name
    coalesce(place.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = place.cust_id)) AS driver_name,
    place.session_count, place.clean_lap_count, place.last_session_at, place.best_lap_time_s,
    place.median_lap_time_s, place.pace_lap_count, place.base_lap_s, place.lap_spread_s,
    place.lap_spread_session_count, place.fuel_median_l, place.fuel_p65_l, place.fuel_p90_l,
    place.fuel_lap_count, place.fuel_effect_s_per_l, place.fuel_effect_low_s_per_l,
    place.fuel_effect_high_s_per_l, place.fuel_effect_lap_count, place.fuel_effect_session_count,
    place.degradation_s_per_lap, place.degradation_low_s_per_lap, place.degradation_high_s_per_lap,
    place.degradation_lap_count, place.degradation_session_count, place.tank_l, place.pit_loss_s,
    place.pit_loss_spread_s, place.pit_stop_count, place.pit_loss_from, place.refuel_lps,
    place.refuel_count, place.tyre_change_s, place.tyre_change_count, place.caution_chance,
    place.caution_race_count, place.unknown, place.build_season, place.other_season_session_count,
    place.power_source, place.energy_median_kwh, place.energy_deployed_median_kwh,
    place.energy_lap_count, place.energy_capacity_kwh
FROM racing.car_track AS place;
