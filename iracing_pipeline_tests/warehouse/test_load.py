from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from iracing_pipeline.tables import Column, Table
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.load import replace, replace_whole, upsert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.warehouse.connection import Connection
    from iracing_pipeline.warehouse.load import Loaded

STAMP = pl.Datetime("us", "UTC")

EVERYTHING = Table(
    name="public.everything",
    doc="A column of every type that a table may have.",
    key=("key",),
    columns=(
        Column("key", pl.String, "", required=True),
        Column("flag", pl.Boolean, ""),
        Column("small", pl.Int16, ""),
        Column("middle", pl.Int32, ""),
        Column("big", pl.Int64, ""),
        Column("single", pl.Float32, ""),
        Column("double", pl.Float64, ""),
        Column("day", pl.Date, ""),
        Column("moment", STAMP, ""),
        Column("document", pl.String, "", json=True),
        Column("texts", pl.List(pl.String), ""),
        Column("numbers", pl.List(pl.Float64), ""),
        Column("singles", pl.List(pl.Float32), ""),
        Column("counts", pl.List(pl.Int32), ""),
        Column("flags", pl.List(pl.Boolean), ""),
        Column("moments", pl.List(STAMP), ""),
    ),
)

MAKE_EVERYTHING = """
CREATE TABLE everything (
    key text PRIMARY KEY, flag boolean, small smallint, middle integer, big bigint, single real,
    double double precision, day date, moment timestamptz, document jsonb, texts text[],
    numbers double precision[], singles real[], counts integer[], flags boolean[],
    moments timestamptz[]
)
"""


@pytest.fixture(scope="module")
def everything(server_url: str) -> Iterator[Connection]:
    with Warehouse(server_url).connect() as connection:
        connection.execute(MAKE_EVERYTHING)
        yield connection
        connection.rollback()


def session(key: str, **values: object) -> dict[str, object]:
    return {
        "session_key": key,
        "file_name": f"{key}.ibt",
        "start_time": datetime(2024, 5, 1, 12, tzinfo=UTC),
        "tick_rate_hz": 60,
        "record_count": 1000,
        "channel_count": 280,
        "ibt_version": 2,
        "closed": True,
        "lap_count": 0,
        "timed_lap_count": 0,
        "clean_lap_count": 0,
        "start_source": "header",
        "power_source": "fuel",
        **values,
    }


def lap(key: str, number: int, **values: object) -> dict[str, object]:
    return {
        "session_key": key,
        "stint": 1,
        "lap_number": number,
        "kind": "timed",
        "reasons": [],
        "clean": True,
        "lap_time_s": 90.0 + number / 8,
        "start_time": datetime(2024, 5, 1, 12, tzinfo=UTC),
        "start_session_time_s": 0.0,
        "end_session_time_s": 90.0,
        "first_record": 0,
        "record_count": 5400,
        **values,
    }


def put_session(connection: Connection, key: str) -> Loaded:
    frame = TELEMETRY_SESSION.frame([session(key)])
    return replace(connection, TELEMETRY_SESSION, frame, where={"session_key": key})


def put_laps(connection: Connection, key: str, laps: list[dict[str, object]]) -> Loaded:
    return replace(connection, TELEMETRY_LAP, TELEMETRY_LAP.frame(laps), where={"session_key": key})


def counts(loaded: Loaded) -> tuple[int, int, int]:
    return loaded.inserted, loaded.updated, loaded.deleted


def lap_numbers(connection: Connection) -> list[tuple[str, int]]:
    return connection.execute(
        "SELECT session_key, lap_number FROM racing.telemetry_lap ORDER BY 1, 2"
    ).fetchall()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
# Within the bounds of a column without a unit; beyond them a value is left out.
MOST = 1e12
doubles = st.just(float("nan")) | st.floats(-MOST, MOST, width=64)
singles = st.just(float("nan")) | st.floats(-(2.0**39), 2.0**39, width=32)
moments = st.datetimes(timezones=st.just(UTC))


def sometimes(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


rows = st.fixed_dictionaries(
    {
        "key": texts,
        "flag": sometimes(st.booleans()),
        "small": sometimes(st.integers(-(2**15), 2**15 - 1)),
        "middle": sometimes(st.integers(-(2**31), 2**31 - 1)),
        "big": sometimes(st.integers(-(2**63), 2**63 - 1)),
        "single": sometimes(singles),
        "double": sometimes(doubles),
        "day": sometimes(st.dates()),
        "moment": sometimes(moments),
        "document": sometimes(st.just('{"a": ["b", null, "é"]}')),
        "texts": sometimes(st.lists(sometimes(texts), max_size=4)),
        "numbers": sometimes(st.lists(sometimes(doubles), max_size=4)),
        "singles": sometimes(st.lists(sometimes(singles), max_size=4)),
        "counts": sometimes(st.lists(sometimes(st.integers(-(2**31), 2**31 - 1)), max_size=4)),
        "flags": sometimes(st.lists(sometimes(st.booleans()), max_size=4)),
        "moments": sometimes(st.lists(sometimes(moments), max_size=4)),
    }
)


def as_stored(value: object) -> object:
    if isinstance(value, list):
        return [as_stored(element) for element in value]
    return None if isinstance(value, float) and math.isnan(value) else value


@given(st.lists(rows, max_size=6, unique_by=lambda row: row["key"]))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_value_comes_back_and_nan_is_null(
    everything: Connection, given_rows: list[dict[str, object]]
) -> None:
    everything.execute("TRUNCATE everything")
    frame = EVERYTHING.frame(given_rows)
    assert counts(upsert(everything, EVERYTHING, frame)) == (len(given_rows), 0, 0)
    with everything.cursor(binary=True) as cursor:
        stored = cursor.execute("SELECT * FROM everything ORDER BY key", prepare=False).fetchall()
    expected = [
        tuple(
            {"a": ["b", None, "é"]} if name == "document" and value else as_stored(value)
            for name, value in row.items()
        )
        for row in frame.sort("key").to_dicts()
    ]
    by_key = {row[0]: row for row in stored}
    assert by_key == {row[0]: row for row in expected}
    assert counts(upsert(everything, EVERYTHING, frame)) == (0, 0, 0)


def test_loading_again_changes_nothing_not_even_on_the_disk(connection: Connection) -> None:
    laps = [lap("a", number, fuel_used_l=math.nan) for number in range(5)]
    places = "SELECT ctid::text, xmin::text, xmax::text FROM racing.telemetry_lap ORDER BY 1"
    put_session(connection, "a")
    assert counts(put_laps(connection, "a", laps)) == (5, 0, 0)
    connection.commit()
    before = connection.execute(places).fetchall()
    again = put_laps(connection, "a", laps)
    assert counts(again) == (0, 0, 0)
    assert not again.changed
    assert connection.execute(places).fetchall() == before


def test_only_what_differs_is_written(connection: Connection) -> None:
    put_session(connection, "a")
    put_laps(connection, "a", [lap("a", 1), lap("a", 2), lap("a", 3)])
    changed = put_laps(connection, "a", [lap("a", 2), lap("a", 3, lap_time_s=80.5), lap("a", 4)])
    assert counts(changed) == (1, 1, 1)
    assert lap_numbers(connection) == [("a", 2), ("a", 3), ("a", 4)]
    assert connection.execute(
        "SELECT lap_time_s FROM racing.telemetry_lap WHERE lap_number = 3"
    ).fetchone() == (80.5,)


def test_null_becomes_value_and_value_becomes_null(connection: Connection) -> None:
    put_session(connection, "a")
    put_laps(connection, "a", [lap("a", 1), lap("a", 2, position=3)])
    changed = put_laps(connection, "a", [lap("a", 1, position=4), lap("a", 2)])
    assert counts(changed) == (0, 2, 0)
    assert connection.execute(
        "SELECT position FROM racing.telemetry_lap ORDER BY lap_number"
    ).fetchall() == [(4,), (None,)]


def test_other_partitions_are_left_alone(connection: Connection) -> None:
    for key in ("a", "b"):
        put_session(connection, key)
        put_laps(connection, key, [lap(key, 1)])
    assert counts(put_laps(connection, "a", [])) == (0, 0, 1)
    assert lap_numbers(connection) == [("b", 1)]


def test_a_batch_of_partitions_in_one_load(connection: Connection) -> None:
    keys = ["a", "b", "c"]
    frame = TELEMETRY_SESSION.frame([session(key) for key in keys])
    replace(connection, TELEMETRY_SESSION, frame, where={"session_key": keys})
    put_laps(connection, "c", [lap("c", 1)])
    laps = TELEMETRY_LAP.frame([lap("a", 1), lap("a", 2), lap("b", 1)])
    loaded = replace(connection, TELEMETRY_LAP, laps, where={"session_key": keys})
    assert [
        (part.key, part.rows, part.inserted, part.updated, part.deleted)
        for part in loaded.partitions
    ] == [("a", 2, 2, 0, 0), ("b", 1, 1, 0, 0), ("c", 0, 0, 0, 1)]
    assert counts(loaded) == (3, 0, 1)


def test_deleting_a_session_deletes_its_laps(connection: Connection) -> None:
    put_session(connection, "a")
    put_laps(connection, "a", [lap("a", 1)])
    empty = TELEMETRY_SESSION.frame()
    loaded = replace(connection, TELEMETRY_SESSION, empty, where={"session_key": "a"})
    assert counts(loaded) == (0, 0, 1)
    assert lap_numbers(connection) == []


def test_tables_of_a_session_change_together(database: str) -> None:
    warehouse = Warehouse(database)
    with warehouse.connect() as connection:
        put_session(connection, "a")
        put_laps(connection, "a", [lap("a", 1)])

    def fail_half_way() -> None:
        with warehouse.connect() as connection:
            put_laps(connection, "a", [lap("a", 2), lap("a", 3)])
            bad = TELEMETRY_SESSION.frame([session("a", record_count=None)])
            replace(connection, TELEMETRY_SESSION, bad, where={"session_key": "a"})

    with pytest.raises(LoadError, match=r"telemetry_session.*record_count"):
        fail_half_way()
    with warehouse.connect() as connection:
        assert lap_numbers(connection) == [("a", 1)]


def test_a_refused_load_leaves_the_transaction_usable(connection: Connection) -> None:
    put_session(connection, "a")
    put_laps(connection, "a", [lap("a", 1)])
    with pytest.raises(LoadError, match="sideways"):
        put_laps(connection, "a", [lap("a", 2), lap("a", 3, clean=False, kind="sideways")])
    assert lap_numbers(connection) == [("a", 1)]
    assert counts(put_laps(connection, "a", [lap("a", 2)])) == (1, 0, 1)


def test_works_in_autocommit(database: str) -> None:
    with Warehouse(database).connect(autocommit=True) as connection:
        assert counts(put_session(connection, "a")) == (1, 0, 0)
    with Warehouse(database).connect() as connection:
        assert connection.execute("SELECT count(*) FROM racing.telemetry_session").fetchone() == (
            1,
        )


def test_laps_without_their_session_are_refused(connection: Connection) -> None:
    with pytest.raises(LoadError, match="telemetry_lap"):
        put_laps(connection, "nobody", [lap("nobody", 1)])


def test_text_that_postgresql_cannot_hold_is_refused(connection: Connection) -> None:
    bad = TELEMETRY_SESSION.frame([session("a", driver_name="nul\0")])
    with pytest.raises(LoadError, match="telemetry_session"):
        upsert(connection, TELEMETRY_SESSION, bad)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (TELEMETRY_LAP.frame([lap("a", 1), lap("a", 1)]), "same session_key, stint, lap_number"),
        (TELEMETRY_LAP.frame([lap("b", 1)]), "outside the partition"),
        (TELEMETRY_LAP.frame([lap("a", 1, kind=None)]), "kind is missing in 1 rows"),
        (TELEMETRY_LAP.frame().drop("kind"), "columns differ: kind"),
        (TELEMETRY_LAP.frame().with_columns(wings=2), "columns differ: wings"),
        (TELEMETRY_LAP.frame().cast({"stint": pl.Int64}), "stint is Int64 and not Int32"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(
    connection: Connection, frame: pl.DataFrame, what: str
) -> None:
    with pytest.raises(LoadError, match=what):
        replace(connection, TELEMETRY_LAP, frame, where={"session_key": "a"})


def test_columns_may_come_in_any_order(connection: Connection) -> None:
    frame = TELEMETRY_SESSION.frame([session("a")])
    upsert(connection, TELEMETRY_SESSION, frame.select(reversed(frame.columns)))
    assert connection.execute("SELECT file_name FROM racing.telemetry_session").fetchone() == (
        "a.ibt",
    )


def test_a_partition_must_be_named(connection: Connection) -> None:
    with pytest.raises(ValueError, match="where"):
        replace(connection, TELEMETRY_LAP, TELEMETRY_LAP.frame(), where={})


def test_many_blocks_of_rows_and_long_arrays(everything: Connection) -> None:
    everything.execute("TRUNCATE everything")
    height = 12_000
    frame = EVERYTHING.frame([{"key": "x"}]).select(pl.all().repeat_by(height).explode())
    frame = frame.with_columns(
        key=pl.int_range(height).cast(pl.String),
        big=pl.int_range(height),
        numbers=pl.concat_list(pl.int_range(height).cast(pl.Float64) * 0.1).list.gather(
            pl.lit([0] * 300)
        ),
    )
    loaded = upsert(everything, EVERYTHING, frame)
    assert loaded.inserted == height
    assert loaded.bytes > height * 300 * 12
    assert everything.execute(
        "SELECT count(*), sum(big), sum(numbers[300] - big * 0.1::float8),"
        " min(array_length(numbers, 1)) FROM everything"
    ).fetchone() == (height, height * (height - 1) // 2, 0.0, 300)


def test_two_loads_at_once_do_not_lose_rows(database: str) -> None:
    warehouse = Warehouse(database)
    with warehouse.connect() as connection:
        put_session(connection, "a")
        put_session(connection, "b")
    with warehouse.connect() as one, warehouse.connect() as other:
        put_laps(one, "a", [lap("a", 1)])
        put_laps(other, "b", [lap("b", 1)])
    with warehouse.connect() as connection:
        assert lap_numbers(connection) == [("a", 1), ("b", 1)]


def test_an_interrupted_load_is_undone(database: str) -> None:
    warehouse = Warehouse(database)
    with warehouse.connect() as connection:
        put_session(connection, "a")
        put_laps(connection, "a", [lap("a", 1)])
    victim = warehouse.open()
    put_laps(victim, "a", [lap("a", 2)])
    with warehouse.connect(autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        victim.commit()
    victim.close()
    with warehouse.connect() as connection:
        assert lap_numbers(connection) == [("a", 1)]


def test_a_whole_table_is_replaced_as_one_load(connection: Connection) -> None:
    connection.execute(MAKE_EVERYTHING.encode())
    first = EVERYTHING.frame([{"key": "a", "big": 1}, {"key": "b", "big": 2}])
    second = EVERYTHING.frame([{"key": "b", "big": 3}, {"key": "c", "big": 4}])

    loads = [
        replace_whole(connection, EVERYTHING, frame)
        for frame in (first, second, second, EVERYTHING.frame())
    ]
    assert [(load.inserted, load.updated, load.deleted) for load in loads] == [
        (2, 0, 0),
        (1, 1, 1),
        (0, 0, 0),
        (0, 0, 2),
    ]
    assert all(load.partitions == () for load in loads)
