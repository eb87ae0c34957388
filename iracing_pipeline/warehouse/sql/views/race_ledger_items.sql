-- One lap, or one stop, that a cause of a car's ledger is made of, against the car's own clean
-- laps. Name the subsession in the query.
CREATE OR REPLACE VIEW grafana.race_ledger_items AS
SELECT
    ledger.subsession_id, ledger.simsession_number, ledger.group_id, ledger.cause,
    -- integer: First lap of it
    (item.shown -> 'laps' ->> 0)::integer AS first_lap,
    -- integer[]: Its laps
    ARRAY(SELECT jsonb_array_elements_text(item.shown -> 'laps')::integer) AS laps,
    -- double precision: What it cost [s]
    (item.shown ->> 'seconds')::double precision AS seconds,
    -- double precision: Lower end of its 95 % interval [s]
    (item.shown ->> 'low_s')::double precision AS low_s,
    -- double precision: Upper end of its 95 % interval [s]
    (item.shown ->> 'high_s')::double precision AS high_s,
    -- text: The evidence
    item.shown ->> 'why' AS why,
    -- smallint: Corner that lost most, where telemetry shows it
    (item.shown ->> 'corner')::smallint AS corner
FROM racing.race_ledger AS ledger
CROSS JOIN LATERAL jsonb_array_elements(ledger.evidence -> 'items') AS item(shown);
