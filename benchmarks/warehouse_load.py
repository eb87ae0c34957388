"""How fast frames become rows: loads beside plain COPY (the limit) and executemany (the peer).

Run: python benchmarks/warehouse_load.py [rows]
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.tables import Column, Table
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import Connection, Warehouse, embedded, migrate
from iracing_pipeline.warehouse.copy_binary import encode
from iracing_pipeline.warehouse.load import replace, upsert

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS, CHANNELS = 2_000, 20
TRACE = Table(
    name="public.trace",
    doc="A lap's channels on a grid.",
    key=("lap",),
    columns=(
        Column("lap", pl.Int64, "", required=True),
        *(Column(f"channel_{number}", pl.List(pl.Float32), "") for number in range(CHANNELS)),
    ),
)


def sessions(keys: list[str]) -> pl.DataFrame:
    """A session row for each key."""
    needed = {
        "file_name": "a.ibt",
        "start_time": datetime(2024, 5, 1, tzinfo=UTC),
        "tick_rate_hz": 60,
        "record_count": 216_000,
        "channel_count": 280,
        "ibt_version": 2,
        "closed": True,
        "lap_count": 0,
        "timed_lap_count": 0,
        "clean_lap_count": 0,
    }
    return TELEMETRY_SESSION.frame([{"session_key": key, **needed} for key in keys])


def laps(keys: list[str], each: int) -> pl.DataFrame:
    """So many laps of each session, with times that differ."""
    needed = {
        "stint": 1,
        "kind": "timed",
        "reasons": [],
        "clean": True,
        "start_time": datetime(2024, 5, 1, tzinfo=UTC),
        "start_session_time_s": 0.0,
        "end_session_time_s": 90.0,
        "first_record": 0,
        "record_count": 5_400,
    }
    rows = [
        {"session_key": key, "lap_number": number, "lap_time_s": 90 + number / 7, **needed}
        for key in keys
        for number in range(each)
    ]
    return TELEMETRY_LAP.frame(rows)


def traces(rows: int) -> pl.DataFrame:
    """Arrays of random samples."""
    random = np.random.default_rng(1)
    grid = pl.Array(pl.Float32, POINTS)
    samples = {
        f"channel_{number}": pl.Series(random.normal(size=(rows, POINTS)).astype("f4"), dtype=grid)
        for number in range(CHANNELS)
    }
    return pl.DataFrame({"lap": range(rows), **samples}).with_columns(
        pl.exclude("lap").arr.to_list()
    )


def plain_copy(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """COPY and nothing else, into a table without keys."""
    connection.execute(f"CREATE TEMP TABLE plain (LIKE {table.name}) ON COMMIT DROP".encode())
    with connection.cursor().copy("COPY plain FROM STDIN (FORMAT binary)") as copy:
        for block in encode(table, frame):
            copy.write(block)


def executemany(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """The naive way: a prepared INSERT for each row, into a table without keys."""
    connection.execute(f"CREATE TEMP TABLE plain (LIKE {table.name}) ON COMMIT DROP".encode())
    marks = ", ".join(["%s"] * frame.width)
    connection.cursor().executemany(f"INSERT INTO plain VALUES ({marks})".encode(), frame.rows())


def main() -> None:
    """Print the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    keys = [f"session {number}" for number in range(50)]
    many, trace = laps(["session 0"], rows), traces(200)
    few_sessions, few_laps = sessions(keys), laps(keys, 20)
    with tempfile.TemporaryDirectory() as folder:
        url = embedded.start(Path(folder))
        try:
            migrate(url)
            warehouse = Warehouse(url)

            def timed(name: str, count: int, work: Callable[[Connection], object]) -> None:
                began = time.perf_counter()
                with warehouse.connect() as connection:
                    work(connection)
                seconds = time.perf_counter() - began
                print(f"{name:<52} {seconds:>8.3f} s {count / seconds:>12,.0f} rows/s")

            all_of = {"session_key": "session 0"}
            batch = {"session_key": keys}
            with warehouse.connect() as connection:
                upsert(connection, TELEMETRY_SESSION, few_sessions.head(1))
                channels = ", ".join(f"{name} real[]" for name in TRACE.names[1:])
                connection.execute(
                    f"CREATE TABLE trace (lap bigint PRIMARY KEY, {channels})".encode()
                )
            timed(
                "laps, executemany",
                rows // 10,
                lambda c: executemany(c, TELEMETRY_LAP, many[: rows // 10]),
            )
            timed("laps, plain COPY", rows, lambda c: plain_copy(c, TELEMETRY_LAP, many))
            timed(
                "laps, replace: all new",
                rows,
                lambda c: replace(c, TELEMETRY_LAP, many, where=all_of),
            )
            timed(
                "laps, replace: nothing changed",
                rows,
                lambda c: replace(c, TELEMETRY_LAP, many, where=all_of),
            )
            faster = many.with_columns(pl.col("lap_time_s") - 1)
            timed(
                "laps, replace: all changed",
                rows,
                lambda c: replace(c, TELEMETRY_LAP, faster, where=all_of),
            )
            timed(
                f"traces of {CHANNELS} x {POINTS}, plain COPY",
                200,
                lambda c: plain_copy(c, TRACE, trace),
            )
            timed(
                f"traces of {CHANNELS} x {POINTS}, upsert: all new",
                200,
                lambda c: upsert(c, TRACE, trace),
            )
            timed(
                f"traces of {CHANNELS} x {POINTS}, upsert: nothing changed",
                200,
                lambda c: upsert(c, TRACE, trace),
            )
            timed(
                "50 sessions, 1000 laps, one transaction, all new",
                1050,
                lambda c: (
                    replace(c, TELEMETRY_SESSION, few_sessions, where=batch),
                    replace(c, TELEMETRY_LAP, few_laps, where=batch),
                ),
            )
        finally:
            embedded.stop(Path(folder))


if __name__ == "__main__":
    main()
