-- racing.career
CREATE OR REPLACE VIEW grafana.career AS
SELECT
    career.cust_id, career.category_id, career.starts, career.wins, career.top5, career.poles,
    career.laps, career.laps_led, career.average_start, career.average_finish,
    career.average_incidents, career.average_points,
    -- text: Name of the category
    coalesce(category.name, CASE career.category_id WHEN 1 THEN 'Oval' WHEN 2 THEN 'Road' WHEN 3 THEN
            'Dirt Oval' WHEN 4 THEN 'Dirt Road' WHEN 5 THEN 'Sports Car' WHEN 6 THEN
            'Formula Car' END) AS category
FROM racing.career AS career
LEFT JOIN racing.category AS category ON category.category_id = career.category_id;
