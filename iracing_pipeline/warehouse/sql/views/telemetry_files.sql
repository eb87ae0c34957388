-- ops.telemetry_file
CREATE OR REPLACE VIEW grafana.telemetry_files AS
SELECT
    entry.path, entry.file_name, entry.size_bytes, entry.modified_at, entry.session_key,
    entry.state, entry.unchanged_since, entry.first_seen_at, entry.last_seen_at, entry.record_count,
    entry.note, entry.requested_at, entry.attempts
FROM ops.telemetry_file AS entry;
