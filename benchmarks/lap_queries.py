"""Queries on a database with many traced laps: compare two laps, follow a corner over years.

Run: python -m benchmarks.lap_queries [laps] [--plans]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, LiteralString

from benchmarks.analysis_speed import one_hour
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import lap_analysis, telemetry
from iracing_pipeline.ingest.lap_analysis import analyse_laps, kept
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.tables.traces import LAP_TRACE
from iracing_pipeline.warehouse import Connection, Warehouse, embedded, migrate

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 9
TREND_LAPS = 10_000
TRACK_STEP = 1000  # to the next track made up: none that is there already

COMPARE: LiteralString = """
SELECT reference.distance_m, reference.elapsed_s, lap.elapsed_s - reference.elapsed_s AS delta_s,
       lap.*, reference.*
FROM grafana.lap_trace_points AS lap
JOIN grafana.lap_trace_points AS reference USING (point)
WHERE lap.session_key = %s AND lap.stint = 1 AND lap.lap_number = 3
  AND reference.session_key = %s AND reference.stint = 1 AND reference.lap_number = 5
ORDER BY reference.distance_m
"""

TREND: LiteralString = """
SELECT start_time, time_s, min_speed_mps, brake_point_m
FROM grafana.lap_corners
WHERE track_id = %s AND corner = 5 AND car_id = %s
ORDER BY start_time
"""

MULTIPLY: LiteralString = """
INSERT INTO {table} SELECT {columns} FROM {table} AS base
CROSS JOIN generate_series(1, %s) AS copy
WHERE base.session_key = %s
"""


def fill(connection: Connection, laps: int) -> tuple[str, int, int]:
    """Load a session of an hour, and copy it until there are enough traced laps.

    Returns:
        Its key, its track and its car. A track has at most about 10,000 laps.
    """
    with tempfile.TemporaryDirectory() as folder:
        recorded = telemetry.analyse(IbtFile(one_hour(Path(folder), "gt3")))
    track = int(recorded.track_id or 0)
    analysis = analyse_laps(recorded, kept(connection, track))
    telemetry.load(connection, recorded, frames_uri=None)
    lap_analysis.load(connection, recorded.facts.session_key, analysis)
    traced = analysis.tables[LAP_TRACE].height
    copies = laps // traced
    per_track = TREND_LAPS // traced + 1
    key = recorded.facts.session_key
    moved = {
        "session_key": "base.session_key || '-' || copy",
        "track_id": f"base.track_id + copy / {per_track} * {TRACK_STEP}",
        "start_time": "base.start_time + copy * interval '2 hours'",
        "end_time": "base.end_time + copy * interval '2 hours'",
    }
    tables = [TELEMETRY_SESSION, TELEMETRY_LAP, *analysis.tables]
    for table in tables:
        columns = ", ".join(moved.get(name, f"base.{name}") for name in table.names)
        statement = MULTIPLY.format(table=table.name, columns=columns)
        connection.execute(statement.encode(), [copies, key])
    connection.execute(
        "INSERT INTO racing.corner_map SELECT track_id + more * %s, version, corner, start_pct,"
        " apex_pct, end_pct, start_m, apex_m, end_m, direction, turn_rad, radius_m, lap_count,"
        " clean, session_key FROM racing.corner_map CROSS JOIN generate_series(1, %s) AS more"
        " WHERE track_id = %s",
        [TRACK_STEP, copies // per_track, track],
    )
    connection.commit()
    car = recorded.session.get_column("car_id")[0]
    return key, track, int(car)


def timed(
    connection: Connection, query: LiteralString, values: Sequence[Any]
) -> tuple[int, float, float]:
    """Rows, median and worst time in milliseconds; fetched whole."""
    took, rows = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rows = len(connection.execute(query, values, binary=True).fetchall())
        took.append((time.perf_counter() - began) * 1000)
    return rows, median(took), max(took)


def report(laps: int, *, plans: bool) -> None:
    """Print the table, and the plans if asked for."""
    with tempfile.TemporaryDirectory() as home:
        url = embedded.start(Path(home))
        try:
            migrate(url)
            with Warehouse(url).connect() as connection:
                began = time.perf_counter()
                key, track, car = fill(connection, laps)
                filled = time.perf_counter() - began
                _measure(connection, (key, f"{key}-7"), (track, car), filled, plans=plans)
        finally:
            embedded.stop(Path(home))


def _measure(
    connection: Connection,
    keys: tuple[str, str],
    trend: tuple[int, int],
    filled: float,
    *,
    plans: bool,
) -> None:
    connection.autocommit = True
    connection.execute("ANALYZE")
    size = connection.execute(
        "SELECT count(*), pg_total_relation_size('racing.lap_trace'),"
        " pg_total_relation_size('racing.lap_corner'),"
        " (SELECT count(*) FROM racing.lap_corner) FROM racing.lap_trace"
    ).fetchone()
    assert size is not None  # noqa: S101 - an aggregate has one row
    print(f"{size[0]} traced laps, {size[3]} corners; filled in {filled:.0f} s")
    print(f"size on disk: {size[1] / size[0] / 1000:.1f} kB a traced lap (table, TOAST, indexes)")
    print(f"              {size[2] / size[3]:.0f} B a corner")
    print("| query | rows | median (ms) | worst (ms) | limit (ms) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, query, values, limit in (
        ("compare two laps, all traces and delta", COMPARE, keys, 50),
        ("trend of a corner", TREND, trend, 200),
    ):
        rows, middle, worst = timed(connection, query, values)
        print(f"| {name} | {rows} | {middle:.1f} | {worst:.1f} | {limit} |")
    if plans:
        for query, values in ((COMPARE, keys), (TREND, trend)):
            output = connection.execute(b"EXPLAIN (ANALYZE, BUFFERS) " + query.encode(), values)
            print("\n" + "\n".join(row[0] for row in output.fetchall()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("laps", nargs="?", type=int, default=50_000)
    parser.add_argument("--plans", action="store_true", help="show the plans")
    arguments = parser.parse_args()
    report(arguments.laps, plans=arguments.plans)
