-- One entry of a simsession's log, or one thing that a lap was flagged with: an off track, a
-- contact, a stop in the pits. Name the subsession in the query.
CREATE OR REPLACE VIEW grafana.race_events AS
SELECT
    -- racing.subsession.*
    event.subsession_id,
    -- racing.simsession.simsession_number
    event.simsession_number,
    -- racing.session_event.session_time_s
    event.session_time_s,
    -- racing.session_event.lap_number
    event.lap_number,
    -- racing.session_event.group_id
    event.group_id,
    -- racing.session_event.cust_id
    event.cust_id,
    -- racing.session_event.display_name
    event.display_name,
    -- text: What it is
    event.event,
    -- racing.session_event.message
    event.message,
    -- text: log (of race control), or lap (the lap's flags)
    event.source,
    -- boolean: Whether it is a member of whom there are ratings or telemetry here
    coalesce(event.cust_id IN (SELECT cust_id
            FROM racing.own_member
            UNION
            SELECT cust_id
            FROM racing.rating_history
            UNION
            SELECT cust_id
            FROM racing.telemetry_session
            WHERE cust_id IS NOT NULL), false) AS own
FROM (SELECT subsession_id, simsession_number, session_time_s, lap_number, group_id, cust_id,
        display_name, description AS event, message, 'log' AS source
    FROM racing.session_event
    UNION ALL
    SELECT lap.subsession_id, lap.simsession_number, lap.session_time_s, lap.lap_number,
        lap.group_id, lap.cust_id, result.display_name, flagged.event, NULL, 'lap'
    FROM racing.lap AS lap
    CROSS JOIN LATERAL unnest(lap.events) AS flagged(event)
    LEFT JOIN racing.result AS result ON result.subsession_id = lap.subsession_id AND
        result.simsession_number = lap.simsession_number AND result.group_id = lap.group_id AND
        result.kind <> 'team_driver') AS event;
