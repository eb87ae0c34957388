-- racing.consistency_trend
CREATE OR REPLACE VIEW grafana.consistency_trends AS
SELECT
    trend.car_id, trend.track_id, trend.corner, trend.cust_id, trend.session_count, trend.spread_s,
    trend.trend_s_per_session, trend.trend_low_s_per_session, trend.trend_high_s_per_session,
    place.car_name, place.track_name, place.track_config
FROM racing.consistency_trend AS trend JOIN racing.car_track AS place USING (car_id, track_id);
