-- The version that loaded a row, the digests of sessions, and forecasts from fields of races.

ALTER TABLE ops.load_audit ADD COLUMN code_version text;

CREATE TABLE ops.session_digest (
    session_key text NOT NULL REFERENCES racing.telemetry_session ON DELETE CASCADE,
    state       text NOT NULL,
    attempts    integer NOT NULL,
    tried_at    timestamptz NOT NULL,
    note        text,
    PRIMARY KEY (session_key)
);

ALTER TABLE racing.rating_forecast
    DROP CONSTRAINT rating_forecast_basis_check,
    ADD CONSTRAINT rating_forecast_basis_check
        CHECK (basis IN ('results', 'observations', 'fields'));
