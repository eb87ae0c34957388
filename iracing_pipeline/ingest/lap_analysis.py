"""Analysis of the laps of one file: traces, sectors, corners, stints, fuel, tyres and dampers.

The grid and the corner map of a track are kept in the warehouse, and all sessions are measured by
them. A session makes them if its own sources agree on the length of the lap; they are replaced when
more sessions contradict them (:mod:`iracing_pipeline.analysis.track_evidence`). Sessions that were
measured by an earlier grid or map are then ``outdated``, to be measured again from their frames.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from iracing_pipeline.analysis import (
    corner_map,
    track_evidence,
    track_grid,
    tyres,
)
from iracing_pipeline.analysis.corner_map import CornerMap
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.track_evidence import SESSIONS_AGREE, Measurement
from iracing_pipeline.analysis.track_grid import Grid
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.ingest.lap_tables import LAP_TABLES, Drive
from iracing_pipeline.tables.corners import CORNER_MAP
from iracing_pipeline.tables.traces import TRACK_GRID, TRACK_MEASUREMENT
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import Loaded, replace, upsert

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.tables import Table
    from iracing_pipeline.tables.column import OutOfBounds
    from iracing_pipeline.warehouse.connection import Connection

# The race of a session is taken apart again with what its telemetry shows.
_FORGET = """
DELETE FROM racing.race_analysis AS done USING racing.telemetry_session AS session
WHERE session.session_key = %s AND done.subsession_id = session.subsession_id
"""
_LOCK = 0x6972_6163  # any number, the same in all versions
# Laps that lie on both sides of the line; as much of the lap before as any first corner needs.
_LAP_BEFORE = 0.5


@dataclass(frozen=True, slots=True)
class Kept:
    """Stored data of a track; None if no file was driven there before.

    Attributes:
        grid: The grid.
        corners: The corner map.
        grid_session: The session that the grid is of.
        corners_session: The session that the corner map is of.
        measurements: Length and corners of the track by each session, by its key.
    """

    grid: Grid | None = None
    corners: CornerMap | None = None
    grid_session: str | None = None
    corners_session: str | None = None
    measurements: Mapping[str, Measurement] = field(default_factory=dict)


@dataclass(slots=True)
class LapAnalysis:
    """Analysis of the laps of one file.

    Attributes:
        grid: Grid of the track; None if the file gives no length.
        corners: Corner map of the track; None where no lap shows it.
        tables: Rows of each table that belongs to the session.
        made: Rows that are new to the track: its grid, its map.
        left_out: Values outside the bounds of their columns.
        seconds: Duration.
    """

    grid: Grid | None
    corners: CornerMap | None
    tables: dict[Table, pl.DataFrame]
    made: dict[Table, pl.DataFrame] = field(default_factory=dict)
    left_out: list[OutOfBounds] = field(default_factory=list)
    seconds: float = 0.0


def kept(connection: Connection, track_id: int | None) -> Kept:
    """Load the stored data of a track, and lock it until the transaction ends."""
    if track_id is None:
        return Kept()
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, track_id])
    grid = _rows(connection, TRACK_GRID, track_id)
    corners = _rows(connection, CORNER_MAP, track_id).sort("version")
    measured = _rows(connection, TRACK_MEASUREMENT, track_id).rows(named=True)
    return Kept(
        grid=Grid.of_row(grid.row(0, named=True)) if grid.height else None,
        corners=CornerMap.of_rows(corners),
        grid_session=grid["session_key"][0] if grid.height else None,
        corners_session=corners["session_key"][-1] if corners.height else None,
        measurements={row["session_key"]: Measurement.of_row(row) for row in measured},
    )


def analyse_laps(telemetry: Telemetry, track: Kept | None = None) -> LapAnalysis:
    """Analyse the laps of a file.

    Args:
        telemetry: The file, with its records of
            :data:`iracing_pipeline.analysis.channels.CHANNELS`.
        track: What is kept of its track.
    """
    began = time.perf_counter()
    track = track or Kept()
    records, laps = telemetry.records, telemetry.laps
    session = telemetry.session.row(0, named=True)
    samples = Samples.of(records)
    records = _with_speed(records, samples)
    lengths = track_evidence.lengths(records, samples, session["track_length_m"])
    own = track_grid.measure(records, lengths, track_id=session["track_id"])
    unrolled = unroll(samples, laps, before=_LAP_BEFORE)
    shown = corner_map.find(records, unrolled, own) if own is not None else None
    evidence = shown if shown is not None and shown.clean and len(unrolled) else None
    measurement = (
        TRACK_MEASUREMENT.frame()
        if own is None
        else track_evidence.track_measurement(own, lengths, evidence, session["session_key"])
    )
    choice = _choose(track, own, shown, measurement)
    drive = Drive(
        telemetry=telemetry,
        session=session,
        records=records,
        samples=samples,
        unrolled=unrolled,
        tyre_sets=tyres.tyre_sets(records, samples, laps),
        measurement=measurement,
        grid=choice.grid,
        corners=choice.corners,
    )
    analysis = LapAnalysis(choice.grid, choice.corners, drive.tables)
    for each in LAP_TABLES:
        rows, left_out = each.table.bounded(each.make(drive))
        analysis.tables[each.table] = rows
        analysis.left_out += left_out
    for table, rows in _new_to_the_track(choice, drive).items():
        analysis.made[table], left_out = table.bounded(rows)
        analysis.left_out += left_out
    analysis.seconds = time.perf_counter() - began
    return analysis


def _new_to_the_track(choice: _Choice, drive: Drive) -> dict[Table, pl.DataFrame]:
    """Rows of the grid and the corner map, where this file makes them."""
    new: dict[Table, pl.DataFrame] = {}
    if choice.grid is None:
        return new
    if choice.new_grid and len(drive.unrolled):
        new[TRACK_GRID] = track_grid.track_grid(choice.grid, drive.session)
    if choice.corners is not None and choice.new_corners and choice.grid.track_id is not None:
        new[CORNER_MAP] = choice.corners.rows(choice.grid, drive.session["session_key"])
    return new


def _with_speed(records: pl.DataFrame, samples: Samples) -> pl.DataFrame:
    """Records with ``Speed`` free of wrong ones, from which traces and corners are taken."""
    kind = records.schema.get("Speed")
    if samples.speed is None or kind is None or not kind.is_float():
        return records
    return records.with_columns(pl.Series("Speed", samples.speed).cast(kind))


def load(
    connection: Connection, session_key: str, analysis: LapAnalysis, *, run_id: str | None = None
) -> None:
    """Make the warehouse hold the analysis, in the caller's transaction, after the laps.

    Raises:
        LoadError: If the database refuses a row.
    """
    loads: list[Loaded] = [
        upsert(connection, table, rows) for table, rows in analysis.made.items() if rows.height
    ]
    loads += [
        replace(connection, table, rows, where={"session_key": session_key})
        for table, rows in analysis.tables.items()
    ]
    connection.execute(_FORGET, [session_key])
    audit.record(connection, loads, partition_key=session_key, run_id=run_id)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The grid and map of a session, and those that are new to its track."""

    grid: Grid | None
    corners: CornerMap | None
    new_grid: bool = False
    new_corners: bool = False


def _choose(
    track: Kept, own: Grid | None, shown: CornerMap | None, measured: pl.DataFrame
) -> _Choice:
    """The kept grid and map, unless this session makes the first or is better believed."""
    if measured.is_empty() or own is None:
        return _Choice(track.grid or own, track.corners if track.grid else shown)
    new = Measurement.of_row(measured.row(0, named=True))
    others = [each for key, each in track.measurements.items() if key != new.session_key]
    new_grid = track.grid is None and new.witnesses > 0
    if track.grid is not None:
        kept_grid = _measurement(track, track.grid_session, track.grid, new.session_key)
        new_grid = track_evidence.is_believed(new, kept_grid, others)
    grid = own if new_grid or track.grid is None else track.grid
    if not new_grid and (track.grid is None or not _fits(own, track.grid)):
        # No evidence, or of another lap: measured by what is kept, and no corner is taken from it.
        return _Choice(grid, track.corners if track.grid else shown)
    better = shown is not None and (
        track.corners is None
        or (new_grid and track.grid is not None)
        or corner_map.is_better(shown, track.corners)
    )
    if not better and track.corners is not None and track.corners.clean:
        apexes = tuple(each.apex_pct for each in track.corners.corners)
        kept_corners = Measurement(track.corners_session or "", own.length_m, 1, apexes=apexes)
        better = track_evidence.corners_are_believed(new, kept_corners, others)
    if not better or shown is None or not new.witnesses:
        return _Choice(grid, track.corners, new_grid)
    version = 1 if track.corners is None else track.corners.version + 1
    corners = CornerMap(shown.corners, shown.laps, shown.clean, version)
    return _Choice(grid, corners, new_grid, new_corners=True)


def _measurement(track: Kept, session_key: str | None, grid: Grid, present: str) -> Measurement:
    """The evidence of the stored grid; a grid from before measurements counts as one witness."""
    of_session = track.measurements.get(session_key or "")
    if of_session is not None and session_key != present:
        return of_session
    return Measurement(session_key or "", grid.length_m, 1, grid.origin)


def _fits(own: Grid | None, grid: Grid | None) -> bool:
    if own is None or grid is None:
        return True
    return abs(own.length_m / grid.length_m - 1) < SESSIONS_AGREE


_OUTDATED = """
SELECT session.session_key FROM racing.telemetry_session AS session
JOIN racing.track_grid AS grid USING (track_id)
WHERE session.track_id = ANY(%s) AND (
    EXISTS (
        SELECT FROM racing.lap_trace AS trace WHERE trace.session_key = session.session_key
        AND (trace.length_m, trace.interval_count) <> (grid.length_m, grid.interval_count)
    ) OR EXISTS (
        SELECT FROM racing.lap_corner AS corner WHERE corner.session_key = session.session_key
        AND corner.map_version < (
            SELECT max(version) FROM racing.corner_map AS map WHERE map.track_id = session.track_id
        )
    )
) ORDER BY session.start_time
"""


def outdated(connection: Connection, track_ids: Collection[int]) -> list[str]:
    """Sessions on some tracks that were measured by an earlier grid or corner map, oldest first."""
    rows = connection.execute(_OUTDATED, [list(track_ids)]).fetchall()
    return [key for (key,) in rows]


def _rows(connection: Connection, table: Table, track_id: int) -> pl.DataFrame:
    with connection.cursor() as cursor:
        columns = ", ".join(table.names)
        cursor.execute(
            f"SELECT {columns} FROM {table.name} WHERE track_id = %s".encode(), [track_id]
        )
        rows = [dict(zip(table.names, row, strict=True)) for row in cursor.fetchall()]
    return table.frame(rows)
