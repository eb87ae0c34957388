"""Every query of the dashboards on ten seasons: 1,200 races, 50,000 laps with traces.

Run: python -m benchmarks.dashboards [laps] [--all] [--plans] [--home FOLDER] [--memory MB]

The demo season and career, which has a row in every view, are loaded through the assets; a session
of an hour and the races are then copied until there are enough, and figures over all sessions
are recomputed. Queries run as ``grafana_reader``, with the choices that a board opens with, on
the track with the most laps, and the answers are fetched whole. A board may take two seconds for
all of its queries, one after the other, by the worst of five rounds. ``--memory 1024`` runs the
server in a control group of that much memory, its cache of files included (Linux, as root).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import lap_queries
from benchmarks.ten_seasons import STATEMENTS
from iracing_pipeline.dashboards.asking import Database, Reader
from iracing_pipeline.dashboards.catalog import BOARDS
from iracing_pipeline.dashboards.moments import Range
from iracing_pipeline.dashboards.queries import Sql
from iracing_pipeline.dashboards.variables import Choice
from iracing_pipeline.ingest import figures
from iracing_pipeline.settings import Settings
from iracing_pipeline.tables.catalog import tables_of
from iracing_pipeline.warehouse import Warehouse, embedded, reader_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.dashboards.board import Board
    from iracing_pipeline.warehouse import Connection

ROUNDS = 5
RACE_COPIES = 9  # of the demo career's 120 races
BOOKS = STATEMENTS[2:4]  # loads and steps of every session
BOARD_MS = 2000
CONTROL_GROUPS = Path("/sys/fs/cgroup")

COPY_RACES = "INSERT INTO {table} SELECT {columns} FROM {table} AS base CROSS JOIN"
COPY_RACES += " generate_series(1, %s) AS copy"


@dataclass(slots=True)
class Timed:
    """One query: what it returned, and how long it took each time."""

    board: str
    place: str
    sql: str
    rows: int
    took_ms: list[float] = field(default_factory=list)


def fill(home: Path, laps: int) -> tuple[int, int]:
    """Put ten seasons into the embedded database of a data folder.

    Returns:
        The track with the most laps, and the car that they were driven in.
    """
    env = {**os.environ, "IRACING_HOME": str(home)}
    env.pop("IRACING_DATABASE_URL", None)
    if not (home / "lake").exists():
        command = [sys.executable, "-m", "iracing_pipeline", "demo", "--exit"]
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    with Warehouse(embedded.start(home)).connect() as connection:
        _, track, car = lap_queries.fill(connection, laps)
        _copy_races(connection)
        for statement in BOOKS:
            connection.execute(statement.encode(), {})
        connection.commit()
        connection.execute("ANALYZE")
        for rebuild in (
            figures.rebuild_car_tracks,
            figures.rebuild_race_plans,
            figures.rebuild_consistency_trends,
            figures.rebuild_setup_comparisons,
            figures.rebuild_rating_outlook,
        ):
            rebuild(connection)
            connection.commit()
        connection.execute("ANALYZE")
        connection.commit()
    return track, car


def _copy_races(connection: Connection) -> None:
    moved = {
        "subsession_id": "base.subsession_id + copy::bigint * 1000000000",
        "start_time": "base.start_time - copy * interval '5 hours'",
        "end_time": "base.end_time - copy * interval '5 hours'",
    }
    for table in (*tables_of("results"), *tables_of("race")):
        if "subsession_id" in table.key:
            columns = ", ".join(moved.get(name, f'base."{name}"') for name in table.names)
            statement = COPY_RACES.format(table=table.name, columns=columns)
            connection.execute(statement.encode(), [RACE_COPIES])


def measure(url: str, chosen: dict[str, str]) -> Iterator[Timed]:
    """Ask everything that every board asks, several times over."""
    for board in BOARDS:
        database = Database.at(url)
        expected = {each.name for each in board.all_variables}
        choices = {name: value for name, value in chosen.items() if name in expected}
        look = Reader(board, database, None, Range.of(board.start, board.end), choices)
        look.choose()
        for place, query in _queries(board):
            statement = look.statement(query)
            timed = Timed(board.uid, place, statement, 0)
            for _ in range(ROUNDS):
                began = time.perf_counter()
                timed.rows = len(database(statement).rows)
                timed.took_ms.append((time.perf_counter() - began) * 1000)
            yield timed
        database.connection.close()


def _queries(board: Board) -> Iterator[tuple[str, Sql]]:
    for variable in board.all_variables:
        if isinstance(variable, Choice):
            yield f"variable {variable.name}", Sql(variable.sql)
    for region in board.regions:
        yield f"regions {region.name}", Sql(region.sql)
    for panel in board.panels:
        for query in panel.queries:
            if isinstance(query, Sql):
                yield f"{panel.number} {panel.title}", query


@contextmanager
def limited(home: Path, megabytes: int | None) -> Iterator[None]:
    """Run the server of a data folder within so much memory; print what it came to."""
    if megabytes is None:
        yield
        return
    embedded.stop(home)
    unified = (CONTROL_GROUPS / "cgroup.controllers").exists()
    parent = CONTROL_GROUPS if unified else CONTROL_GROUPS / "memory"
    limit, peak = (
        ("memory.max", "memory.peak")
        if unified
        else ("memory.limit_in_bytes", "memory.max_usage_in_bytes")
    )
    group = parent / f"iracing_dashboards_{os.getpid()}"
    group.mkdir()
    own = parent / "cgroup.procs"
    try:
        (group / limit).write_text(str(megabytes * 2**20), encoding="ascii")
        # The server is a child of this process: it begins in the group, and this process leaves.
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        embedded.start(home)
        own.write_text(str(os.getpid()), encoding="ascii")
        yield
        taken = int((group / peak).read_text(encoding="ascii")) / 2**20
        print(f"the server took up to {taken:.0f} of {megabytes} MB, its cache of files included")
    finally:
        own.write_text(str(os.getpid()), encoding="ascii")
        embedded.stop(home)
        group.rmdir()


def report(
    home: Path, laps: int, *, everything: bool, plans: bool, megabytes: int | None = None
) -> bool:
    """Print the tables; whether all limits hold."""
    marker = home / "filled"
    try:
        if not marker.exists():
            began = time.perf_counter()
            track, car = fill(home, laps)
            marker.write_text(f"{track} {car}", encoding="utf-8")
            print(f"filled in {time.perf_counter() - began:.0f} s")
        track_id, car_id = marker.read_text(encoding="utf-8").split()
        url = reader_url(Settings.from_env({"IRACING_HOME": str(home)}))
        with limited(home, megabytes):
            print(_sizes(url))
            timed = list(measure(url, {"track": track_id, "car": car_id}))
            _print(timed, everything=everything)
            if plans:
                _print_plans(url, timed)
    finally:
        embedded.stop(home)
    return all(worst <= BOARD_MS for worst in _worst(timed).values())


def _worst(timed: list[Timed]) -> dict[str, float]:
    """Time of each board, one query after the other, in its slowest round."""
    rounds = {
        board.uid: zip(*(each.took_ms for each in timed if each.board == board.uid), strict=True)
        for board in BOARDS
        if any(each.board == board.uid for each in timed)  # Pit wall asks Prometheus alone
    }
    return {uid: max(sum(each) for each in took) for uid, took in rounds.items()}


def _sizes(url: str) -> str:
    counts = {
        "races": "grafana.career_races",
        "laps of the field": "grafana.race_laps",
        "sessions": "grafana.telemetry_sessions",
        "laps with a trace": "grafana.lap_traces",
        "corners of laps": "grafana.lap_corners",
    }
    ask = Database.at(url)
    output = [f"{ask(f'SELECT count(*) FROM {v}').rows[0][0]} {name}" for name, v in counts.items()]
    ask.connection.close()
    return ", ".join(output)


def _print(timed: list[Timed], *, everything: bool) -> None:
    print("| board | queries | slowest query | its median (ms) | sum of medians | worst round |")
    print("| --- | ---: | --- | ---: | ---: | ---: |")
    worst = _worst(timed)
    for board in BOARDS:
        of_it = [each for each in timed if each.board == board.uid]
        if not of_it:
            continue
        slowest = max(of_it, key=lambda each: median(each.took_ms))
        print(
            f"| {board.uid} | {len(of_it)} | {slowest.place} | {median(slowest.took_ms):.0f} |"
            f" {sum(median(each.took_ms) for each in of_it):.0f} | {worst[board.uid]:.0f} |"
        )
    print(f"limit: {BOARD_MS} ms a board, worst of {ROUNDS} rounds")
    if everything:
        print("| board | query | rows | median (ms) | worst (ms) |")
        print("| --- | --- | ---: | ---: | ---: |")
        for each in timed:
            print(
                f"| {each.board} | {each.place} | {each.rows} | {median(each.took_ms):.1f} |"
                f" {max(each.took_ms):.1f} |"
            )


def _print_plans(url: str, timed: list[Timed]) -> None:
    ask = Database.at(url)
    for each in sorted(timed, key=lambda one: -median(one.took_ms))[:8]:
        print(f"\n== {each.board}: {each.place}")
        print("\n".join(row[0] for row in ask(f"EXPLAIN (ANALYZE, BUFFERS) {each.sql}").rows))
    ask.connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("laps", nargs="?", type=int, default=50_000)
    parser.add_argument("--all", action="store_true", help="print every query")
    parser.add_argument("--plans", action="store_true", help="plans of the slowest queries")
    parser.add_argument("--home", type=Path, help="data folder to fill, and to use again")
    parser.add_argument("--memory", type=int, metavar="MB", help="what the server may take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        arguments.home = arguments.home or Path(scratch)
        arguments.home.mkdir(parents=True, exist_ok=True)
        holds = report(
            arguments.home,
            arguments.laps,
            everything=arguments.all,
            plans=arguments.plans,
            megabytes=arguments.memory,
        )
    sys.exit(0 if holds else 1)
