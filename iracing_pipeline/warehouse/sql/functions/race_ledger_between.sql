-- Seconds that car loses on other, cause by cause: the difference of their rows of
-- racing.race_ledger, each up to the last lap that it shares with the winner of the class. Where
-- lap_number and other_lap_number differ, the sum is no gap at one line. No rows for cars of two
-- classes.
CREATE OR REPLACE FUNCTION grafana.race_ledger_between(subsession bigint, simsession integer, car
        bigint, other bigint) RETURNS TABLE (cause text, seconds double precision, low_s double
        precision, high_s double precision, supported boolean, lap_number integer,
        other_lap_number integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $sql$
WITH pair AS (
    SELECT kind.cause, coalesce(own.seconds, 0) - coalesce(rival.seconds, 0) AS seconds,
        CASE WHEN kind.cause = 'start' THEN 0
            WHEN own.cause IS NOT NULL AND own.own_error_s IS NULL
                OR rival.cause IS NOT NULL AND rival.own_error_s IS NULL THEN NULL
            ELSE 1.959964 * sqrt(coalesce(own.own_error_s, 0) ^ 2
                + coalesce(rival.own_error_s, 0) ^ 2) END AS half_s
    FROM (SELECT DISTINCT ledger.cause FROM grafana.race_ledger AS ledger
        WHERE ledger.subsession_id = subsession AND ledger.simsession_number = simsession
            AND ledger.group_id IN (car, other)) AS kind
    LEFT JOIN grafana.race_ledger AS own ON own.subsession_id = subsession
        AND own.simsession_number = simsession AND own.group_id = car AND own.cause = kind.cause
    LEFT JOIN grafana.race_ledger AS rival ON rival.subsession_id = subsession
        AND rival.simsession_number = simsession AND rival.group_id = other
        AND rival.cause = kind.cause
)
SELECT pair.cause, pair.seconds, pair.seconds - pair.half_s, pair.seconds + pair.half_s,
    coalesce(abs(pair.seconds) > pair.half_s, false), laps.own, laps.rival
FROM pair CROSS JOIN (
    SELECT min(ledger.lap_number) FILTER (WHERE ledger.group_id = car) AS own,
        min(ledger.lap_number) FILTER (WHERE ledger.group_id = other) AS rival,
        count(DISTINCT ledger.against_group_id) AS winners, count(DISTINCT ledger.group_id) AS cars
    FROM grafana.race_ledger AS ledger WHERE ledger.subsession_id = subsession
        AND ledger.simsession_number = simsession AND ledger.group_id IN (car, other)
) AS laps WHERE laps.winners = 1 AND laps.cars = 2
$sql$;
