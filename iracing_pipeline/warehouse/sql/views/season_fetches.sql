-- raw.season_fetch
CREATE OR REPLACE VIEW grafana.season_fetches AS
SELECT
    entry.season, entry.searched_at, entry.read_at, entry.final, entry.calls, entry.note
FROM raw.season_fetch AS entry;
