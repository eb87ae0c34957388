-- One setting of the setup that one session was driven on. Name the session in the query.
CREATE OR REPLACE VIEW grafana.setup_settings AS
SELECT
    session.session_key,
    -- text: Path of the setting in the CarSetup tree
    leaf.path AS setting,
    -- text: Its value, with its unit
    leaf.text AS value,
    -- double precision: The value as a number, in the unit that it is written
    substring(leaf.text FROM '^([+-]?\d+(?:\.\d+)?) ?[^\d,:/]*$')::double precision AS number,
    -- boolean: Whether the tyres read it, and nobody chose it
    leaf.path ~ '(UpdateCount|LastHotPressure|LastTempsOMI|LastTempsIMO|TreadRemaining)$'
        AS reading,
    session.start_time, session.simsession_type, session.track_id, session.track_name,
    session.track_config, session.car_id, session.car_name, session.cust_id,
    -- racing.telemetry_session.driver_name
    coalesce(session.driver_name, (SELECT member.display_name
            FROM racing.member AS member
            WHERE member.cust_id = session.cust_id)) AS driver_name,
    session.setup_name
FROM racing.telemetry_session AS session
CROSS JOIN LATERAL (WITH RECURSIVE tree(path, node) AS (SELECT branch.key, branch.value
        FROM jsonb_each(session.setup) AS branch
        UNION ALL
        SELECT tree.path || '.' || branch.key, branch.value
        FROM tree
        CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(tree.node) WHEN 'object' THEN tree.node
                END) AS branch)
    SELECT path, node #>> '{}' AS text
    FROM tree
    WHERE jsonb_typeof(node) NOT IN ('object', 'null')) AS leaf;
