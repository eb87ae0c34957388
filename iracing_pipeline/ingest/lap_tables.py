"""Every table that is made from the laps of one file: its function, asset, code version and docs.

The analysis makes the tables in this order, so a function can read those before its own. The assets
of the Dagster graph and the rules that ``iracing-pipeline why`` shows are taken from here as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis import (
    corners,
    dampers,
    fuel,
    incidents,
    sectors,
    session_summary,
    stints,
    traces,
    track_evidence,
    tyres,
)
from iracing_pipeline.analysis.debrief import race_findings
from iracing_pipeline.tables.consistency import CORNER_CONSISTENCY, SESSION_SUMMARY
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.race import PENALTY_LADDER, RACE_INCIDENT
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.traces import LAP_TRACE, TRACK_MEASUREMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from iracing_pipeline.analysis.corner_map import CornerMap
    from iracing_pipeline.analysis.samples import Samples
    from iracing_pipeline.analysis.track_grid import Grid
    from iracing_pipeline.analysis.tyres import TyreSets
    from iracing_pipeline.analysis.unrolled import Unrolled
    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.tables import Table


@dataclass(frozen=True, slots=True)
class Drive:
    """Input of the tables: one file, cut into laps and measured by its track.

    Attributes:
        telemetry: The file.
        session: Its row of ``racing.telemetry_session``.
        records: Its records, ``Speed`` free of wrong ones.
        samples: Its records, free of wrong ones.
        unrolled: Its laps by distance.
        tyre_sets: The set of tyres of each lap.
        measurement: What it says of its track; no row where it says nothing.
        grid: Grid of the track; None for a file without the track length.
        corners: Corner map of the track; None where no lap shows it.
        tables: The tables made so far, within bounds.
    """

    telemetry: Telemetry
    session: dict[str, Any]
    records: pl.DataFrame
    samples: Samples
    unrolled: Unrolled
    tyre_sets: TyreSets
    measurement: pl.DataFrame
    grid: Grid | None
    corners: CornerMap | None
    tables: dict[Table, pl.DataFrame] = field(default_factory=dict)

    @property
    def laps(self) -> pl.DataFrame:
        """Rows of ``racing.telemetry_lap``."""
        return self.telemetry.laps

    @property
    def tick_rate_hz(self) -> int:
        """Records a second."""
        return self.telemetry.facts.tick_rate


@dataclass(frozen=True, slots=True)
class LapTable:
    """A table that belongs to a session.

    Attributes:
        table: Its declaration.
        rule: The function that works out its rows.
        make: Calls it.
        docs: Page and section of the docs that say how.
    """

    table: Table
    rule: Callable[..., object]
    make: Callable[[Drive], pl.DataFrame]
    docs: str


@dataclass(frozen=True, slots=True)
class LapAsset:
    """An asset of one such table or of several.

    Attributes:
        name: Its name.
        tables: Its tables, the main one first.
        code_version: Raised when its rows come out otherwise.
        deps: Assets that it is made from.
        group: Group of assets in the UI.
        note: What its description adds to those of its tables.
    """

    name: str
    tables: tuple[LapTable, ...]
    code_version: str = "1"
    deps: tuple[str, ...] = ("ibt_frames", "telemetry_laps")
    group: str = "telemetry"
    note: str = ""

    @property
    def declared(self) -> list[Table]:
        """The declarations of its tables."""
        return [each.table for each in self.tables]


def _traces(drive: Drive) -> pl.DataFrame:
    if drive.grid is None:
        return LAP_TRACE.frame()
    return traces.lap_traces(drive.records, drive.unrolled, drive.grid)


def _corners(drive: Drive) -> pl.DataFrame:
    if drive.grid is None or drive.corners is None:
        return LAP_CORNER.frame()
    return corners.lap_corners(
        drive.records,
        drive.unrolled,
        drive.grid,
        drive.corners,
        tick_rate_hz=drive.tick_rate_hz,
    )


LAP_ASSETS = (
    LapAsset(
        "lap_traces",
        (
            LapTable(LAP_TRACE, traces.lap_traces, _traces, "analysis.md#traces"),
            LapTable(
                TRACK_MEASUREMENT,
                track_evidence.track_measurement,
                lambda drive: drive.measurement,
                "analysis.md#traces",
            ),
        ),
        code_version="2",
    ),
    LapAsset(
        "lap_sectors",
        (
            LapTable(
                LAP_SECTOR,
                sectors.lap_sectors,
                lambda drive: sectors.lap_sectors(
                    drive.unrolled, drive.session["sector_start_pct"]
                ),
                "analysis.md#sectors",
            ),
        ),
        code_version="2",
    ),
    LapAsset(
        "lap_corners",
        (LapTable(LAP_CORNER, corners.lap_corners, _corners, "analysis.md#corners"),),
        code_version="2",
    ),
    LapAsset(
        "stints",
        (
            LapTable(
                STINT,
                stints.stints,
                lambda drive: stints.stints(
                    drive.samples, drive.laps, drive.unrolled, drive.tyre_sets, drive.session
                ),
                "analysis.md#stints",
            ),
        ),
        code_version="2",
    ),
    LapAsset(
        "tyre_sets",
        (
            LapTable(
                TYRE_SET,
                tyres.tyre_set_table,
                lambda drive: tyres.tyre_set_table(
                    drive.records, drive.samples, drive.laps, drive.tyre_sets
                ),
                "analysis.md#tyres",
            ),
            LapTable(
                TYRE_LAP,
                tyres.tyre_laps,
                lambda drive: tyres.tyre_laps(drive.records, drive.laps, drive.tyre_sets),
                "analysis.md#tyres",
            ),
        ),
    ),
    LapAsset(
        "fuel_laps",
        (
            LapTable(
                FUEL_LAP,
                fuel.fuel_laps,
                lambda drive: fuel.fuel_laps(drive.laps),
                "analysis.md#fuel",
            ),
        ),
    ),
    LapAsset(
        "damper_histograms",
        (
            LapTable(
                DAMPER_HISTOGRAM,
                dampers.damper_histograms,
                lambda drive: dampers.damper_histograms(
                    drive.records, drive.samples, drive.laps, tick_rate_hz=drive.tick_rate_hz
                ),
                "analysis.md#dampers",
            ),
        ),
    ),
    LapAsset(
        "consistency",
        (
            LapTable(
                SESSION_SUMMARY,
                session_summary.session_summary,
                lambda drive: session_summary.session_summary(
                    drive.session["session_key"],
                    drive.laps,
                    drive.tables[LAP_SECTOR],
                    drive.tables[FUEL_LAP],
                ),
                "analysis.md#consistency",
            ),
            LapTable(
                CORNER_CONSISTENCY,
                session_summary.corner_consistency,
                lambda drive: session_summary.corner_consistency(
                    drive.tables[LAP_CORNER], drive.laps
                ),
                "analysis.md#consistency",
            ),
        ),
        deps=("telemetry_laps", "lap_sectors", "lap_corners", "fuel_laps"),
    ),
    LapAsset(
        "race_debriefs",
        (
            LapTable(
                RACE_FINDING,
                race_findings,
                lambda drive: race_findings(
                    drive.session, drive.laps, drive.tables[LAP_CORNER], drive.tables[STINT]
                ),
                "analysis.md#race-debrief",
            ),
            LapTable(
                RACE_INCIDENT,
                incidents.incidents,
                lambda drive: incidents.incidents(
                    drive.samples,
                    drive.laps,
                    drive.session["session_key"],
                    length_m=None if drive.grid is None else drive.grid.length_m,
                    corners=drive.corners,
                ),
                "analysis.md#incident-book",
            ),
            LapTable(
                PENALTY_LADDER,
                incidents.penalty_ladder,
                lambda drive: incidents.penalty_ladder(
                    drive.telemetry.facts.session_info(("WeekendInfo",)),
                    drive.session["incidents"],
                    drive.session["session_key"],
                ),
                "analysis.md#incident-book",
            ),
        ),
        code_version="2",
        deps=("telemetry_laps", "lap_corners", "stints"),
        group="debrief",
        note="The view `grafana.race_debriefs` adds the result of the race.",
    ),
)

LAP_TABLES = tuple(table for asset in LAP_ASSETS for table in asset.tables)
