-- raw.document_fetch
CREATE OR REPLACE VIEW grafana.missing_documents AS
SELECT
    entry.kind, entry.item, entry.part, entry.meaning, entry.answer, entry.note, entry.attempts,
    entry.first_at, entry.last_at, entry.retry_after, entry.final
FROM raw.document_fetch AS entry;
