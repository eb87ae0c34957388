"""What the laps of one file tell: traces, sectors, corners, stints, fuel, tyres and dampers.

The grid and the corner map of a track are kept in the warehouse: the first file makes them, all
others are measured by them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iracing_pipeline.analysis import (
    corner_map,
    corners,
    dampers,
    fuel,
    stints,
    traces,
    track_grid,
    tyres,
)
from iracing_pipeline.analysis.corner_map import CornerMap
from iracing_pipeline.analysis.debrief import race_findings
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.analysis.sectors import lap_sectors
from iracing_pipeline.analysis.session_summary import corner_consistency, session_summary
from iracing_pipeline.analysis.track_grid import Grid
from iracing_pipeline.analysis.unrolled import unroll
from iracing_pipeline.tables.consistency import CORNER_CONSISTENCY, SESSION_SUMMARY
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.traces import LAP_TRACE, TRACK_GRID
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import Loaded, replace, upsert

if TYPE_CHECKING:
    import polars as pl

    from iracing_pipeline.analysis.unrolled import Unrolled
    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.tables import Table
    from iracing_pipeline.tables.column import OutOfBounds
    from iracing_pipeline.warehouse.connection import Connection

_LOCK = 0x6972_6163  # any number, the same in all versions
# A track that is longer or shorter than its grid by more than this has been rebuilt.
_SAME_LENGTH = 0.005
# Laps that lie on both sides of the line; as much of the lap before as any first corner needs.
_LAP_BEFORE = 0.5


@dataclass(frozen=True, slots=True)
class Kept:
    """What the warehouse keeps of a track; None where no file was driven there before."""

    grid: Grid | None = None
    corners: CornerMap | None = None


@dataclass(slots=True)
class LapAnalysis:
    """What the laps of one file tell.

    Attributes:
        grid: Grid of the track; None where the file tells no length.
        corners: Corner map of the track; None where no lap shows it.
        grid_fits: Whether the file's own length of the lap is that of the kept grid.
        tables: Rows of each table that belongs to the session.
        made: Rows that are new to the track: its grid, its map.
        left_out: Values outside the bounds of their columns.
        seconds: How long it took.
    """

    grid: Grid | None
    corners: CornerMap | None
    grid_fits: bool
    tables: dict[Table, pl.DataFrame]
    made: dict[Table, pl.DataFrame] = field(default_factory=dict)
    left_out: list[OutOfBounds] = field(default_factory=list)
    seconds: float = 0.0

    def keep_within_bounds(self) -> None:
        """Leave out of all tables what is outside the bounds of its column."""
        for tables in (self.tables, self.made):
            for table, rows in tables.items():
                tables[table], left_out = table.bounded(rows)
                self.left_out += left_out


def kept(connection: Connection, track_id: int | None) -> Kept:
    """What is kept of a track, which nobody else may make until the transaction ends."""
    if track_id is None:
        return Kept()
    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, track_id])
    grid = _rows(connection, TRACK_GRID, track_id)
    return Kept(
        grid=Grid.of_row(grid.row(0, named=True)) if grid.height else None,
        corners=CornerMap.of_rows(_rows(connection, CORNER_MAP, track_id)),
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
    own = track_grid.measure(
        records, track_id=session["track_id"], track_length_m=session["track_length_m"]
    )
    grid = track.grid or own
    unrolled = unroll(samples, laps, before=_LAP_BEFORE)
    sets = tyres.tyre_sets(records, samples, laps)
    tables: dict[Table, pl.DataFrame] = {
        LAP_TRACE: LAP_TRACE.frame(),
        LAP_SECTOR: lap_sectors(unrolled, session["sector_start_pct"]),
        LAP_CORNER: LAP_CORNER.frame(),
        STINT: stints.stints(samples, laps, unrolled, sets, session),
        FUEL_LAP: fuel.fuel_laps(laps),
        TYRE_SET: tyres.tyre_set_table(records, samples, laps, sets),
        TYRE_LAP: tyres.tyre_laps(records, laps, sets),
        DAMPER_HISTOGRAM: dampers.damper_histograms(records, samples, laps),
    }
    found = LapAnalysis(grid, track.corners, _fits(own, track.grid), tables)
    if grid is not None:
        tables[LAP_TRACE] = traces.lap_traces(records, unrolled, grid)
        if track.grid is None and grid.track_id is not None and len(unrolled):
            found.made[TRACK_GRID] = track_grid.track_grid(grid, session)
        found.corners = _corners(records, unrolled, found, session["session_key"])
        if found.corners is not None:
            tables[LAP_CORNER] = corners.lap_corners(records, unrolled, grid, found.corners)
    found.keep_within_bounds()
    tables[SESSION_SUMMARY] = session_summary(
        session["session_key"], laps, tables[LAP_SECTOR], tables[FUEL_LAP]
    )
    tables[CORNER_CONSISTENCY] = corner_consistency(tables[LAP_CORNER], laps)
    tables[RACE_FINDING] = race_findings(session, laps, tables[LAP_CORNER], tables[STINT])
    found.keep_within_bounds()
    found.seconds = time.perf_counter() - began
    return found


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
    audit.record(connection, loads, partition_key=session_key, run_id=run_id)


def _corners(
    records: pl.DataFrame, unrolled: Unrolled, found: LapAnalysis, session_key: str
) -> CornerMap | None:
    """The map to measure by: the kept one, unless this file makes the first or a better one."""
    known, grid = found.corners, found.grid
    if grid is None or (known is not None and known.clean):
        return known
    own = corner_map.find(records, unrolled, grid)
    if own is None or (known is not None and not corner_map.is_better(own, known)):
        return known
    version = 1 if known is None else known.version + 1
    own = CornerMap(own.corners, own.laps, own.clean, version)
    if grid.track_id is not None:
        found.made[CORNER_MAP] = own.rows(grid, session_key)
    return own


def _fits(own: Grid | None, known: Grid | None) -> bool:
    if own is None or known is None:
        return True
    return abs(own.length_m / known.length_m - 1) < _SAME_LENGTH


def _rows(connection: Connection, table: Table, track_id: int) -> pl.DataFrame:
    with connection.cursor() as cursor:
        columns = ", ".join(table.names)
        cursor.execute(
            f"SELECT {columns} FROM {table.name} WHERE track_id = %s".encode(), [track_id]
        )
        rows = [dict(zip(table.names, row, strict=True)) for row in cursor.fetchall()]
    return table.frame(rows)
