-- ops.api_request
CREATE OR REPLACE VIEW grafana.api_requests AS
SELECT
    entry.endpoint, entry.status, entry.requests, entry.last_at
FROM ops.api_request AS entry;
