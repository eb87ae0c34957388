-- ops.api_state
CREATE OR REPLACE VIEW grafana.api_quota AS
SELECT
    entry.client, entry.quota_limit, entry.quota_remaining, entry.quota_at, entry.token_expires_at
FROM ops.api_state AS entry;
