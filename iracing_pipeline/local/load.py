"""Load files through the assets, in this process and without a UI."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from psycopg.rows import dict_row

from iracing_pipeline.defs.figures.sensors import refresh_figures
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.defs.telemetry.partitions import ibt_files
from iracing_pipeline.defs.telemetry.sensors import load_telemetry, quarantine_all, run_tags
from iracing_pipeline.inbox.telemetry_folder import (
    Settle,
    State,
    TelemetryFile,
    batches,
    list_folder,
    look,
)
from iracing_pipeline.local import dagster_home
from iracing_pipeline.local.runs import Runs
from iracing_pipeline.warehouse import inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from iracing_pipeline.settings import Settings

logger = logging.getLogger(__name__)

# Files a run: fewer than a sensor's, so that progress is seen.
_BATCH = 10
# The files are named by somebody who knows that they are there: they need not stand still first.
_AT_ONCE = Settle(whole=timedelta(0), broken=timedelta(0))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        file: Its path.
        state: A state of ``ops.telemetry_file``.
        session_key: The session in it, if it could be read.
        car: Name of the car.
        track: Name of the track.
        laps: Laps found.
        clean_laps: Timed laps with nothing against them.
        best_lap_time_s: The fastest of these.
        note: What was recovered, or why it was refused.
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


def load(
    settings: Settings, paths: Sequence[Path], progress: Callable[[int, int], None]
) -> list[Outcome]:
    """Load files, and the ``.ibt`` files of folders, into the lake and the warehouse.

    Args:
        settings: Where things are.
        paths: Files and folders.
        progress: Called with the number of files done and of all files to load.

    Raises:
        FolderMissingError: If a folder cannot be read.
        WarehouseError: If the database cannot be used.
    """
    dagster_home.enter(settings)
    found = list(dict.fromkeys(_files(paths)))
    warehouse = WarehouseResource()
    ready = _look(warehouse, found)
    with dg.DagsterInstance.get() as instance:
        runs = Runs(instance)
        done = 0
        progress(done, len(ready))
        for group in batches(ready, most=_BATCH):
            _run(instance, runs, group)
            # One of them may have brought the run down for all.
            for file in _left(warehouse, group) if len(group) > 1 else []:
                _run(instance, runs, [file])
            done += len(group)
            progress(done, len(ready))
        if ready and not runs.run(refresh_figures.name):
            logger.warning("Figures over all sessions failed: see Runs in the Dagster UI")
    return _outcomes(warehouse, found)


def _files(paths: Sequence[Path]) -> list[str]:
    files: list[str] = []
    for path in paths:
        whole = path.expanduser().resolve()
        files += sorted(list_folder(whole)) if whole.is_dir() else [str(whole)]
    return files


def _look(warehouse: WarehouseResource, paths: list[str]) -> list[TelemetryFile]:
    """Take the files into the inventory; those that are to be loaded."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        known = inventory.read(connection, lock=True)
        # A refused file that is named again is looked at again.
        known = {path: file for path, file in known.items() if file.state is not State.QUARANTINED}
        seen = look(paths, known, inventory.loaded_records(connection), now=now, settle=_AT_ONCE)
        quarantine_all(connection, seen.refused)
        files = {path: known[path] for path in paths if path in known}
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
    with warehouse.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT f.path AS file, f.state, f.session_key, s.car_name AS car,"
            " s.track_name AS track, s.lap_count AS laps, s.clean_lap_count AS clean_laps,"
            " s.best_lap_time_s,"
            " CASE WHEN f.state = 'ready' THEN 'its run failed: see Runs in the Dagster UI'"
            " || coalesce('; ' || f.note, '') ELSE f.note END AS note"
            " FROM ops.telemetry_file AS f"
            " LEFT JOIN racing.telemetry_session AS s USING (session_key) WHERE f.path = ANY(%s)",
            [paths],
        ).fetchall()
    by_path = {row["file"]: Outcome(**row) for row in rows}
    return [
        by_path.get(path) or Outcome(path, State.MISSING, note="there is no such file")
        for path in paths
    ]
