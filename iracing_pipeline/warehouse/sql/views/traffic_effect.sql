-- racing.traffic_effect
CREATE OR REPLACE VIEW grafana.traffic_effect AS
SELECT
    effect.subsession_id, effect.simsession_number, effect.car_class_id, effect.gap_low_s,
    effect.gap_high_s, effect.effect_s_per_lap, effect.effect_low_s_per_lap,
    effect.effect_high_s_per_lap, effect.lap_count, effect.car_count, subsession.start_time,
    subsession.season, subsession.series_id, subsession.series_name, subsession.race_week_num,
    subsession.category_id, subsession.official, subsession.track_id, subsession.track_name,
    subsession.track_config
FROM racing.traffic_effect AS effect JOIN racing.subsession AS subsession USING (subsession_id);
