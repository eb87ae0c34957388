-- One experiment, what is driven next, and what its last look says.
CREATE OR REPLACE VIEW grafana.experiments AS
SELECT
    experiment.name, experiment.a, experiment.b, experiment.plan, experiment.laps_per_run,
    experiment.cust_id, experiment.car_id, experiment.track_id,
    -- racing.experiment.driver_name
    coalesce(experiment.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = experiment.cust_id)) AS driver_name,
    experiment.car_name, experiment.track_name, experiment.lap_spread_s, experiment.started_at,
    experiment.ended_at,
    -- integer: Runs of the plan
    cardinality(experiment.plan) AS planned_runs,
    -- integer: Runs with clean laps so far
    runs.driven AS driven_runs,
    -- text: A or B: what is driven next; null when done
    CASE WHEN experiment.ended_at IS NULL THEN experiment.plan[runs.driven + 1] END AS next_variant,
    -- racing.experiment_look.*
    look.block, look.difference_s, look.low_s, look.high_s, look.faster, look.lap_count, look.lap_s,
    look.block_spread_s, look.laps_needed
FROM racing.experiment AS experiment
CROSS JOIN LATERAL (SELECT count(*)::integer AS driven
    FROM racing.experiment_run AS run
    WHERE run.name = experiment.name) AS runs
LEFT JOIN LATERAL (SELECT *
    FROM racing.experiment_look AS shown
    WHERE shown.name = experiment.name
    ORDER BY shown.block DESC
    LIMIT 1) AS look ON true;
