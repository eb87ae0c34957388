"""Cost of a whole career: requests, time, memory; with faults and after being killed.

Run as ``python -m benchmarks.career_backfill [career] [faults] [kills]``; all three by default.
Everything is local: the simulated Data API, an embedded database in a temporary folder.
The hours that the limit on calls takes are simulated by the clock.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.footprint import busy, sizes
from iracing_pipeline.data_api import DataApi, MaintenanceError
from iracing_pipeline.data_api.backfill import Status, least_requests, search_windows
from iracing_pipeline.data_api.clock import SystemClock
from iracing_pipeline.data_api.oauth import OAuth
from iracing_pipeline.data_api.rate_limit import TokenBucket
from iracing_pipeline.data_api.token_source import TokenSource
from iracing_pipeline.data_api.token_store import FileTokenStore
from iracing_pipeline.data_api.tokens import Credentials
from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi, Fault, Faults
from iracing_pipeline.demo.fake_data_api.race_documents import result
from iracing_pipeline.demo.fake_data_api.token_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
)
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.ingest.subsessions import (
    RECENT,
    fetch_due,
    search_recent,
    search_season,
)
from iracing_pipeline.results.season import season_start
from iracing_pipeline.warehouse import Warehouse, embedded, fetch_queue, migrate

NOW = 1_780_000_000.0
LONG = Career(races_per_season=120, field=(22, 24), laps=(39, 42))
SHORT = Career(field=(6, 8), laps=(3, 5))


class SimulatedClock:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        """Seconds since 1970."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


def client(
    server_url: str, folder: Path, clock: SimulatedClock | SystemClock, per_minute: int = 120
) -> DataApi:
    """A client of the simulated Data API at a URL."""
    credentials = Credentials(CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD)
    oauth = OAuth(credentials, url=f"{server_url}/oauth2", clock=clock)
    tokens = TokenSource(oauth, FileTokenStore(folder / "token.json"), clock=clock)
    limit = TokenBucket(per_minute, clock=clock)
    return DataApi(tokens, url=server_url, limit=limit, clock=clock)


def backfill(url: str, api: DataApi, career: Career, clock: SimulatedClock | SystemClock) -> None:
    """Search and fetch everything, starting again an hour after each maintenance."""
    with Warehouse(url).connect(autocommit=True) as connection:
        pending = list(career.seasons)
        while True:
            try:
                while pending:
                    now = datetime.fromtimestamp(clock.now(), UTC)
                    search_season(connection, api, career.cust_id, pending[0], now)
                    del pending[0]
                fetch_due(connection, api, career.seasons, clock.now)
            except MaintenanceError:
                clock.sleep(3600)
                continue
            queue = fetch_queue.of_seasons(connection, [str(each) for each in career.seasons])
            if not any(each.status in {Status.PENDING, Status.RETRY} for each in queue):
                return
            clock.sleep(600)


@dataclass(frozen=True)
class Loaded:
    """Rows, those of them that changed, and seconds of the processor: ours and PostgreSQL's."""

    rows: int
    changed: int
    ours_s: float
    server_s: float


def load(url: str) -> Loaded:
    """Load everything that was fetched."""
    with Warehouse(url).connect() as connection:
        server = psutil.Process(connection.info.backend_pid)
        ours_s, server_s = time.process_time(), busy(server)
        ids = connection.execute("SELECT subsession_id FROM raw.subsession_fetch ORDER BY 1")
        outcome = load_subsessions(connection, [row[0] for row in ids.fetchall()])
        if outcome.refused:
            raise SystemExit(f"refused: {outcome.refused}")
        return Loaded(
            sum(outcome.rows.values()),
            sum(outcome.changed.values()),
            time.process_time() - ours_s,
            busy(server) - server_s,
        )


def footprint(url: str, loaded: Loaded, races: int) -> None:
    """Print what a race took, and bytes of what it left, with indexes."""
    print(f"processor                    {loaded.ours_s / races:.3f} s a race")
    print(f"processor, PostgreSQL        {loaded.server_s / races:.3f} s a race")
    with Warehouse(url).connect() as connection:
        found = sizes(connection)
    print(f"racing.lap                   {found['racing.lap'] / races / 1e3:.0f} kB a race")
    for schema in ("racing", "raw"):
        total = sum(size for name, size in found.items() if name.startswith(f"{schema}."))
        print(f"{schema + ' in all':28} {total / races / 1e3:.0f} kB a race")


def count(url: str, what: str) -> int:
    """Rows of a table, or of a part of it."""
    with Warehouse(url).connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM {what}".encode()).fetchone()
    return int(row[0]) if row else 0


def digest(url: str) -> list[object]:
    """Digest of the tables, for comparison."""
    tables = ("subsession", "simsession", "result", "lap", "session_event")
    with Warehouse(url).connect() as connection:
        return [
            connection.execute(
                f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))"
                f" FROM racing.{table} t".encode()
            ).fetchone()
            for table in tables
        ]


def least(career: Career) -> int:
    """The fewest requests that give the whole career."""
    windows = sum(
        len(list(search_windows(season_start(each), season_start(each.next))))
        for each in career.seasons
    )
    results = (None if race.forbidden else result(career, race) for race in career.races)
    return least_requests(results, len(career.seasons), windows)


def peak_mb() -> float:
    """The most memory that this process, the simulated Data API included, has had."""
    import resource  # noqa: PLC0415 - not on Windows, where the rest of this runs

    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1024 if sys.platform != "darwin" else kib / 1024 / 1024


def fresh(folder: Path, name: str) -> str:
    """An empty, migrated database on an embedded server."""
    url = embedded.start(folder / name)
    migrate(url)
    return url


def career(folder: Path) -> None:
    """A ten-season career of 1,200 races with all laps."""
    url, clock = fresh(folder, "career"), SimulatedClock()
    fewest = least(LONG)
    with FakeDataApi(LONG, clock=clock) as server:
        began, started = time.perf_counter(), clock.now()
        backfill(url, client(server.url, folder, clock), LONG, clock)
        wall, simulated = time.perf_counter() - began, clock.now() - started
        refused = sum(n for (_, status), n in server.calls.items() if status == 429)
        print(f"races                        {len(LONG.races)}")
        print(f"API requests                 {server.requests} (least possible {fewest})")
        print(f"  over the least             {100 * (server.requests / fewest - 1):.2f} %")
        print(f"answers 429                  {refused}")
        print(f"requests a minute            {server.requests / simulated * 60:.1f} (limit 120)")
        print(f"time at 120/min              {simulated / 60:.1f} min simulated, {wall:.0f} s here")
        print(f"peak memory after fetching   {peak_mb():.0f} MB (with the simulated Data API)")
        began = time.perf_counter()
        loaded = load(url)
        seconds = time.perf_counter() - began
        print(f"lap rows                     {count(url, 'racing.lap')}")
        print(f"parse and load               {seconds:.1f} s, {loaded.rows / seconds:,.0f} rows/s")
        footprint(url, loaded, len(LONG.races))
        print(f"peak memory after loading    {peak_mb():.0f} MB")
        began, before = time.perf_counter(), server.requests
        with Warehouse(url).connect(autocommit=True) as connection:
            moment = datetime.fromtimestamp(clock.now(), UTC)
            fetch_queue.set_watermark(connection, RECENT, moment)
            api = client(server.url, folder, clock)
            search_recent(connection, api, LONG.cust_id, moment)
            fetch_due(connection, api, LONG.seasons, clock.now)
        changed = load(url).changed
        print(f"again: requests              {server.requests - before} (the poll)")
        print(f"again: rows changed          {changed}, in {time.perf_counter() - began:.1f} s")
    embedded.stop(folder / "career")


def faults(folder: Path) -> None:
    """Each fault at 20 %, over a whole career."""
    fewest = least(SHORT)
    expected: list[object] | None = None
    print(f"{'fault':40} {'hits':>5} {'requests':>9} {'ratio':>6} {'same rows':>9}")
    for number, fault in enumerate([None, *Fault]):
        url, clock = fresh(folder, f"fault{number}"), SimulatedClock()
        injected = Faults({fault: 0.2} if fault else {}, seed=number)
        with FakeDataApi(SHORT, clock=clock, faults=injected) as server:
            api = client(server.url, folder / f"fault{number}", clock)
            backfill(url, api, SHORT, clock)
            load(url)
            rows = digest(url)
            expected = expected or rows
            hits = injected.hits[fault] if fault else 0
            name = fault.value if fault else "none"
            print(
                f"{name:40} {hits:5} {server.requests:9} {server.requests / fewest:6.2f}"
                f" {'yes' if rows == expected else 'NO':>9}"
            )
        embedded.stop(folder / f"fault{number}")


def kills(folder: Path) -> None:
    """Killed with -9 at ten random moments, then once to the end."""
    chance = random.Random(7)  # noqa: S311 - chance, not secrecy
    clock = SystemClock()
    whole = fresh(folder, "whole")
    with FakeDataApi(SHORT, quota=10**9) as server:
        backfill(whole, client(server.url, folder / "whole", clock, 10**6), SHORT, clock)
        load(whole)
        expected, clean = digest(whole), server.requests
        embedded.stop(folder / "whole")
        url = fresh(folder, "killed")
        before = server.requests
        killed = 0
        command = [
            sys.executable,
            "-m",
            "benchmarks.career_backfill",
            "worker",
            url,
            server.url,
            str(folder / "killed"),
        ]
        for _ in range(10):
            process = subprocess.Popen(command)
            time.sleep(chance.uniform(1.1, 2.0))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.wait()
        subprocess.run(command, check=True)
        print(f"killed with -9               {killed} times, at random moments")
        print(f"requests                     {server.requests - before} (uninterrupted {clean})")
        print(f"same rows                    {'yes' if digest(url) == expected else 'NO'}")
    embedded.stop(folder / "killed")


def main() -> None:
    """Run what the command line asks for."""
    wanted = sys.argv[1:] or ["career", "faults", "kills"]
    if wanted[0] == "worker":
        _, url, server_url, folder = wanted
        clock = SystemClock()
        backfill(url, client(server_url, Path(folder), clock, 10**6), SHORT, clock)
        load(url)
        return
    with tempfile.TemporaryDirectory() as temporary:
        for name in wanted:
            print(f"\n== {name}")
            {"career": career, "faults": faults, "kills": kills}[name](Path(temporary))


if __name__ == "__main__":
    main()
