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
WITH point AS MATERIALIZED (
    SELECT base.track_id, one.*, (one.place - 1) * base.length_m / base.interval_count AS distance_m
    FROM grafana.lap_arrays(reference) AS base
    JOIN grafana.lap_arrays(lap) AS other ON other.track_id = base.track_id
    CROSS JOIN LATERAL unnest(base.elapsed_s, base.speed_mps, base.brake, other.elapsed_s,
        other.speed_mps, other.brake) WITH ORDINALITY AS one(base_s, reference_speed_mps,
        reference_brake, elapsed_s, speed_mps, brake, place)
    WHERE one.base_s IS NOT NULL AND one.elapsed_s IS NOT NULL
),
pedal AS (
    SELECT place AS point, distance_m, elapsed_s - base_s AS delta_s,
        reference_speed_mps, reference_brake > 0.05 AS reference_on,
        lag(reference_brake > 0.05) OVER along AS reference_was_on,
        speed_mps, brake > 0.05 AS is_on, lag(brake > 0.05) OVER along AS was_on
    FROM point
    WINDOW along AS (ORDER BY place)
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
        (SELECT point.distance_m FROM point
            WHERE point.distance_m BETWEEN map.previous_end_m AND map.start_m
            ORDER BY point.reference_speed_mps DESC NULLS LAST, point.distance_m DESC LIMIT 1),
        map.start_m) AS begins_m
    FROM (
        SELECT corners.corner, corners.start_m,
            lag(corners.end_m, 1, 0) OVER (ORDER BY corners.start_m) AS previous_end_m
        FROM grafana.corners WHERE corners.track_id = (SELECT point.track_id FROM point LIMIT 1)
    ) AS map
),
stretch AS (
    SELECT known.corner, known.begins_m,
        lead(known.begins_m, 1, 'infinity') OVER (ORDER BY known.begins_m) AS ends_m
    FROM (SELECT 0::smallint, 0::double precision UNION ALL TABLE corner)
        AS known(corner, begins_m)
),
passed AS (
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
SELECT passed.corner, passed.begins_m,
    passed.behind_s - lag(passed.behind_s, 1, 0) OVER (ORDER BY passed.begins_m),
    passed.min_speed_mps, passed.reference_min_speed_mps, passed.brake_point_m,
    passed.reference_brake_point_m
FROM passed
$sql$;
