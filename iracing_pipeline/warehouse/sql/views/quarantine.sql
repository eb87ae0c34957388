-- ops.quarantine
CREATE OR REPLACE VIEW grafana.quarantine AS
SELECT
    entry.id, entry.source, entry.item, entry.fingerprint, entry.file_name, entry.size_bytes,
    entry.modified_at, entry.reason, entry.advice, entry.error_type, entry.first_at, entry.last_at,
    entry.occurrences, entry.resolved_at
FROM ops.quarantine AS entry;
