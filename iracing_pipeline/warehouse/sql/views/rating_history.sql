-- racing.rating_history
CREATE OR REPLACE VIEW grafana.rating_history AS
SELECT
    -- racing.rating_history.*
    rating.cust_id, rating.category_id, rating.observed_at, rating.source,
    rating.recorded_category_id, rating.irating, rating.licence_class, rating.safety_rating,
    rating.cpi, rating.tt_rating, rating.subsession_id, rating.irating_change,
    rating.safety_rating_change,
    -- text: Name of the category
    coalesce(category.name, CASE rating.category_id WHEN 1 THEN 'Oval' WHEN 2 THEN 'Road' WHEN 3 THEN
            'Dirt Oval' WHEN 4 THEN 'Dirt Road' WHEN 5 THEN 'Sports Car' WHEN 6 THEN
            'Formula Car' END) AS category,
    -- boolean: Whether it is a point of the category's one line: results; before the first of
    -- these charts, after the last what was seen last
    CASE WHEN rating.first_result IS NOT NULL THEN rating.source = 'result' OR (rating.observed_at <
            rating.first_result AND (rating.source = 'chart' OR rating.last_chart IS NULL)) OR
        (rating.observed_at > rating.last_result AND rating.source IN ('member', 'ibt')) WHEN
        rating.last_chart IS NOT NULL THEN rating.source = 'chart' OR rating.observed_at >
        rating.last_chart ELSE true END AS in_line,
    subsession.series_name, subsession.track_name
FROM (SELECT *, min(observed_at) FILTER (WHERE source = 'result') OVER one AS first_result,
        max(observed_at) FILTER (WHERE source = 'result') OVER one AS last_result,
        max(observed_at) FILTER (WHERE source = 'chart') OVER one AS last_chart
    FROM racing.rating_history WINDOW one AS (PARTITION BY cust_id, category_id)) AS rating
LEFT JOIN racing.category AS category ON category.category_id = rating.category_id
LEFT JOIN racing.subsession AS subsession ON subsession.subsession_id = rating.subsession_id;
