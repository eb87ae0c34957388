-- One corner of a track configuration, by the newest version of its map.
CREATE OR REPLACE VIEW grafana.corners AS
SELECT
    corner.track_id, corner.version, corner.corner, corner.start_pct, corner.apex_pct,
    corner.end_pct, corner.start_m, corner.apex_m, corner.end_m, corner.direction, corner.turn_rad,
    corner.radius_m, corner.lap_count, corner.clean, corner.session_key
FROM racing.corner_map AS corner
JOIN (SELECT track_id, max(version) AS version
    FROM racing.corner_map
    GROUP BY track_id) AS newest USING (track_id, version);
