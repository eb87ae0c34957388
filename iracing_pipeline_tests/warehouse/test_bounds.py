"""The bounds of columns in the database: as declared, and for rows from before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from iracing_pipeline.tables.bounds import Bounds
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import bounds
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.load import replace
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

_CHECKS = """
SELECT conname, pg_get_expr(conbin, conrelid), obj_description(oid, 'pg_constraint')
FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass
"""


def test_the_constraints_are_those_that_are_declared(connection: Connection) -> None:
    for table in TABLES:
        rows = connection.execute(_CHECKS, [table.name]).fetchall()
        ours = {name: comment for name, _, comment in rows if name.startswith(bounds.PREFIX)}
        assert ours == bounds.conditions(table), table.name


def test_what_is_within_bounds_is_refused_by_no_other_constraint(connection: Connection) -> None:
    assert [why for table in TABLES for why in refusals(connection, table)] == []


def refusals(connection: Connection, table: Table) -> Iterator[str]:
    columns = {column.name: column for column in table.columns if not column.array}
    for name, expression, _ in connection.execute(_CHECKS, [table.name]).fetchall():
        used = connection.execute(
            "SELECT attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid"
            " AND attnum = ANY(conkey) WHERE conname = %s AND conrelid = %s::regclass",
            [name, table.name],
        ).fetchall()
        column = columns.get(used[0][0]) if len(used) == 1 else None
        if column is None or not column.inner.is_numeric():  # of times there is no other one
            continue
        limits = column.bounds
        if not isinstance(limits, Bounds):
            if table.name.startswith("racing."):
                yield f"{table.name} {name}: no bounds are declared"
            continue
        whole = not column.inner.is_float()
        least = limits.lower + (1 if whole else 1e-6) if limits.above else limits.lower
        for value in (least, limits.upper):
            row = connection.execute(
                sql.SQL("SELECT {} FROM (SELECT {}::{} AS {}) AS row").format(
                    sql.SQL(expression),
                    sql.Literal(int(value) if whole else value),
                    sql.SQL("bigint" if whole else "double precision"),
                    sql.Identifier(column.name),
                )
            ).fetchone()
            if row != (True,):
                yield f"{table.name} {name}: {value}"


@pytest.mark.parametrize("value", ["'Infinity'", "'NaN'", "1e304", "86401", "0", "-1"])
def test_the_database_refuses_what_is_out_of_bounds(
    connection: Connection, tmp_path: Path, value: str
) -> None:
    stored(connection, file_of(tmp_path, laps=1, seed=3))
    with pytest.raises(psycopg.errors.CheckViolation, match="bounds_official_lap_time_s"):
        connection.execute(
            f"UPDATE racing.telemetry_lap SET official_lap_time_s = {value}".encode()
        )


def test_rows_from_before_lose_what_violates_a_new_bound(
    connection: Connection, tmp_path: Path
) -> None:
    stored(connection, file_of(tmp_path, laps=2, seed=3))
    connection.execute(
        "ALTER TABLE racing.telemetry_lap DROP CONSTRAINT bounds_fuel_used_l;"
        " ALTER TABLE racing.tyre_set DROP CONSTRAINT bounds_lf_tread;"
        " ALTER TABLE racing.lap_sector DROP CONSTRAINT bounds_time_s;"
        " UPDATE racing.telemetry_lap SET fuel_used_l = 'Infinity';"
        " UPDATE racing.tyre_set SET lf_tread = '{1,Infinity,1}';"
        " UPDATE racing.lap_sector SET time_s = 1e304 WHERE sector = 1"
    )
    bounds.apply(connection)

    for query, expected in (
        ("SELECT count(fuel_used_l) FROM racing.telemetry_lap", 0),
        ("SELECT count(lf_tread) FROM racing.tyre_set", 0),
        ("SELECT count(*) FROM racing.lap_sector WHERE sector = 1", 0),
        ("SELECT count(*) > 0 FROM racing.lap_sector", True),
    ):
        assert connection.execute(query.encode()).fetchone() == (expected,)
    assert bounds.conditions(TELEMETRY_LAP).keys() <= {
        name for name, *_ in connection.execute(_CHECKS, [TELEMETRY_LAP.name]).fetchall()
    }


def test_a_bound_that_changed_replaces_the_constraint(connection: Connection) -> None:
    connection.execute(
        "COMMENT ON CONSTRAINT bounds_fuel_tank_l ON racing.telemetry_session IS 'another'"
    )
    bounds.apply(connection)
    comments = {
        name: text
        for name, _, text in connection.execute(_CHECKS, [TELEMETRY_SESSION.name]).fetchall()
    }

    assert (
        comments["bounds_fuel_tank_l"] == bounds.conditions(TELEMETRY_SESSION)["bounds_fuel_tank_l"]
    )


@pytest.mark.parametrize("value", ["'infinity'", "'9999-01-01'", "'0044-03-15 BC'"])
def test_the_database_refuses_a_time_that_no_race_has(connection: Connection, value: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="bounds_seen_at"):
        connection.execute(
            "INSERT INTO racing.member (cust_id, display_name, seen_at)"
            f" VALUES (1, 'A. Driver', {value})".encode()
        )


def test_the_load_nulls_a_value_and_refuses_a_row(connection: Connection, tmp_path: Path) -> None:
    recorded, _ = stored(connection, file_of(tmp_path, laps=1, seed=3))
    where = {"session_key": recorded.facts.session_key}
    laps = recorded.laps.with_columns(fuel_used_l=1e300)
    replace(connection, TELEMETRY_LAP, laps, where=where)

    query = "SELECT count(fuel_used_l) FROM racing.telemetry_lap"
    assert connection.execute(query).fetchone() == (0,)
    with pytest.raises(LoadError, match=r"telemetry_lap\.stint: 1 row left out"):
        replace(connection, TELEMETRY_LAP, laps.with_columns(stint=0).head(1), where=where)
