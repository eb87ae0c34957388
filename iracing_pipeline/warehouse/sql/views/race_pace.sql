-- racing.race_pace: Name the subsession in the query.
CREATE OR REPLACE VIEW grafana.race_pace AS
SELECT
    pace.subsession_id, pace.simsession_number, pace.group_id, pace.car_class_id, pace.clean_pace_s,
    pace.clean_pace_low_s, pace.clean_pace_high_s, pace.lap_spread_s, pace.fade_s_per_lap,
    pace.fade_low_s_per_lap, pace.fade_high_s_per_lap, pace.lap_count, pace.traffic_lap_count,
    result.cust_id, result.display_name, result.car_number, result.finish_position_in_class
FROM racing.race_pace AS pace
LEFT JOIN racing.result AS result ON result.subsession_id = pace.subsession_id AND
    result.simsession_number = pace.simsession_number AND result.group_id = pace.group_id AND
    result.kind <> 'team_driver';
