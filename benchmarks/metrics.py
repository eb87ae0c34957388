"""Speed of sending sessions to Prometheus, their size there, and the cost of a scrape.

``python -m benchmarks.metrics`` starts a real Prometheus on loopback and measures in one run: an
hour of 24 channels at 10 Hz by remote write, beside the package prometheus-remote-writer where
``--peer`` names a Python that has it; the same hour as blocks, beside promtool alone; a backlog of
old sessions; disk; queries; and scrapes with ten seasons in the database.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np

from benchmarks.hour_file import an_hour
from benchmarks.ten_seasons import fill
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.lake import Lake
from iracing_pipeline.metrics.endpoint import Endpoint
from iracing_pipeline.metrics.exposition import Exposition
from iracing_pipeline.metrics.history import openmetrics
from iracing_pipeline.metrics.history.blocks import Blocks
from iracing_pipeline.metrics.history.channels import DEFAULT
from iracing_pipeline.metrics.history.remote_write import RemoteWrite
from iracing_pipeline.metrics.history.series import SessionSeries
from iracing_pipeline.metrics.history.session import downsample, labels
from iracing_pipeline.metrics.sources import Database
from iracing_pipeline.warehouse import embedded, migrate
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests.prometheus_server import PROMTOOL, Server, started

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iracing_pipeline.metrics.history.channels import ChannelMetric
    from iracing_pipeline.metrics.history.delivery import Delivery

DAY = 86_400.0
ROUNDS = 5
SCRAPES = 500
PEER = """
import json, sys, time
import numpy as np
from prometheus_remote_writer import RemoteWriter
url, file = sys.argv[1:]
held = np.load(file)
times = held["times"].tolist()
series = [
    {"metric": {"__name__": name, "session": sys.argv[0] + "peer", "car": "c", "track": "t"},
     "values": held[name].tolist(), "timestamps": times}
    for name in held.files if name != "times"
]
writer = RemoteWriter(url=url)
parts = []
step = 1666
for at in range(0, len(times), step):
    parts.append([{**s, "values": s["values"][at:at + step],
                   "timestamps": s["timestamps"][at:at + step]} for s in series])
began = time.perf_counter()
for part in parts:
    writer.send(part)
print(json.dumps(time.perf_counter() - began))
"""


def row(name: str, value: float, unit: str, note: str = "") -> None:
    """Print one line of the table."""
    print(f"{name:52} {value:12,.3f} {unit:12} {note}")


def processor_seconds() -> float:
    """Processor time of this process and of those that it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def check(delivery: Delivery, series: SessionSeries) -> None:
    """Stop where not all arrived: a rate of what was lost is none."""
    if delivery.accepted != series.samples:
        raise RuntimeError(f"{series.samples} samples became {delivery}")


def moved(series: SessionSeries, end: float, key: str, *, minutes: float = 60.0) -> SessionSeries:
    """The first minutes of a session, as one that ended at another time."""
    part = series.part(0, int(minutes * 600))
    last = int(end * 1000) // 100 * 100
    times = part.times + (last - int(part.times[-1]))
    return SessionSeries({**series.labels, "session": key}, times, part.metrics)


def downsampled(file: IbtFile, channels: Sequence[ChannelMetric] = DEFAULT) -> SessionSeries:
    """The channels of a file, ten values a second."""
    called = labels("hour", "Formula Vee", "Tsukuba (1K)")
    return downsample(file, start=file.facts.start, labels=called, channels=channels, hz=10)


def hour(file: IbtFile) -> SessionSeries:
    """An hour of real channels, downsampled; prints how fast."""
    began = time.perf_counter()
    series = downsampled(file)
    took = time.perf_counter() - began
    print(f"{len(series.metrics)} channels, {series.samples:,} samples\n")
    row("downsample an hour of 60 Hz", took, "s")
    return series


def remote_write(server: Server, series: SessionSeries, peer: Path | None, folder: Path) -> None:
    """An hour by remote write."""
    url = f"{server.url}/api/v1/write"
    rates, peers = [], []
    for number in range(ROUNDS):
        session = moved(series, time.time() - 60 - 2 * number, f"remote {number}")
        delivery = RemoteWrite(url).send(session)
        check(delivery, session)
        rates.append(delivery.accepted / delivery.seconds)
        if peer is not None and number < 2:
            peers.append(session.samples / peer_seconds(peer, url, session, folder, number))
    row("remote write, ours", statistics.median(rates) / 1e6, "M samples/s", ">= 0.8")
    if peers:
        row("remote write, prometheus-remote-writer", statistics.median(peers) / 1e6, "M samples/s")
        ratio = statistics.median(rates) / statistics.median(peers)
        row("ours against it", ratio, "times", ">= 2")


def peer_seconds(peer: Path, url: str, series: SessionSeries, folder: Path, number: int) -> float:
    """Measure the other package, from lists that exist already."""
    file, script = folder / f"peer{number}.npz", folder / f"peer{number}.py"
    arrays = {name: np.nan_to_num(values) for name, (_, values) in series.metrics.items()}
    np.savez(file, allow_pickle=False, times=series.times, **arrays)
    script.write_text(PEER, encoding="utf-8")
    done = subprocess.run(
        [str(peer), str(script), url, str(file)], capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


def blocks(server: Server, series: SessionSeries, folder: Path) -> None:
    """The same hour as blocks, and promtool alone on the same text, in turn."""
    ours, alone, work = [], [], [0.0, 0.0]
    for number in range(ROUNDS):
        session = moved(series, time.time() - (10 + number) * DAY, f"blocks {number}")
        used = processor_seconds()
        delivery = Blocks(server.data).send(session)
        check(delivery, session)
        ours.append(delivery.seconds)
        work[0] += processor_seconds() - used
        text, target = folder / "same.om", folder / f"alone{number}"
        openmetrics.write(session, text)
        command = [str(PROMTOOL), "tsdb", "create-blocks-from", "openmetrics", "-q"]
        used, began = processor_seconds(), time.perf_counter()
        subprocess.run([*command, str(text), str(target)], check=True)
        alone.append(time.perf_counter() - began)
        work[1] += processor_seconds() - used
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    row("blocks, ours", statistics.median(ours), "s")
    row("blocks, promtool alone on the same text", statistics.median(alone), "s")
    share = statistics.median(alone) / statistics.median(ours)
    row("speed of ours against promtool's", 100 * share, "%", ">= 80")
    # By the clock, whoever else is at work on the machine tells; by the processor, nobody does.
    row("the same by processor time", 100 * work[1] / work[0], "%", ">= 80")
    row("disk, a block of an hour", size / session.samples, "B/sample", "<= 3")


def unrounded(file: IbtFile, folder: Path) -> None:
    """Disk of a block of the hour with all bits of its values."""
    exact = [replace(each, step=2**-40) if each.step < 1 else each for each in DEFAULT]
    series = moved(downsampled(file, exact), time.time() - 10 * DAY, "unrounded")
    text, target = folder / "unrounded.om", folder / "unrounded"
    openmetrics.write(series, text)
    command = [str(PROMTOOL), "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run([*command, str(text), str(target)], check=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    row("the same with values that are not rounded", size / series.samples, "B/sample")


def backlog(server: Server, series: SessionSeries, count: int, minutes: float) -> None:
    """Old sessions, one after the other."""
    place = Blocks(server.data)
    began, used, samples = time.perf_counter(), processor_seconds(), 0
    for number in range(count):
        end = time.time() - (1 + number * 300 / count) * DAY
        session = moved(series, end, f"old {number}", minutes=minutes)
        car_track = {"car": f"car {number % 5}", "track": f"track {number % 12}"}
        session = SessionSeries({**session.labels, **car_track}, session.times, session.metrics)
        delivery = place.send(session)
        check(delivery, session)
        samples += delivery.accepted
    took = time.perf_counter() - began
    row(f"{count} old sessions of {minutes:g} minutes", took, "s", "< 120")
    row("that is", samples / took / 1e6, "M samples/s")
    row("the same by processor time", processor_seconds() - used, "s", "< 120")


def queries(server: Server) -> None:
    """Questions over a year."""
    server.stop()
    server.start()
    for name, expression in (
        (
            "max_over_time of a year by car and track",
            "max by (car, track) (max_over_time(iracing_speed_meters_per_second[1y]))",
        ),
        ("sessions of a year", "count(count by (session) (last_over_time(iracing_lap[1y])))"),
    ):
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            result = server.query(expression)
            took.append(time.perf_counter() - began)
        row(name, statistics.median(took), "s", f"< 0.5 ({len(result)} results)")


def scrapes(folder: Path) -> None:
    """Scrapes with ten seasons in the database."""
    url = embedded.start(folder / "home")
    try:
        migrate(url)
        with Warehouse(url).connect() as connection:
            fill(connection)
        source = Database(lambda: url, Lake(folder / "lake"), [folder])
        exposition = Exposition(
            {"database": source.health, "racing": source.racing, "disks": source.disks},
            up="database",
        )
        timed("first look at everything", exposition.refresh)
        timed("a look when nothing was loaded", exposition.refresh)
        endpoint = Endpoint(exposition.render)
        endpoint.start()
        took = []
        for _ in range(SCRAPES):
            began = time.perf_counter()
            with urlopen(endpoint.url) as answer:  # noqa: S310 - our own
                text = answer.read()
            took.append(time.perf_counter() - began)
        endpoint.stop()
    finally:
        embedded.stop(folder / "home")
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    row("series of a scrape", series, "", f"{len(text) / 1e3:.0f} kB")
    row("scrape, median", 1e3 * statistics.median(took), "ms")
    row("scrape, 99th percentile", 1e3 * float(np.percentile(took, 99)), "ms", "< 50")


def timed(name: str, run: Callable[[], None]) -> None:
    """Run and print how long it took."""
    began = time.perf_counter()
    run()
    row(name, time.perf_counter() - began, "s")


def main() -> None:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", type=Path, help="Python that has prometheus-remote-writer")
    parser.add_argument("--sessions", type=int, default=150, help="old sessions")
    parser.add_argument("--minutes", type=float, default=20.0, help="length of an old session")
    asked = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, Prometheus on loopback, medians of {ROUNDS} rounds")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = IbtFile(an_hour(folder))
        series = hour(file)
        for server in started(folder / "prometheus"):
            remote_write(server, series, asked.peer, folder)
            blocks(server, series, folder)
            unrounded(file, folder)
            backlog(server, series, asked.sessions, asked.minutes)
            queries(server)
        scrapes(folder)


if __name__ == "__main__":
    main()
