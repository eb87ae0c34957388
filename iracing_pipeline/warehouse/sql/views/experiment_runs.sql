-- racing.experiment_run
CREATE OR REPLACE VIEW grafana.experiment_runs AS
SELECT
    run.name, run.run, run.variant, run.session_key, run.stint, run.start_time, run.clean_lap_count,
    run.mean_lap_time_s
FROM racing.experiment_run AS run;
