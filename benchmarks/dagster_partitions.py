"""Cost of Dagster's storage as partitions grow: one partition for each file.

``python -m benchmarks.dagster_partitions [PARTITIONS ...]`` loads fifty simulated files through the
sensor and its run, with Dagster's storage in PostgreSQL, and says what Dagster takes for a file and
how many rows and bytes it leaves there. Then it multiplies what Dagster wrote until there are as
many partitions, and measures a look at the folder, a run of ten files more, and what the UI asks of
an asset.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dagster as dg
import psycopg
import requests
import yaml

from benchmarks.footprint import take
from iracing_pipeline.dagster_storage import PooledPostgresStorage
from iracing_pipeline.defs.telemetry.partitions import ibt_files
from iracing_pipeline.defs.telemetry.sensors import telemetry_folder_sensor
from iracing_pipeline.demo.backlog import write_backlog
from iracing_pipeline.lake import Lake
from iracing_pipeline.warehouse import Warehouse, embedded, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, MORE = 50, 10
ASSET = "telemetry_laps"
NAME = str(ibt_files.name)
BOOKS = (
    "event_logs",
    "asset_event_tags",
    "asset_keys",
    "dynamic_partitions",
    "runs",
    "run_tags",
    "asset_check_executions",
)

# Ids keep their distances, so that tags find their events; every second stretch of them is left to
# the runs in between.
COPIES = """
    INSERT INTO event_logs (id, run_id, event, dagster_event_type, timestamp, step_key, asset_key,
        partition)
    SELECT id + 2 * n * %(span)s, run_id, replace(event, partition, partition || '~' || n),
        dagster_event_type, timestamp, step_key, asset_key, partition || '~' || n
    FROM event_logs, generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    WHERE id <= %(span)s AND dagster_event_type = 'ASSET_MATERIALIZATION';
    INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp)
    SELECT event_id + 2 * n * %(span)s, asset_key, key, value, event_timestamp
    FROM asset_event_tags, generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    WHERE event_id <= %(span)s;
    INSERT INTO dynamic_partitions (partitions_def_name, partition, create_timestamp)
    SELECT partitions_def_name, partition || '~' || n, create_timestamp
    FROM dynamic_partitions, generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    WHERE id <= %(partitions)s;
    SELECT setval('event_logs_id_seq', (SELECT max(id) FROM event_logs));
"""
INVENTORY = """
    INSERT INTO ops.telemetry_file
    SELECT (jsonb_populate_record(f, jsonb_build_object('path', f.path || '~' || n,
        'session_key', f.session_key || '~' || n))).*
    FROM ops.telemetry_file AS f, generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    WHERE f.path NOT LIKE '%%~%%' AND f.path LIKE %(folder)s
"""


@contextmanager
def machine() -> Iterator[tuple[Path, str, str]]:
    """A folder, and two databases on a separate server: the warehouse and Dagster's."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        url = embedded.start(folder / "home")
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE dagster")
            books = urlsplit(url)._replace(path="/dagster").geturl()
            migrate(url)
            os.environ |= {
                "IRACING_HOME": str(folder / "home"),
                "IRACING_TELEMETRY_DIR": str(folder / "telemetry"),
                "IRACING_DATABASE_URL": url,
                "DAGSTER_HOME": str(folder / "dagster"),
                "DAGSTER_DISABLE_TELEMETRY": "1",
            }
            (folder / "dagster").mkdir()
            driver = books.replace("postgresql://", "postgresql+psycopg2://")
            storage = {
                "module": PooledPostgresStorage.__module__,
                "class": PooledPostgresStorage.__name__,
                "config": {"postgres_url": driver},
            }
            config = {"storage": {"custom": storage}, "telemetry": {"enabled": False}}
            text = yaml.safe_dump(config)
            (folder / "dagster" / "dagster.yaml").write_text(text, encoding="utf-8")
            yield folder, url, books
        finally:
            embedded.stop(folder / "home")


def record(folder: Path, count: int, seed: int) -> None:
    """Write files that have stood still for an hour."""
    stamp = time.time() - 3600
    for path in write_backlog(folder / "telemetry", count, seed=seed):
        os.utime(path, (stamp, stamp))


def tick(instance: dg.DagsterInstance) -> tuple[list[dg.RunRequest], float]:
    """Let the sensor look at the folder once: what it asks for, and seconds of the processor."""
    from iracing_pipeline.definitions import defs  # noqa: PLC0415 - reads the environment

    began = time.process_time()
    wanted = telemetry_folder_sensor.required_resource_keys
    resources = {name: defs.resources[name] for name in wanted}  # type: ignore[index]
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        answer = telemetry_folder_sensor(context)
    seconds = time.process_time() - began
    if not isinstance(answer, dg.SensorResult):
        return [], seconds
    for request in answer.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(NAME, list(request.partition_keys))
    return list(answer.run_requests or []), seconds


def load(instance: dg.DagsterInstance, wanted: list[dg.RunRequest]) -> tuple[float, float]:
    """Make the runs: seconds on the clock and of the processor."""
    from iracing_pipeline.definitions import defs  # noqa: PLC0415

    job = defs.resolve_job_def("load_telemetry")
    quiet: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    wall, used = time.perf_counter(), time.process_time()
    for request in wanted:
        job.execute_in_process(instance=instance, tags=dict(request.tags), run_config=quiet)
    return time.perf_counter() - wall, time.process_time() - used


def without_dagster(folder: Path) -> float:
    """Seconds of the processor that the same files take where no Dagster is."""
    url = embedded.start(folder / "alone")
    try:
        migrate(url)
        with Warehouse(url).connect() as connection:
            began = time.process_time()
            for path in sorted((folder / "telemetry").glob("*.ibt")):
                take(connection, Lake(folder / "alone" / "lake"), path)
            return time.process_time() - began
    finally:
        embedded.stop(folder / "alone")


def start_of_a_process() -> float:
    """Seconds of the processor until a process has the definitions, as that of each run must."""
    before = os.times()
    subprocess.run([sys.executable, "-c", "import iracing_pipeline.definitions"], check=True)
    after = os.times()
    return (
        after.children_user - before.children_user + after.children_system - before.children_system
    )


def sizes(books: str) -> dict[str, tuple[int, int]]:
    """Rows, and bytes with indexes, of each of Dagster's tables."""
    with psycopg.connect(books) as connection:
        result = {}
        for table in BOOKS:
            row = connection.execute(
                f"SELECT count(*), pg_total_relation_size('{table}') FROM {table}".encode()
            ).fetchone()
            result[table] = (int(row[0]), int(row[1])) if row else (0, 0)
    return result


def last_ids(books: str) -> dict[str, int]:
    """The newest event, and the newest partition."""
    with psycopg.connect(books) as connection:
        row = connection.execute(
            "SELECT (SELECT max(id) FROM event_logs), (SELECT max(id) FROM dynamic_partitions)"
        ).fetchone()
    return {"span": row[0], "partitions": row[1]} if row else {}


def multiply(
    url: str, books: str, folder: Path, ids: dict[str, int], *, known: int, wanted: int
) -> None:
    """Add copies of the first files, up to whose ``ids`` they go, until there are ``wanted``."""
    copies = {"first": known // FIRST + 1, "last": wanted // FIRST}
    with psycopg.connect(books, autocommit=True) as connection:
        for statement in COPIES.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode(), copies | ids)
        connection.execute("UPDATE asset_keys SET cached_status_data = NULL")
        connection.execute("ANALYZE")
    with psycopg.connect(url, autocommit=True) as connection:
        like = f"{folder}%"
        connection.execute(INVENTORY.encode(), copies | {"folder": like})
        connection.execute("ANALYZE ops.telemetry_file")


QUESTIONS = {
    "UI: partition counts, first time": "partitionStats {numMaterialized numPartitions}",
    "UI: partition counts again": "partitionStats {numMaterialized numPartitions}",
    "UI: keys of all partitions": "partitionKeys",
    "UI: state of all partitions": (
        "assetPartitionStatuses {... on DefaultPartitionStatuses {materializedPartitions}}"
    ),
    "UI: the last 50 materializations": "assetMaterializations(limit: 50) {timestamp partition}",
}


def ask_ui() -> dict[str, float]:
    """Seconds that the webserver takes to answer what the UI asks of an asset."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        [*command, "-m", "iracing_pipeline.definitions"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _ready(f"http://127.0.0.1:{port}/server_info")
        return {
            name: _ask(f"http://127.0.0.1:{port}/graphql", question)
            for name, question in QUESTIONS.items()
        }
    finally:
        server.terminate()
        server.wait()


def _ready(url: str) -> None:
    for _ in range(120):
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    raise SystemExit(f"{url} does not answer")


def _ask(url: str, question: str) -> float:
    key = '{path: ["' + ASSET + '"]}'
    query = "{assetNodeOrError(assetKey: " + key + ") {... on AssetNode {" + question + "}}}"
    began = time.perf_counter()
    answer = requests.post(url, json={"query": query}, timeout=300).json()
    if "errors" in answer:
        raise SystemExit(answer["errors"][0]["message"])
    return time.perf_counter() - began


def round_of(instance: dg.DagsterInstance, folder: Path, seed: int) -> dict[str, float]:
    """Measure with as many partitions as there are now."""
    began = time.perf_counter()
    keys = instance.get_dynamic_partitions(NAME)
    listing = time.perf_counter() - began
    tick(instance)  # takes note that the copies' files are gone
    _, idle = tick(instance)
    record(folder, MORE, seed=seed)
    wanted, first = _patiently(instance)
    wall, used = load(instance, wanted)
    return {
        "partitions": float(len(keys)),
        "list of partitions": listing,
        "look at the folder, nothing new (CPU)": idle,
        f"look that finds {MORE} files (CPU)": first,
        f"run of {MORE} files": wall,
        f"run of {MORE} files (CPU)": used,
        **ask_ui(),
    }


def housekeeping(instance: dg.DagsterInstance) -> dict[str, float]:
    """Seconds to delete what is old."""
    keys = instance.get_dynamic_partitions(NAME)[:200]
    began = time.perf_counter()
    for key in keys:
        instance.delete_dynamic_partition(NAME, key)
    partitions = time.perf_counter() - began
    (run,) = instance.get_runs(limit=1)
    began = time.perf_counter()
    instance.delete_run(run.run_id)
    return {
        f"delete {len(keys)} partitions": partitions,
        f"delete a run of {MORE} files": time.perf_counter() - began,
    }


def _patiently(instance: dg.DagsterInstance) -> tuple[list[dg.RunRequest], float]:
    """Look until the files have stood still."""
    for _ in range(20):
        wanted, seconds = tick(instance)
        if wanted:
            return wanted, seconds
        time.sleep(1)
    raise SystemExit("the sensor asks for nothing")


def report(counts: list[int]) -> None:
    """Print what a file leaves behind, then the times at each number of partitions."""
    with machine() as (folder, url, books), dg.DagsterInstance.get() as instance:
        record(folder, FIRST, seed=1)
        wanted, _ = _patiently(instance)
        wall, used = load(instance, wanted)
        print(f"first run: {FIRST} files in {wall:.1f} s, {used:.1f} CPU s, {len(wanted)} run(s)")
        alone = without_dagster(folder)
        print(f"the same files without Dagster: {alone:.1f} CPU s")
        print(f"Dagster: {(used - alone) / FIRST:.2f} CPU s a file")
        print(f"a process that has the definitions: {start_of_a_process():.1f} CPU s")
        for table, (rows, size) in sizes(books).items():
            print(f"{table:26} {rows / FIRST:8.1f} rows a file {size / FIRST / 1e3:9.1f} kB a file")
        expected, ids = FIRST, last_ids(books)
        for number, count in enumerate(counts, start=2):
            if count > expected:
                multiply(url, books, folder, ids, known=expected, wanted=count)
                expected = count
            print()
            for name, value in round_of(instance, folder, seed=number).items():
                print(f"{name:42} {value:10.3f}", flush=True)
        print()
        for name, value in housekeeping(instance).items():
            print(f"{name:42} {value:10.3f}")
        total = {table: size for table, (_, size) in sizes(books).items()}
        print("\nMB: " + ", ".join(f"{table} {size / 1e6:.0f}" for table, size in total.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("partitions", type=int, nargs="*", default=[50, 10_000, 100_000])
    report(parser.parse_args().partitions)
