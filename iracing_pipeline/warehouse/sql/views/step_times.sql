-- ops.step_time
CREATE OR REPLACE VIEW grafana.step_times AS
SELECT
    entry.id, entry.step, entry.item, entry.run_id, entry.finished_at, entry.seconds
FROM ops.step_time AS entry;
