-- ops.load_audit
CREATE OR REPLACE VIEW grafana.load_audit AS
SELECT
    entry.id, entry.table_name, entry.partition_key, entry.run_id, entry.started_at,
    entry.finished_at, entry.rows_inserted, entry.rows_updated, entry.rows_deleted, entry.seconds,
    entry.bytes, entry.code_version
FROM ops.load_audit AS entry;
