-- ops.item_issue
CREATE OR REPLACE VIEW grafana.item_issues AS
SELECT
    entry.source, entry.item, entry.location, entry.field, entry.problem, entry.detail, entry.rows,
    entry.noted_at
FROM ops.item_issue AS entry;
