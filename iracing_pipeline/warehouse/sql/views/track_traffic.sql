-- What a lap behind another car adds on a track, by class and gap, over all races there: the mean
-- weighted by the inverse of the squared error.
CREATE OR REPLACE VIEW grafana.track_traffic AS
SELECT
    subsession.track_id,
    -- racing.subsession.track_name
    max(subsession.track_name) AS track_name,
    -- racing.subsession.track_config
    max(subsession.track_config) AS track_config,
    effect.car_class_id, effect.gap_low_s, effect.gap_high_s,
    -- double precision: What a lap takes more [s/lap]
    (sum(effect.effect_s_per_lap / ((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) /
                    3.919928) ^ 2) / sum(1 / ((effect.effect_high_s_per_lap -
                        effect.effect_low_s_per_lap) / 3.919928) ^ 2)) AS effect_s_per_lap,
    -- double precision: Lower end of its 95 % interval [s/lap]
    (sum(effect.effect_s_per_lap / ((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) /
                    3.919928) ^ 2) / sum(1 / ((effect.effect_high_s_per_lap -
                        effect.effect_low_s_per_lap) / 3.919928) ^ 2)) - 1.959964 / sqrt(sum(1 /
                ((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) / 3.919928) ^ 2))
        AS effect_low_s_per_lap,
    -- double precision: Upper end of its 95 % interval [s/lap]
    (sum(effect.effect_s_per_lap / ((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) /
                    3.919928) ^ 2) / sum(1 / ((effect.effect_high_s_per_lap -
                        effect.effect_low_s_per_lap) / 3.919928) ^ 2)) + 1.959964 / sqrt(sum(1 /
                ((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) / 3.919928) ^ 2))
        AS effect_high_s_per_lap,
    -- bigint: Laps behind a car
    sum(effect.lap_count) AS lap_count,
    -- bigint: Races
    count(*) AS race_count
FROM racing.traffic_effect AS effect
JOIN racing.subsession AS subsession USING (subsession_id)
WHERE ((effect.effect_high_s_per_lap - effect.effect_low_s_per_lap) / 3.919928) > 0
GROUP BY subsession.track_id, effect.car_class_id, effect.gap_low_s, effect.gap_high_s;
