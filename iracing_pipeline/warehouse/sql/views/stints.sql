-- racing.stint
CREATE OR REPLACE VIEW grafana.stints AS
SELECT
    stint.session_key, stint.stint, stint.began, stint.ended, stint.start_time,
    stint.start_session_time_s, stint.end_session_time_s, stint.cust_id,
    -- racing.stint.driver_name
    coalesce(stint.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = stint.cust_id)) AS driver_name,
    stint.setup_name, stint.tyre_set, stint.lap_count, stint.timed_lap_count, stint.clean_lap_count,
    stint.distance_m, stint.fuel_start_l, stint.fuel_end_l, stint.fuel_added_l,
    stint.fuel_per_lap_l, stint.pit_stop_s, stint.pit_loss_s, stint.best_lap_time_s,
    stint.mean_lap_time_s, stint.median_lap_time_s, stint.spread_s, stint.pace_trend_s_per_lap,
    stint.pace_trend_low_s_per_lap, stint.pace_trend_high_s_per_lap, stint.trend_lap_count,
    stint.fuel_effect_s_per_l, stint.fuel_effect_low_s_per_l, stint.fuel_effect_high_s_per_l,
    stint.fuel_corrected_pace_s, stint.degradation_s_per_lap, stint.degradation_low_s_per_lap,
    stint.degradation_high_s_per_lap, stint.stationary_s, stint.refuel_s, session.track_id,
    session.simsession_type, session.track_name, session.track_config, session.car_id,
    session.car_name
FROM racing.stint AS stint JOIN racing.telemetry_session AS session USING (session_key);
