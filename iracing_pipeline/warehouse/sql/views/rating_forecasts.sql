-- racing.rating_forecast
CREATE OR REPLACE VIEW grafana.rating_forecasts AS
SELECT
    forecast.cust_id, forecast.category_id, forecast.rating, forecast.races, forecast.value,
    forecast.low, forecast.high, forecast.present, forecast.present_at, forecast.licence_class,
    forecast.change_per_race, forecast.change_low, forecast.change_high, forecast.race_count,
    forecast.basis,
    -- text: Name of the category
    coalesce(category.name, CASE forecast.category_id WHEN 1 THEN 'Oval' WHEN 2 THEN 'Road' WHEN 3
            THEN 'Dirt Oval' WHEN 4 THEN 'Dirt Road' WHEN 5 THEN 'Sports Car' WHEN 6 THEN
            'Formula Car' END) AS category
FROM racing.rating_forecast AS forecast
LEFT JOIN racing.category AS category ON category.category_id = forecast.category_id;
