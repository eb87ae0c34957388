-- racing.race_ledger: Name the subsession in the query.
CREATE OR REPLACE VIEW grafana.race_ledger AS
SELECT
    ledger.subsession_id, ledger.simsession_number, ledger.group_id, ledger.against_group_id,
    ledger.cause, ledger.seconds, ledger.low_s, ledger.high_s, ledger.evidence, ledger.supported,
    ledger.lap_count, ledger.own_s, ledger.own_error_s, ledger.share, ledger.gap_s,
    ledger.lap_number, ledger.laps_down, ledger.official_gap_s, ledger.car_class_id,
    -- smallint: In which order causes are shown, from 1
    (array_position(ARRAY['start', 'pace', 'traffic', 'fade', 'stops', 'mistakes', 'cautions',
                'unexplained'], ledger.cause))::smallint AS cause_number,
    -- double precision: Where the cause begins in a waterfall [s]
    sum(ledger.seconds) OVER (PARTITION BY ledger.subsession_id, ledger.simsession_number,
            ledger.group_id
        ORDER BY array_position(ARRAY['start', 'pace', 'traffic', 'fade', 'stops', 'mistakes',
                'cautions', 'unexplained'], ledger.cause)) - ledger.seconds AS from_s,
    -- double precision: Where it ends: the gap after the last one [s]
    sum(ledger.seconds) OVER (PARTITION BY ledger.subsession_id, ledger.simsession_number,
            ledger.group_id
        ORDER BY array_position(ARRAY['start', 'pace', 'traffic', 'fade', 'stops', 'mistakes',
                'cautions', 'unexplained'], ledger.cause)) AS to_s,
    -- text: What shows it
    ledger.evidence ->> 'text' AS text,
    result.cust_id, result.display_name, result.car_number, result.finish_position_in_class,
    -- boolean: Whether it is a member of whom there is telemetry here
    coalesce(result.cust_id IN (SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL), false) AS own
FROM racing.race_ledger AS ledger
LEFT JOIN racing.result AS result ON result.subsession_id = ledger.subsession_id AND
    result.simsession_number = ledger.simsession_number AND result.group_id = ledger.group_id AND
    result.kind <> 'team_driver';
