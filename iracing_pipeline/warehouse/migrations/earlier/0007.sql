-- Documents that iRacing did not give, seasons read, outages; refusals are asked again.

ALTER TABLE raw.subsession_fetch
    DROP CONSTRAINT subsession_fetch_status_check,
    ADD CONSTRAINT subsession_fetch_status_check CHECK (status IN (
        'pending', 'ok', 'partial', 'retry', 'refused', 'forbidden', 'missing', 'rejected',
        'dismissed'));

-- A single 403 or 404 was taken for final until now.
UPDATE raw.subsession_fetch
SET status = 'pending', attempts = 0, retry_after = NULL, note = NULL, fetched_at = NULL,
    settled = false
WHERE status IN ('forbidden', 'missing', 'retry');

CREATE TABLE raw.document_fetch (
    kind        text NOT NULL,
    item        text NOT NULL,
    part        integer NOT NULL,
    meaning     text NOT NULL,
    answer      text NOT NULL,
    note        text,
    attempts    integer NOT NULL CHECK (attempts >= 0),
    first_at    timestamptz,
    last_at     timestamptz,
    retry_after timestamptz,
    final       boolean NOT NULL,
    PRIMARY KEY (kind, item, part)
);

CREATE TABLE raw.season_fetch (
    season      text NOT NULL,
    searched_at timestamptz,
    read_at     timestamptz,
    final       boolean NOT NULL DEFAULT false,
    calls       bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    note        text,
    PRIMARY KEY (season)
);

CREATE TABLE ops.api_outage (
    endpoint text NOT NULL,
    since    timestamptz NOT NULL,
    failures integer NOT NULL CHECK (failures > 0),
    probe_at timestamptz NOT NULL,
    reason   text NOT NULL,
    PRIMARY KEY (endpoint)
);

CREATE INDEX document_fetch_item ON raw.document_fetch (item);
