-- ops.metric_history
CREATE OR REPLACE VIEW grafana.metric_deliveries AS
SELECT
    entry.session_key, entry.destination, entry.selection, entry.record_count, entry.state,
    entry.accepted, entry.refused, entry.waiting, entry.refused_for, entry.first_sample_at,
    entry.last_sample_at, entry.attempts, entry.tried_at, entry.retry_at, entry.seconds, entry.note
FROM ops.metric_history AS entry;
