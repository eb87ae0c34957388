-- racing.irating_outcome: Name the subsession in the query.
CREATE OR REPLACE VIEW grafana.irating_outcome AS
SELECT
    outcome.subsession_id, outcome.simsession_number, outcome.group_id, outcome.cust_id,
    outcome.car_class_id, outcome.place_in_class, outcome.finished_here, outcome.irating_change,
    outcome.official_change, outcome.place_value, outcome.irating_before, outcome.car_rating,
    outcome.expected_score, outcome.entry_count, outcome.lap_share, outcome.completed, outcome.note,
    result.display_name, result.car_number,
    -- boolean: Whether it is a member of whom there is telemetry here
    coalesce(outcome.cust_id IN (SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL), false) AS own
FROM racing.irating_outcome AS outcome
LEFT JOIN racing.result AS result ON result.subsession_id = outcome.subsession_id AND
    result.simsession_number = outcome.simsession_number AND result.group_id = outcome.group_id
    AND result.kind <> 'team_driver';
