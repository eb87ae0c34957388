-- racing.rating_target
CREATE OR REPLACE VIEW grafana.rating_targets AS
SELECT
    target.cust_id, target.category_id, target.races, target.licence_class, target.safety_rating,
    target.target_safety_rating, target.corners_per_incident, target.usual_corners_per_incident,
    target.break_even_corners_per_incident, target.cleanest_corners_per_incident,
    target.change_per_doubling, target.change_per_doubling_low, target.change_per_doubling_high,
    target.race_count, target.note,
    -- text: Name of the category
    coalesce(category.name, CASE target.category_id WHEN 1 THEN 'Oval' WHEN 2 THEN 'Road' WHEN 3 THEN
            'Dirt Oval' WHEN 4 THEN 'Dirt Road' WHEN 5 THEN 'Sports Car' WHEN 6 THEN
            'Formula Car' END) AS category
FROM racing.rating_target AS target
LEFT JOIN racing.category AS category ON category.category_id = target.category_id;
