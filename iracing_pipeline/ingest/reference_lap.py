"""Reference laps: the best lap of an ``.ibt`` file of somebody, or a lap of Garage 61."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import traces
from iracing_pipeline.analysis.reference import OtherTrackError, follows
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.unrolled import Unrolled, unroll
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.exchange import garage61
from iracing_pipeline.ibt import IbtFile, StartSource
from iracing_pipeline.ingest import lap_analysis
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP
from iracing_pipeline.tables.traces import REFERENCE_LAP
from iracing_pipeline.warehouse.load import upsert
from iracing_pipeline.warehouse.read import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from iracing_pipeline.analysis.track_grid import Grid
    from iracing_pipeline.ibt import Facts
    from iracing_pipeline.warehouse.connection import Connection


class UnusableReferenceError(PipelineError):
    """A file has no lap to compare with, or its track is not known here."""


def add(connection: Connection, path: Path, *, track_id: int | None = None) -> dict[str, Any]:
    """Read a reference lap and keep it, in the caller's transaction.

    Args:
        connection: The warehouse.
        path: An ``.ibt`` file, of which the fastest clean lap is taken, or a CSV of Garage 61.
        track_id: The track configuration; needed for CSV, checked for ``.ibt``.

    Returns:
        The row of ``racing.reference_lap``.

    Raises:
        UnusableReferenceError: If it has no usable lap, or its track is not known here.
        OtherTrackError: If it was driven elsewhere.
        Garage61Error: If it is no lap of Garage 61.
        IbtError: If it is no ``.ibt`` file.
        OSError: If it cannot be read.
    """
    if path.suffix.lower() == ".csv":
        if track_id is None:
            raise UnusableReferenceError(
                f"{path.name} does not say which track it is of: give its TrackID, as in"
                " grafana.telemetry_sessions"
            )
        row = _of_csv(path, _grid(connection, track_id))
    else:
        row = _of_ibt(connection, path)
        if track_id is not None and row["track_id"] != track_id:
            raise OtherTrackError(
                f"{path.name} is a lap of track {row['track_id']}, not of {track_id}"
            )
    _keeps_to_the_track(connection, row)
    upsert(connection, REFERENCE_LAP, REFERENCE_LAP.frame([row]))
    return row


def move_to_grid(connection: Connection, track_ids: Iterable[int]) -> int:
    """Put the reference laps of some tracks on the present grid, in the caller's transaction.

    Between two points of their earlier grid, numbers are interpolated; gears and flags are those of
    the nearest point.

    Returns:
        How many were on another grid.
    """
    moved = 0
    for track_id in track_ids:
        grid = lap_analysis.kept(connection, track_id).grid
        rows = read_table(connection, REFERENCE_LAP, where={"track_id": track_id}).to_dicts()
        other = [row for row in rows if grid and not _is_on(row, grid)]
        if grid is not None and other:
            fresh = [_on_grid(row, grid) for row in other]
            upsert(connection, REFERENCE_LAP, REFERENCE_LAP.frame(fresh))
            moved += len(other)
    return moved


def _is_on(row: dict[str, Any], grid: Grid) -> bool:
    return bool(row["length_m"] == grid.length_m and row["interval_count"] == grid.intervals)


def _on_grid(row: dict[str, Any], grid: Grid) -> dict[str, Any]:
    before = np.linspace(0.0, 1.0, row["interval_count"] + 1)
    moved = row | {"length_m": grid.length_m, "interval_count": grid.intervals}
    for column in REFERENCE_LAP.columns:
        values = row[column.name]
        if not column.array or values is None:
            continue
        if column.inner.is_float():
            numbers = np.array(values, dtype=np.float64)
            moved[column.name] = np.interp(grid.pct, before, numbers).tolist()
        else:
            nearest = np.rint(grid.pct * row["interval_count"]).astype(int)
            moved[column.name] = [values[at] for at in nearest]
    return moved


def _of_ibt(connection: Connection, path: Path) -> dict[str, Any]:
    telemetry = analyse(IbtFile(path))
    best = telemetry.best_lap
    if best is None or telemetry.track_id is None:
        raise UnusableReferenceError(f"{path.name} has no clean lap on a track with a TrackID")
    grid = _grid(connection, telemetry.track_id)
    lap = telemetry.laps.filter(pl.col("first_record") == best["first_record"])
    unrolled = unroll(Samples.of(telemetry.records), lap)
    session = telemetry.session.row(0, named=True)
    return _row(
        traces.lap_traces(telemetry.records, unrolled, grid),
        {
            "reference_key": f"ibt-{telemetry.facts.session_key}-{best['lap_number']}",
            "source": "ibt",
            "file_name": path.name,
            "lap_time_method": best["lap_time_method"],
            "driven_at": _driven_at(telemetry.facts, best),
            **{name: best[name] for name in ("air_temp_c", "track_temp_c", "track_wetness")},
            **{name: session[name] for name in ("car_id", "car_name", "driver_name")},
        },
    )


def _driven_at(facts: Facts, lap: dict[str, Any]) -> datetime | None:
    """When a lap began; None where the start of its recording is an estimate."""
    moment: datetime = lap["start_time"]
    return moment if facts.start_source is StartSource.HEADER else None


def _of_csv(path: Path, grid: Grid) -> dict[str, Any]:
    content = path.read_bytes()
    lap = garage61.read(content, path.name, track_length_m=grid.length_m)
    time = lap.lap_time_s or lap.integrated_s
    pct = lap.records.get_column("LapDistPct").to_numpy().astype(np.float64)
    clock = lap.records.get_column("SessionTime").to_numpy()
    # A lap of its own: the line at either end, where the nearest samples stand.
    rows = np.concatenate(([0], np.arange(1, len(pct) + 1), [len(pct) + 1]))
    padded = pl.concat([lap.records.head(1), lap.records, lap.records.tail(1)])
    unrolled = Unrolled(
        laps=_as_lap(time),
        rows=rows,
        place=np.concatenate(([min(0.0, pct[0]) - 1e-9], pct, [max(1.0, pct[-1]) + 1e-9])),
        times=np.concatenate(([0.0], clock, [time])),
        slips=np.zeros(len(rows)),
    )
    digest = hashlib.blake2b(content, digest_size=8).hexdigest()
    row = _row(
        traces.lap_traces(padded, unrolled, grid),
        {
            "reference_key": f"garage61-{digest}",
            "source": "garage61",
            "file_name": path.name,
            "lap_time_method": "integration" if lap.lap_time_s is None else "file_name",
            "car_name": lap.car,
            "driver_name": lap.driver,
        },
    )
    # Stretching to the lap time is what was spread over this lap.
    return row | {"closure_s": time - lap.integrated_s}


def _as_lap(lap_time_s: float) -> pl.DataFrame:
    moment = datetime(1970, 1, 1, tzinfo=UTC)
    return TELEMETRY_LAP.frame(
        [
            {
                "session_key": "",
                "stint": 1,
                "lap_number": 1,
                "kind": "timed",
                "reasons": [],
                "clean": True,
                "lap_time_s": lap_time_s,
                "start_time": moment,
                "start_session_time_s": 0.0,
                "end_session_time_s": lap_time_s,
                "first_record": 0,
                "record_count": 1,
            }
        ]
    )


def _row(trace: pl.DataFrame, row: dict[str, Any]) -> dict[str, Any]:
    if trace.is_empty():
        raise UnusableReferenceError(f"{row['file_name']} has no lap from line to line")
    values = trace.row(0, named=True)
    return {name: row.get(name, values.get(name)) for name in REFERENCE_LAP.names}


def _grid(connection: Connection, track_id: int) -> Grid:
    grid = lap_analysis.kept(connection, track_id).grid
    if grid is None:
        raise UnusableReferenceError(
            f"track {track_id} is not known yet: load a session of your own there first"
        )
    return grid


def _keeps_to_the_track(connection: Connection, row: dict[str, Any]) -> None:
    """Compare its positions with a lap that was driven here."""
    own = connection.execute(
        "SELECT trace.east_m, trace.north_m FROM racing.lap_trace AS trace"
        " WHERE trace.track_id = %s AND trace.interval_count = %s AND trace.east_m IS NOT NULL"
        " ORDER BY trace.lap_time_s LIMIT 1",
        [row["track_id"], row["interval_count"]],
    ).fetchone()
    if own is None or row["east_m"] is None:
        return
    lines = [
        tuple(np.array(values, dtype=np.float64) for values in pair)
        for pair in (own, (row["east_m"], row["north_m"]))
    ]
    if not follows((lines[1][0], lines[1][1]), (lines[0][0], lines[0][1])):
        raise OtherTrackError(
            f"{row['file_name']} was not driven on track {row['track_id']}: its positions lie"
            " elsewhere"
        )
