-- racing.penalty_ladder
CREATE OR REPLACE VIEW grafana.penalty_ladder AS
SELECT
    ladder.session_key, ladder.step, ladder.penalty, ladder.at_points, ladder.points,
    ladder.points_left, session.subsession_id, session.simsession_type, session.start_time
FROM racing.penalty_ladder AS ladder JOIN racing.telemetry_session AS session USING (session_key);
