-- raw.subsession_fetch
CREATE OR REPLACE VIEW grafana.subsession_fetches AS
SELECT
    entry.subsession_id, entry.season, entry.end_time, entry.status, entry.attempts,
    entry.retry_after, entry.note, entry.fetched_at, entry.settled
FROM raw.subsession_fetch AS entry;
