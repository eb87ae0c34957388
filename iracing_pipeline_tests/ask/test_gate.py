import pytest

from iracing_pipeline.ask.answer import AskError
from iracing_pipeline.ask.gate import LONGEST_STATEMENT, checked

ALLOWED = [
    "SELECT car_name, best_lap_time_s FROM grafana.session_summaries LIMIT 3",
    "SELECT count(*) FROM grafana.telemetry_laps WHERE kind = 'timed' AND car_name LIKE '%GT3%'",
    "WITH best AS (SELECT min(lap_time_s) AS s FROM grafana.telemetry_laps) SELECT s FROM best",
    (
        "SELECT avg(x) FILTER (WHERE x > 2), percentile_cont(0.5) WITHIN GROUP (ORDER BY x)"
        " FROM (SELECT lap_time_s AS x FROM grafana.telemetry_laps) AS laps"
    ),
    (
        "SELECT date_trunc('day', start_time), extract(year FROM start_time)"
        " FROM grafana.telemetry_laps UNION ALL SELECT NULL, 1"
    ),
    "SELECT rank() OVER (PARTITION BY car_id ORDER BY lap_time_s) FROM grafana.telemetry_laps",
    "SELECT * FROM grafana.lap_corner_losses('a:1:2', 'b:1:2')",
    "SELECT grafana.lap_id(session_key, stint::int, lap_number::int) FROM grafana.telemetry_laps",
    "SELECT n FROM generate_series(1, 10) AS n",
    "SELECT 'pg_sleep(10); DROP TABLE x' AS words",
]
REFUSED = [
    "",
    "SELECT 1; SELECT 2",
    "SELECT pg_sleep(10)",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT current_setting('data_directory')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT query_to_xml('SELECT pg_sleep(10)', true, true, '')",
    "SELECT * FROM pg_ls_dir('.')",
    "SELECT * FROM dblink('host=x', 'SELECT 1') AS t (a int)",
    "SELECT version(), current_user",
    "SELECT current_role",
    "SELECT User",
    "SELECT 1 ORDER BY session_user",
    "SELECT system_user, current_catalog",
    "SELECT repeat('x', 1000000000)",
    "SELECT * FROM racing.telemetry_lap",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM telemetry_laps",
    "SELECT * FROM iracing.grafana.telemetry_laps",
    "SELECT 1 FROM grafana.telemetry_laps FOR UPDATE",
    "SELECT * INTO copy FROM grafana.telemetry_laps",
    "SELECT 'pg_authid'::regclass",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT * FROM generate_series(1, (SELECT max(car_id) FROM grafana.car_tracks))",
    "SELECT a FROM grafana.career AS a, LATERAL (SELECT pg_sleep(1)) AS b",
    "SELECT 1 WHERE EXISTS (SELECT pg_sleep(1))",
    "SELECT 1 ORDER BY pg_sleep(1)",
    "SELECT 1 LIMIT (SELECT pg_backend_pid())",
    "WITH x AS (DELETE FROM grafana.career RETURNING 1) SELECT * FROM x",
    "INSERT INTO grafana.career VALUES (1)",
    "UPDATE grafana.career SET cust_id = 1",
    "DROP VIEW grafana.career",
    "CREATE TABLE x (a int)",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "DO $$ BEGIN PERFORM pg_sleep(1); END $$",
    "CALL something()",
    "SET statement_timeout = 0",
    "RESET ALL",
    "SHOW data_directory",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE x AS SELECT 1",
    "LISTEN x",
    "BEGIN",
    "TABLE racing.lap",
    "SELECT grafana.something_new(1)",
    'SELECT "pg_sleep"(1)',
    "SELECT pg_catalog.pg_sleep(1)",
    'SELECT U&"pg\\005fsleep"(1)',
    "SELECT /* */ pg_sleep /* */ (1)",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT '" + "x" * LONGEST_STATEMENT + "'",
]


@pytest.mark.parametrize("statement", ALLOWED)
def test_a_select_over_the_views_may_run(statement: str) -> None:
    assert checked(statement)


@pytest.mark.parametrize("statement", REFUSED, ids=lambda text: text[:60])
def test_anything_else_is_refused_with_a_reason(statement: str) -> None:
    with pytest.raises(AskError, match="refused"):
        checked(statement)


def test_a_statement_that_cannot_be_read_is_printed_nowhere(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(AskError):
        checked("LOCK TABLE \x1b[2J racing.lap")
    assert capfd.readouterr() == ("", "")


def test_what_runs_is_written_from_what_was_checked() -> None:
    assert "--" not in checked("SELECT 1 AS a -- pg_sleep\n, 2 AS b /* x */")
