-- ops.result_file
CREATE OR REPLACE VIEW grafana.result_files AS
SELECT
    entry.path, entry.size_bytes, entry.modified_at, entry.state, entry.subsessions,
    entry.loaded_at, entry.attempts, entry.retry_at, entry.first_modified_at
FROM ops.result_file AS entry;
