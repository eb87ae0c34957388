-- racing.experiment_look
CREATE OR REPLACE VIEW grafana.experiment_looks AS
SELECT
    look.name, look.block, look.difference_s, look.low_s, look.high_s, look.faster, look.lap_count,
    look.lap_s, look.block_spread_s, look.laps_needed
FROM racing.experiment_look AS look;
