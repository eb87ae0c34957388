"""Feed damaged recordings, exports and archives to the whole pipeline.

``python -m benchmarks.fuzz_pipeline --cases 20000`` mutates small recordings of the simulator, and
those of the folder that ``IRACING_TEST_DATA`` or ``../shared/data`` names, and takes each the whole
way: load, analysis, metadata, export to MoTeC and a report. A batch of 200 then goes through
results and all figures, is backed up and restored. One good session is loaded beforehand.

It holds that

* nothing fails but the item itself: whatever a case raises is a message of its own, and all that
  works over all sessions, cars and tracks succeeds;
* the rows of the good session stay as they are;
* every figure that is stored is finite and within the bounds of its column;
* a case takes bounded time and the process bounded memory.

Cases that break one of these are kept, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
import traceback
import uuid
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from benchmarks.fuzz_ibt import starts
from benchmarks.ibt_mutation import mutate, spoil_values
from iracing_pipeline.analysis.samples import MissingChannelError
from iracing_pipeline.analysis.segments import TooManyLapsError
from iracing_pipeline.backup.errors import BackupError
from iracing_pipeline.backup.restore import restore
from iracing_pipeline.backup.write import write as backup
from iracing_pipeline.defs.figures import metadata as figure_metadata
from iracing_pipeline.defs.telemetry import lap_metadata, metadata
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.event import Event
from iracing_pipeline.demo.plan import Plan, Session
from iracing_pipeline.demo.session_info import Sheet, session_info
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline.ibt import Facts, IbtError, IbtFile
from iracing_pipeline.ibt.writer import write_ibt
from iracing_pipeline.ingest import figures, lap_analysis
from iracing_pipeline.ingest.export import Format, export
from iracing_pipeline.ingest.lap_tables import LAP_ASSETS
from iracing_pipeline.ingest.members import rebuild_ratings
from iracing_pipeline.ingest.result_files import (
    load_result_files,
    load_session_info,
    sessions_to_read,
)
from iracing_pipeline.ingest.telemetry import (
    FRAMES,
    KIND,
    OutOfBoundsError,
    StoredFrames,
    analyse,
    load,
    store_frames,
)
from iracing_pipeline.lake import Lake
from iracing_pipeline.report import read, report
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.warehouse import bounds, embedded
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import WarehouseError
from iracing_pipeline.warehouse.migrate import migrate
from iracing_pipeline_tests.analysis.simulated import PAIRS
from iracing_pipeline_tests.conftest import at_database, run_statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.warehouse.connection import Connection

BATCH = 200
ARCHIVES = 4
"""Damaged archives a batch."""
CASE_SECONDS = 10.0
MEMORY_BYTES = 1 << 30
GOOD = "formula"
"""Facts of the good session, which no other session has."""

START = datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC)
# What may be said of a bad recording.
_MESSAGES = (IbtError, MissingChannelError, TooManyLapsError, OutOfBoundsError, WarehouseError)
_LARGE = 0.15
_EXPORTED = 3  # of a hundred cases are exports, not recordings


@dataclass
class Tally:
    """Counts of a campaign."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def simulated(pair: str, seed: int, *, laps: int, every: int, race: bool = False) -> bytes:
    """A small recording of the simulator: every so many of its records."""
    car, circuit = PAIRS[pair]
    kind = Session.RACE if race else Session.PRACTICE
    plan = Plan(kind, laps=laps, fuel_l=2.0 + 4.0 * laps, experience_laps=80)
    frame, _ = simulate_session(car, circuit, plan, seed)
    event = Event()
    sheet = Sheet(
        car=car, circuit=circuit, plan=plan, event=event, start=START, setup_name="a.sto",
        encoding=None,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.ibt")
        write_ibt(path, frame[::every], channels_of(car), session_info(sheet), start=START)
        data = path.read_bytes()
    # Results are of sessions that were online.
    return data.replace(b" SubSessionID: 0\n", b" SubSessionID: 7\n")


def recordings() -> list[bytes]:
    """The recordings that damage starts from."""
    pairs = [pair for pair in PAIRS if pair != GOOD]
    own = [
        simulated(pair, seed, laps=laps, every=12)
        for seed, pair in enumerate(pairs)
        for laps in (1, 3)
    ]
    shared = Path(__file__).parents[2] / "shared" / "data"
    given = [
        path.read_bytes()
        for path in sorted([*shared.glob("cases/*/*.ibt"), *shared.glob("ibt/*.ibt")])
        if path.stat().st_size < 500_000
    ]
    return [*starts(), *own, *given]


class Case:
    """The pipeline in a scratch database and a scratch lake."""

    def __init__(self, url: str, folder: Path, tally: Tally, keep: Path) -> None:
        self.url, self.folder, self.tally, self.keep = url, folder, tally, keep
        self.lake = Lake(folder / "lake")

    def recording(self, connection: Connection, data: bytes, name: str) -> None:
        """Take a recording the whole way; whatever it raises is judged."""
        path = self.folder / name
        path.write_bytes(data)
        began = time.process_time()
        try:
            outcome = self._recording(connection, path)
        except _MESSAGES as error:
            connection.rollback()
            outcome = f"refused: {type(error).__name__}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            connection.rollback()
            outcome = self._failed(error, data, ".ibt")
        finally:
            path.unlink()
        took = time.process_time() - began
        self.tally.slowest = max(self.tally.slowest, took)
        if took > CASE_SECONDS:
            self._failed(TimeoutError(f"took {took:.0f} s"), data, ".ibt")
        self.tally.outcomes[outcome] += 1

    def _recording(self, connection: Connection, path: Path) -> str:
        file = IbtFile(path)
        key = file.session_key
        result = analyse(file)
        store_frames(self.lake, file)
        track = lap_analysis.kept(connection, result.track_id)
        analysis = lap_analysis.analyse_laps(result, track)
        load(
            connection,
            result,
            frames_uri=self.lake.uri(KIND, key, FRAMES),
            left_out=analysis.left_out,
        )
        lap_analysis.load(connection, key, analysis)
        connection.commit()
        shows: tuple[Callable[[], object], ...] = (
            partial(metadata.of_session, result),
            partial(metadata.of_laps, result),
            *(partial(lap_metadata.of_asset, asset, result, analysis) for asset in LAP_ASSETS),
        )
        for show in shows:
            show()
        report(read(connection, key))
        connection.rollback()
        written = export(StoredFrames(self.lake, key), self.folder / "export", Format.MOTEC)
        size = sum(each.stat().st_size for each in written)
        for each in written:
            each.unlink()
        if size > 64 * path.stat().st_size + (1 << 20):
            raise ValueError(f"an export of {size} bytes from {path.stat().st_size}")
        if analysis.left_out or result.left_out:
            return "loaded, with values left out"
        return "loaded"

    def export(self, connection: Connection, rng: random.Random, number: int) -> None:
        """Load a damaged export."""
        path = self.folder / f"{number}.{rng.choice(('json', 'csv'))}"
        data = _damaged_export(rng)
        path.write_bytes(data)
        try:
            done = load_result_files(connection, [path])
            outcome = "export refused" if done.refused else "export loaded"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            connection.rollback()
            outcome = self._failed(error, data, path.suffix)
        finally:
            path.unlink()
        self.tally.outcomes[outcome] += 1

    def over_all(self, connection: Connection) -> None:
        """Work out what is over all sessions; nothing of it may fail."""
        keys = sessions_to_read(connection)
        done = load_session_info(
            connection, [(key, partial(_facts, self.lake, key)) for key in keys]
        )
        self.tally.counts["results refused"] += len(done.refused)
        self.tally.counts["results loaded"] += len(done.loaded)
        rebuild_ratings(connection)
        connection.commit()
        for rebuild, show in (
            (figures.rebuild_car_tracks, figure_metadata.of_car_tracks),
            (figures.rebuild_race_plans, figure_metadata.of_race_plans),
            (figures.rebuild_consistency_trends, figure_metadata.of_trends),
            (figures.rebuild_setup_comparisons, figure_metadata.of_setups),
            (figures.rebuild_rating_outlook, figure_metadata.of_forecasts),
        ):
            show(connection, rebuild(connection))
            connection.commit()
        refused = connection.execute(
            "SELECT count(*) FROM ops.quarantine WHERE source = ANY(%s)",
            [["car_tracks", "race_plans", "consistency_trends", "setup_comparisons"]],
        ).fetchone()
        self.tally.counts["figures of items put aside"] += refused[0] if refused else 0

    def check(self, connection: Connection) -> None:
        """Every stored figure is within its bounds, by the declarations alone."""
        for table in TABLES:
            conditions = bounds.conditions(table)
            if not conditions:
                continue
            counts = sql.SQL(", ").join(
                sql.SQL("count(*) FILTER (WHERE NOT ({}))").format(sql.SQL(text))
                for text in conditions.values()
            )
            row = connection.execute(
                sql.SQL("SELECT {} FROM {}").format(counts, sql.Identifier(*table.name.split(".")))
            ).fetchone()
            for name, count in zip(conditions, row or (), strict=True):
                self.tally.counts["columns checked"] += 1
                if count:
                    self._failed(ValueError(f"{table.name} {name}: {count} out of bounds"), b"", "")
        connection.rollback()

    def save_and_restore(self, rng: random.Random, server: str) -> None:
        """Back up, restore elsewhere, compare; then restore damaged copies."""
        archive = self.folder / "backup.zip"
        backup(archive, self.url, self.lake, _silent)
        counts = []
        for damage in (False, *([True] * ARCHIVES)):
            name = f"iracing_fuzz_{uuid.uuid4().hex[:8]}"
            run_statement(server, "CREATE DATABASE {}", name)
            source = archive
            data = b""
            if damage:
                source = self.folder / "damaged.zip"
                data = _damaged_archive(rng, archive)
                source.write_bytes(data)
            try:
                restore(source, at_database(server, name), Lake(self.folder / name), _silent)
                self.tally.outcomes["archive restored"] += 1
                if not damage:
                    counts = [_rows(self.url), _rows(at_database(server, name))]
            except (BackupError, WarehouseError) as error:
                self.tally.outcomes[f"archive refused: {type(error).__name__}"] += 1
                if not damage:
                    self._failed(error, b"", "")
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                self.tally.outcomes[self._failed(error, data, ".zip")] += 1
            finally:
                run_statement(server, "DROP DATABASE {} WITH (FORCE)", name)
        if counts and counts[0] != counts[1]:
            self._failed(ValueError("a restored database has other rows"), b"", "")

    def _failed(self, error: Exception, data: bytes, suffix: str) -> str:
        """Note a finding once for each place that it comes from."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [each for each in frames if "iracing_pipeline" in each.filename] or frames
        at = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "check"
        name = f"FAILED {type(error).__name__} at {at}"
        if name not in self.tally.failures:
            self.keep.mkdir(parents=True, exist_ok=True)
            if data:
                (self.keep / f"{len(self.tally.failures)}{suffix}").write_bytes(data)
            lines = "".join(traceback.format_exception(error))
            self.tally.failures[name] = f"{name}: {error}\n{lines}"
        return name


def fuzz(
    server: str,
    cases: int,
    *,
    seed: int,
    keep: Path,
    exports: bool = True,
    archives: bool = True,
    until: float = float("inf"),
    template: str | None = None,
    report_batch: Callable[[int, Tally], object] = lambda _done, _tally: None,
) -> Tally:
    """Run a campaign against a database server.

    Args:
        server: URL of a server to make databases on.
        cases: Recordings and exports.
        seed: Of the random choices.
        keep: Where cases go that break a promise.
        exports: Whether some of the cases are exports.
        archives: Whether each batch is backed up and restored.
        until: When no further case is begun, by the monotonic clock.
        template: Name of a migrated database to copy; None to migrate a new one.
        report_batch: Called with the cases done after each batch.
    """
    tally, rng = Tally(), random.Random(seed)  # noqa: S311 - not for secrets
    bases = recordings()
    small = sorted(bases, key=len)[: len(bases) // 2]
    good = simulated(GOOD, 5, laps=5, every=6)
    done = 0
    while done < cases:
        with (
            tempfile.TemporaryDirectory(dir=_memory()) as folder,
            _Database(server, template) as url,
        ):
            case = Case(url, Path(folder), tally, keep)
            with Warehouse(url).connect() as connection:
                connection.execute("SET synchronous_commit = off")
                case.recording(connection, good, "good.ibt")
                case.over_all(connection)
                before = _good_rows(connection)
                for number in range(min(BATCH, cases - done)):
                    if time.monotonic() > until:
                        cases = done
                        break
                    done += 1
                    if exports and rng.randrange(100) < _EXPORTED:
                        case.export(connection, rng, number)
                        continue
                    # Small ones more often: they say as much of a value, and take a tenth.
                    data = rng.choice(bases if rng.random() < _LARGE else small)
                    change = spoil_values if rng.random() < 0.7 else None
                    data = change(rng, data) if change else mutate(rng, data, bases)
                    case.recording(connection, data, f"{number}.ibt")
                try:
                    case.over_all(connection)
                    case.check(connection)
                    if _good_rows(connection) != before:
                        raise ValueError("the good session has other rows than before")  # noqa: TRY301
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                    connection.rollback()
                    case._failed(error, b"", "")  # noqa: SLF001
            if archives:
                case.save_and_restore(rng, server)
        report_batch(done, tally)
    tally.counts["cases"] = done
    return tally


def _facts(lake: Lake, session_key: str) -> Facts:
    return StoredFrames(lake, session_key).facts


def _damaged_export(rng: random.Random) -> bytes:
    row = {
        "subsession_id": rng.choice((81, 2**63, 0, -1, "x", None, [1])),
        "season_year": rng.choice((2026, 10**20)),
        "start_time": "2026-03-07T19:15:33Z",
        "track": {"track_id": rng.choice((1, 10**30))},
        "session_results": [
            {
                "simsession_number": rng.choice((0, 10**12)),
                "results": [{"cust_id": rng.choice((5, 10**18)), "finish_position": 10**9}],
            }
        ],
    }
    text = json.dumps(row if rng.random() < 0.5 else [row])
    at = rng.randrange(len(text))
    if rng.random() < 0.5:
        text = text[:at] + rng.choice(("", "\x00", '"', "9" * 30, "}", "é")) + text[at + 1 :]
    return text.encode()


def _damaged_archive(rng: random.Random, archive: Path) -> bytes:
    """An archive with some bytes changed, cut off, or with a member exchanged."""
    data = bytearray(archive.read_bytes())
    chosen = rng.random()
    if chosen < 0.3:
        return bytes(data[: rng.randrange(len(data))])
    if chosen < 0.7:
        for _ in range(rng.choice((1, 3, 50))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.zip")
        with zipfile.ZipFile(archive) as source, zipfile.ZipFile(path, "w") as target:
            names = source.namelist()
            spoilt = rng.choice(names)
            for name in names:
                content = source.read(name)
                if name == spoilt:
                    content = content[: rng.randrange(len(content) + 1)] + b"\x00"
                target.writestr(name, content)
        return path.read_bytes()


class _Database:
    """A migrated database that is dropped at the end: a copy of one, or a new one."""

    def __init__(self, server: str, template: str | None) -> None:
        self.server, self.name = server, f"iracing_fuzz_{uuid.uuid4().hex[:8]}"
        self.template = template

    def __enter__(self) -> str:
        url = at_database(self.server, self.name)
        if self.template is None:
            run_statement(self.server, "CREATE DATABASE {}", self.name)
            migrate(url)
        else:
            run_statement(self.server, "CREATE DATABASE {} TEMPLATE {}", self.name, self.template)
        return url

    def __exit__(self, *_: object) -> None:
        run_statement(self.server, "DROP DATABASE {} WITH (FORCE)", self.name)


def _good_rows(connection: Connection) -> list[object]:
    """Stored rows of the good session, without frames."""
    rows: list[object] = []
    for table in TABLES:
        if "session_key" in table.names and table.name.startswith("racing."):
            rows += connection.execute(
                sql.SQL(
                    "SELECT t::text FROM {} AS t JOIN racing.telemetry_session AS s"
                    " USING (session_key) WHERE s.file_name = 'good.ibt' ORDER BY 1"
                ).format(sql.Identifier(*table.name.split(".")))
            ).fetchall()
    connection.rollback()
    return rows


def _rows(url: str) -> dict[str, int]:
    counts = {}
    with Warehouse(url).connect() as connection:
        for table in TABLES:
            row = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.name.split(".")))
            ).fetchone()
            counts[table.name] = row[0] if row else 0
    return counts


def _progress(done: int, tally: Tally) -> None:
    print(f"{done} cases, {len(tally.failures)} broken promises", flush=True)


def _silent(_: str) -> None:
    """Say nothing."""


def _memory() -> str | None:
    """A folder in memory where there is one: the disk is not what is tested."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def main() -> int:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    asked = parser.parse_args()
    # Beyond this an allocation fails, and the case with it.
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=_memory()) as home:
        server = embedded.start(Path(home))
        try:
            with psycopg.connect(server, autocommit=True) as admin:
                admin.execute("ALTER SYSTEM SET fsync = off")
                admin.execute("SELECT pg_reload_conf()")
            tally = fuzz(
                server,
                asked.cases,
                seed=asked.seed,
                keep=asked.keep,
                until=time.monotonic() + 60 * asked.minutes,
                report_batch=_progress,
            )
        finally:
            embedded.stop(Path(home))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{tally.counts['cases']:,} cases in {seconds:.0f} s; seed {asked.seed}")
    print(f"slowest case  {tally.slowest:8.2f} s of processor time")
    print(f"peak memory   {peak:8.0f} MB of {MEMORY_BYTES >> 20} MB")
    for name, count in sorted(tally.counts.items()):
        print(f"{count:10,}  {name}")
    for name, count in tally.outcomes.most_common():
        print(f"{count:10,}  {name}")
    for text in tally.failures.values():
        print(text)
    print(f"{len(tally.failures)} broken promises")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
