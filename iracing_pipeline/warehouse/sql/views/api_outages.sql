-- ops.api_outage
CREATE OR REPLACE VIEW grafana.api_outages AS
SELECT
    entry.endpoint, entry.since, entry.failures, entry.probe_at, entry.reason
FROM ops.api_outage AS entry;
