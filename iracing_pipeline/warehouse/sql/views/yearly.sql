-- racing.yearly
CREATE OR REPLACE VIEW grafana.yearly AS
SELECT
    yearly.cust_id, yearly.category_id, yearly.year, yearly.starts, yearly.wins, yearly.top5,
    yearly.poles, yearly.laps, yearly.laps_led, yearly.average_start, yearly.average_finish,
    yearly.average_incidents, yearly.average_points,
    -- text: Name of the category
    coalesce(category.name, CASE yearly.category_id WHEN 1 THEN 'Oval' WHEN 2 THEN 'Road' WHEN 3 THEN
            'Dirt Oval' WHEN 4 THEN 'Dirt Road' WHEN 5 THEN 'Sports Car' WHEN 6 THEN
            'Formula Car' END) AS category
FROM racing.yearly AS yearly
LEFT JOIN racing.category AS category ON category.category_id = yearly.category_id;
