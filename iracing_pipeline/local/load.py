"""Load recordings and results through the assets, in this process and without a UI."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import dagster as dg
import psycopg
from psycopg.rows import dict_row

from iracing_pipeline.defs.figures.sensors import refresh_figures
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.results.sensors import load_result_files_job
from iracing_pipeline.defs.telemetry.partitions import ibt_files
from iracing_pipeline.defs.telemetry.sensors import load_telemetry, quarantine_all, run_tags
from iracing_pipeline.inbox.file_names import text_of
from iracing_pipeline.inbox.telemetry_folder import (
    FolderMissingError,
    Settle,
    State,
    TelemetryFile,
    batches,
    look,
)
from iracing_pipeline.ingest.file_kinds import FileKind, files_below, kind_of
from iracing_pipeline.local import dagster_home
from iracing_pipeline.local.runs import Runs
from iracing_pipeline.results.issues import LOST
from iracing_pipeline.warehouse import WarehouseError, inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from iracing_pipeline.settings import Settings

logger = logging.getLogger(__name__)

# Files a run: fewer than a sensor's, as a Ctrl+C ends the run.
_BATCH = 10
_COUNTED_EVERY_S = 0.5
# The files are named by somebody who knows that they are there: they need not stand still first.
_AT_ONCE = Settle(whole=timedelta(0), broken=timedelta(0))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of loading one file.

    Attributes:
        file: Its path.
        state: A state of ``ops.telemetry_file`` or ``ops.result_file``.
        session_key: The session in it, if it could be read.
        car: Name of the car.
        track: Name of the track.
        laps: Laps found.
        clean_laps: Timed laps with nothing against them.
        best_lap_time_s: The fastest of these.
        note: Repairs, or the reason of the refusal.
        kind: ``recording`` or ``results``.
        subsessions: Subsessions in a file of results.
        advice: What to do about a refused file.
    """

    file: str
    state: str
    session_key: str | None = None
    car: str | None = None
    track: str | None = None
    laps: int | None = None
    clean_laps: int | None = None
    best_lap_time_s: float | None = None
    note: str | None = None
    kind: str = FileKind.RECORDING.value
    subsessions: int | None = None
    advice: str | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether what is in the file is in the database."""
        return self.state in {"loaded", "duplicate"}


def load(
    settings: Settings, paths: Sequence[Path], progress: Callable[[int, int], None]
) -> list[Outcome]:
    """Load recordings and exported results, and those of folders, into lake and warehouse.

    The content decides the kind of a file.

    Args:
        settings: Locations of data.
        paths: Files and folders.
        progress: Called with the number of files done and of all files to load.

    Returns:
        What became of each file, in the order of ``paths``.

    Raises:
        FolderMissingError: If a folder cannot be read.
        WarehouseError: If the database cannot be used.
    """
    dagster_home.enter(settings)
    files = list(dict.fromkeys(_files(paths)))
    results = {path for path in files if kind_of(Path(path)) is FileKind.RESULTS}
    recordings = [path for path in files if path not in results]
    warehouse = WarehouseResource()
    ready = _look(warehouse, recordings)
    with dg.DagsterInstance.get() as instance:
        runs = Runs(instance)
        total = len(ready) + len(results)
        progress(0, total)
        with _counted(warehouse, ready, lambda loaded: progress(loaded, total)):
            for group in batches(ready, most=_BATCH):
                _run(instance, runs, group)
                # One of them may have brought the run down for all.
                for file in _left(warehouse, group) if len(group) > 1 else []:
                    _run(instance, runs, [file])
        if ready:
            progress(len(ready), total)
        if ready and not runs.run(refresh_figures.name):
            logger.warning("Figures over all sessions failed: see Runs in the Dagster UI")
        if results:
            asked = [path for path in files if path in results]
            config = {"ops": {"raw_result_files": {"config": {"paths": asked}}}}
            if not runs.run(load_result_files_job.name, config=config):
                logger.warning("Loading results failed: see Runs in the Dagster UI")
            progress(total, total)
    outcomes = {each.file: each for each in _outcomes(warehouse, recordings)}
    outcomes |= {each.file: each for each in _result_outcomes(warehouse, results)}
    return [outcomes[text_of(path)] for path in files]


@contextmanager
def _counted(
    warehouse: WarehouseResource, files: list[TelemetryFile], show: Callable[[int], None]
) -> Iterator[None]:
    """While files are loaded, show how many of them are done: a run takes many at once."""
    ended = Event()
    paths = [file.path for file in files]

    def count() -> None:
        shown = 0
        while not ended.wait(_COUNTED_EVERY_S):
            try:
                with warehouse.connect() as connection:
                    done = inventory.settled(connection, paths)
            except (WarehouseError, psycopg.Error):
                continue  # the runs say what is wrong with the database
            if done > shown and not ended.is_set():
                show(shown := done)

    counter = Thread(target=count, name="progress", daemon=True)
    if files:
        counter.start()
    try:
        yield
    finally:
        ended.set()
        if files:
            counter.join()


def _files(paths: Sequence[Path]) -> list[str]:
    files: list[str] = []
    for path in paths:
        whole = path.expanduser().resolve()
        if not whole.is_dir():
            files.append(str(whole))
            continue
        try:
            files += map(str, files_below(whole))
        except OSError as error:
            raise FolderMissingError(
                f"The folder {text_of(whole)} cannot be read ({error.strerror})"
            ) from error
    return files


def _look(warehouse: WarehouseResource, paths: list[str]) -> list[TelemetryFile]:
    """Add the files to the inventory; return those to load."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        inventoried = inventory.read(connection, lock=True)
        # A refused file that is named again is looked at again.
        inventoried = {
            path: file for path, file in inventoried.items() if file.state is not State.QUARANTINED
        }
        seen = look(
            paths, inventoried, inventory.loaded_records(connection), now=now, settle=_AT_ONCE
        )
        quarantine_all(connection, seen.refused)
        files = {path: inventoried[path] for path in paths if path in inventoried}
        files |= {file.path: file for file in seen.changed}
        ready = [file for file in files.values() if file.state is State.READY]
        ready = [
            replace(file, requested_at=now)
            for file in sorted(ready, key=lambda file: file.session_key or "")
        ]
        inventory.write(connection, seen.changed)
        inventory.write(connection, ready)
    return ready


def _run(instance: dg.DagsterInstance, runs: Runs, files: list[TelemetryFile]) -> None:
    """Materialize the telemetry assets of some files; each failure is kept in ``ops``."""
    runs.add_partitions(ibt_files, (str(file.session_key) for file in files))
    for tags in run_tags(files, instance.get_dynamic_partitions(str(ibt_files.name))):
        runs.run(load_telemetry.name, tags=tags)


def _left(warehouse: WarehouseResource, group: list[TelemetryFile]) -> list[TelemetryFile]:
    """Those of a group that their run has neither loaded nor refused."""
    with warehouse.connect() as connection:
        now = inventory.read(connection)
    return [file for file in group if now[file.path].state is State.READY]


def _outcomes(warehouse: WarehouseResource, paths: list[str]) -> list[Outcome]:
    names = [text_of(path) for path in paths]
    with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT f.path AS file, f.state, f.session_key, s.car_name AS car,"
            " s.track_name AS track, s.lap_count AS laps, s.clean_lap_count AS clean_laps,"
            " s.best_lap_time_s,"
            " CASE WHEN f.state = 'ready' THEN 'its run failed: see Runs in the Dagster UI'"
            " || coalesce('; ' || f.note, '') WHEN f.state = 'quarantined'"
            " THEN coalesce(q.reason, f.note) ELSE f.note END AS note,"
            " CASE f.state WHEN 'quarantined' THEN q.advice END AS advice"
            " FROM ops.telemetry_file AS f"
            " LEFT JOIN racing.telemetry_session AS s USING (session_key)"
            " LEFT JOIN LATERAL (SELECT reason, advice FROM ops.quarantine"
            "  WHERE source = 'telemetry' AND item = f.path AND resolved_at IS NULL"
            "  ORDER BY last_at DESC LIMIT 1) AS q ON true WHERE f.path = ANY(%s)",
            [names],
        ).fetchall()
    by_path = {row["file"]: Outcome(**row) for row in rows}
    return [by_path.get(name) or _missing(name, FileKind.RECORDING) for name in names]


def _result_outcomes(warehouse: WarehouseResource, paths: Iterable[str]) -> list[Outcome]:
    names = [text_of(path) for path in paths]
    with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT f.path AS file, f.state, f.subsessions, CASE f.state"
            " WHEN 'quarantined' THEN q.reason"
            " WHEN 'reading' THEN 'its run failed: see Runs in the Dagster UI'"
            " ELSE (SELECT string_agg(DISTINCT i.field || ': ' || i.problem, ', ')"
            "  FROM ops.item_issue AS i WHERE i.source = 'result_file' AND i.item = f.path"
            "  AND i.problem = ANY(%(shown)s)) END AS note,"
            " CASE f.state WHEN 'quarantined' THEN q.advice END AS advice"
            " FROM ops.result_file AS f LEFT JOIN LATERAL (SELECT reason, advice"
            "  FROM ops.quarantine WHERE source = 'result_file' AND item = f.path"
            "  AND resolved_at IS NULL ORDER BY last_at DESC LIMIT 1) AS q ON true"
            " WHERE f.path = ANY(%(names)s)",
            {"names": names, "shown": [problem.value for problem in LOST]},
        ).fetchall()
    by_path = {row["file"]: Outcome(kind=FileKind.RESULTS.value, **row) for row in rows}
    return [by_path.get(name) or _missing(name, FileKind.RESULTS) for name in names]


def _missing(name: str, kind: FileKind) -> Outcome:
    return Outcome(name, State.MISSING, note="there is no such file", kind=kind.value)
