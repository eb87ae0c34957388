"""The functions that boards call, as the role that calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from iracing_pipeline.dashboards.asking import Database
from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.warehouse import MigrationError, Warehouse
from iracing_pipeline.warehouse import function as functions
from iracing_pipeline.warehouse.views import FUNCTIONS

if TYPE_CHECKING:
    from iracing_pipeline.warehouse import Connection
    from iracing_pipeline_tests.dashboards.conftest import Demo


def one(url: str, expression: str) -> Any:
    return Database.at(url)(f"SELECT {expression}").rows[0][0]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("95.1234", "1:35.123"),
        ("59.9996", "1:00.000"),
        ("23.8765", "0:23.877"),
        ("0", "0:00.000"),
        ("605.05", "10:05.050"),
        ("4210.5", "70:10.500"),
        ("NULL", None),
        ("-1", None),
    ],
)
def test_lap_times(reader_url: str, seconds: str, text: str | None) -> None:
    assert one(reader_url, f"grafana.lap_time({seconds})") == text


@pytest.mark.parametrize(
    ("call", "metric", "imperial"),
    [
        ("speed(10, {})", 36, 22.369362920544),
        ("temperature(100, {})", 100, 212),
        ("volume(10, {})", 10, 2.6417205235815),
        ("pressure(200, {})", 200, 29.007547546042),
        ("length(100, {})", 100, 328.083989501312),
    ],
)
def test_quantities(reader_url: str, call: str, metric: float, imperial: float) -> None:
    for units, expected in (("metric", metric), ("imperial", imperial)):
        assert one(reader_url, f"grafana.{call}".format(f"'{units}'")) == pytest.approx(expected)
        unknown = call.format(f"'{units}'").replace(
            call[call.index("(") + 1 : call.index(",")], "NULL"
        )
        assert one(reader_url, f"grafana.{unknown}") is None


def test_the_clock_starts_at_midnight_of_2000(reader_url: str) -> None:
    at = one(reader_url, "grafana.lap_clock(95.123)")

    assert at.isoformat() == "2000-01-01T00:01:35.123000+00:00"


LAPS = """
SELECT grafana.lap_id(session_key, stint, lap_number), lap_time_s, track_id
FROM grafana.lap_traces WHERE clean ORDER BY track_id, lap_time_s
"""


def laps(demo: Demo) -> dict[int, list[tuple[str, float]]]:
    result: dict[int, list[tuple[str, float]]] = {}
    for name, lap_time, track in Database.at(demo.reader_url)(LAPS).rows:
        result.setdefault(track, []).append((name, lap_time))
    return result


def test_laps_are_level_by_distance_and_end_at_their_difference(demo: Demo) -> None:
    ask = Database.at(demo.reader_url)
    for there in laps(demo).values():
        (best, best_s), (other, other_s) = there[0], there[-1]
        rows = ask(
            f"SELECT * FROM grafana.lap_compare('{best}', ARRAY['{other}', 'none'])"
            " ORDER BY at, slot"
        )
        points = dict.fromkeys(rows.column("slot"), 0)
        for slot in rows.column("slot"):
            points[slot] += 1
        assert points.keys() == {"A", "B"}
        assert points["A"] == points["B"] > 400
        of_a = [
            delta
            for slot, delta in zip(rows.column("slot"), rows.column("delta_s"), strict=True)
            if slot == "A"
        ]
        assert set(of_a) == {0}
        assert rows.column("delta_s")[-1] == pytest.approx(other_s - best_s, abs=1e-9)
        clock = rows.column("at")
        assert (clock[-1] - clock[0]).total_seconds() == pytest.approx(best_s, abs=1e-5)


CHANNELS = ("delta_s", "speed_mps", "brake", "gear")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_of_laps_is_that_of_the_comparison(demo: Demo, channel: str) -> None:
    ask = Database.at(demo.reader_url)
    (best, _), (other, _), *_ = next(iter(laps(demo).values()))
    pair = f"'{best}', ARRAY['{other}', 'none']"
    alone = ask(
        "SELECT at, slot, distance_m, value"
        f" FROM grafana.lap_channel({pair}, '{channel}') ORDER BY at, slot"
    )
    whole = ask(
        f"SELECT at, slot, distance_m, {channel}::double precision FROM grafana.lap_compare({pair})"
        " ORDER BY at, slot"
    )

    assert len(whole.rows) > 800
    assert alone.rows == whole.rows


def test_a_channel_that_nobody_has_is_left_out(demo: Demo) -> None:
    best, _ = next(iter(laps(demo).values()))[0]
    rows = Database.at(demo.reader_url)(
        f"SELECT * FROM grafana.lap_channel('{best}', ARRAY[]::text[], 'no_channel')"
    )

    assert rows.rows == ()


def test_what_corners_cost_adds_up_to_the_difference(demo: Demo) -> None:
    ask = Database.at(demo.reader_url)
    compared = 0
    for there in laps(demo).values():
        best, best_s = there[0]
        for other, other_s in there[1:]:
            losses = ask(f"SELECT * FROM grafana.lap_corner_losses('{best}', '{other}')")
            total = sum(losses.column("loss_s"))
            assert total == pytest.approx(other_s - best_s, abs=1e-9)
            assert losses.column("corner") == sorted(losses.column("corner"))
            compared += 1
    assert compared > 20


def test_laps_of_other_tracks_are_left_out(demo: Demo) -> None:
    first, second, *_ = laps(demo).values()
    rows = Database.at(demo.reader_url)(
        f"SELECT DISTINCT slot FROM grafana.lap_compare('{first[0][0]}', ARRAY['{second[0][0]}'])"
    )

    assert rows.column("slot") == ["A"]


@pytest.mark.parametrize("name", ["none", "", "a:b:c", "x:1:y", "reference:nobody", "'' OR true"])
def test_a_name_that_is_no_lap_has_no_points(reader_url: str, name: str) -> None:
    assert (
        one(reader_url, f"count(*) FROM grafana.lap_points('{name.replace(chr(39), chr(39) * 2)}')")
        == 0
    )


@pytest.mark.parametrize(
    "table",
    [
        "ops.oauth_token",
        "raw.payload",
        "ops.quarantine",
        "racing.telemetry_lap",
        "racing.lap_trace",
        "racing.rating_history",
    ],
)
def test_the_reader_reads_no_table(demo: Demo, table: str) -> None:
    with pytest.raises(BoardError, match="InsufficientPrivilege"):
        Database.at(demo.reader_url)(f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM grafana.telemetry_sessions",
        "CREATE FUNCTION grafana.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION grafana.lap_time(double precision)",
        "ALTER FUNCTION grafana.lap_time(double precision) OWNER TO grafana_reader",
    ],
)
def test_the_reader_changes_nothing(demo: Demo, statement: str) -> None:
    with psycopg.connect(demo.reader_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_no_function_has_rights_of_its_own(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'grafana'::regnamespace AND prosecdef"
    ).fetchall()

    assert rows == []


def test_functions_are_made_anew_in_whatever_form_they_were(connection: Connection) -> None:
    connection.execute(
        "CREATE FUNCTION grafana.speed(mps real) RETURNS text LANGUAGE sql AS 'SELECT 1::text'"
    )

    functions.remake(connection, FUNCTIONS)

    assert connection.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'speed'"
    ).fetchall() == [("grafana.speed(double precision,text)",)]


def test_a_function_that_somebody_uses_is_told(database: str) -> None:
    with Warehouse(database).connect() as connection:
        connection.execute("CREATE VIEW public.mine AS SELECT grafana.lap_time(1)")
        with pytest.raises(MigrationError, match="view mine depends on function"):
            functions.remake(connection, FUNCTIONS)
        connection.rollback()


def test_a_function_is_described_in_the_database(connection: Connection) -> None:
    output = connection.execute(
        "SELECT obj_description('grafana.lap_time(double precision)'::regprocedure)"
    ).fetchone()

    assert output == ("A lap time as m:ss.SSS, in no time zone.",)
    assert all(each.doc for each in FUNCTIONS)
