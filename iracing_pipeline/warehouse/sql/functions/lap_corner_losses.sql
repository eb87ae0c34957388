-- What a lap loses (above 0) or gains on a reference lap, corner by corner; the losses of a lap add
-- up to the difference of the lap times. A corner counts from the fastest point of the reference
-- before it, so with its braking, to that of the next corner; corner 0 is what lies between the
-- line and the first. Brake points, in m from the line, are where the first braking of a corner
-- passed 5 % of the pedal, which may be before the corner counts; speeds are in m/s.
CREATE OR REPLACE FUNCTION grafana.lap_corner_losses(reference text, lap text) RETURNS TABLE
    (corner smallint, begins_m double precision, loss_s double precision, min_speed_mps real,
        reference_min_speed_mps real, brake_point_m double precision, reference_brake_point_m
        double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $sql$
WITH base AS MATERIALIZED (
    SELECT * FROM grafana.lap_points(reference)
),
pedal AS (
    SELECT base.point, base.distance_m, other.elapsed_s - base.elapsed_s AS delta_s,
        base.speed_mps AS reference_speed_mps, base.brake > 0.05 AS reference_on,
        lag(base.brake > 0.05) OVER along AS reference_was_on,
        other.speed_mps, other.brake > 0.05 AS is_on, lag(other.brake > 0.05) OVER along AS was_on
    FROM base JOIN grafana.lap_points(lap) AS other USING (track_id, point)
    WINDOW along AS (ORDER BY base.point)
),
driven AS MATERIALIZED (
    SELECT *,
        max(distance_m) FILTER (WHERE is_on AND was_on IS NOT TRUE) OVER along AS on_from_m,
        max(distance_m) FILTER (WHERE reference_on AND reference_was_on IS NOT TRUE) OVER along
            AS reference_on_from_m
    FROM pedal
    WINDOW along AS (ORDER BY point)
),
corner AS (
    SELECT map.corner, coalesce(
        (SELECT base.distance_m FROM base
            WHERE base.distance_m BETWEEN map.previous_end_m AND map.start_m
            ORDER BY base.speed_mps DESC NULLS LAST, base.distance_m DESC LIMIT 1),
        map.start_m) AS begins_m
    FROM (
        SELECT corners.corner, corners.start_m,
            lag(corners.end_m, 1, 0) OVER (ORDER BY corners.start_m) AS previous_end_m
        FROM grafana.corners WHERE corners.track_id = (SELECT base.track_id FROM base LIMIT 1)
    ) AS map
),
stretch AS (
    SELECT known.corner, known.begins_m,
        lead(known.begins_m, 1, 'infinity') OVER (ORDER BY known.begins_m) AS ends_m
    FROM (SELECT 0::smallint, 0::double precision UNION ALL TABLE corner)
        AS known(corner, begins_m)
),
told AS (
    SELECT stretch.corner, stretch.begins_m,
        (array_agg(driven.delta_s ORDER BY driven.point DESC))[1] AS behind_s,
        min(driven.speed_mps) AS min_speed_mps,
        min(driven.reference_speed_mps) AS reference_min_speed_mps,
        min(driven.on_from_m) FILTER (WHERE driven.is_on AND driven.distance_m < stretch.ends_m)
            AS brake_point_m,
        min(driven.reference_on_from_m)
            FILTER (WHERE driven.reference_on AND driven.distance_m < stretch.ends_m)
            AS reference_brake_point_m
    FROM stretch JOIN driven ON driven.distance_m > stretch.begins_m
        AND driven.distance_m <= stretch.ends_m
    GROUP BY stretch.corner, stretch.begins_m
)
SELECT told.corner, told.begins_m,
    told.behind_s - lag(told.behind_s, 1, 0) OVER (ORDER BY told.begins_m),
    told.min_speed_mps, told.reference_min_speed_mps, told.brake_point_m,
    told.reference_brake_point_m
FROM told
$sql$;
