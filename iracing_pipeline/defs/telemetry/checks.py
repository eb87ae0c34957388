"""What must hold of loaded telemetry; each check sums up the files of a run."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from iracing_pipeline.analysis.lap_kind import CLOSURE_BOUND_S
from iracing_pipeline.analysis.sectors import LAP_KEY
from iracing_pipeline.ingest.lap_analysis import LapAnalysis
from iracing_pipeline.ingest.telemetry import StoredFile, Telemetry
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.traces import LAP_TRACE

CLOSURE_SPREAD_S = 0.020
"""A little more than a record: LapDistPct is not further off unless records are missing."""

frames_complete = dg.AssetCheckSpec(
    "frames_complete",
    asset="ibt_frames",
    description="The Parquet file holds as many rows as the .ibt file holds records.",
    blocking=True,
)
time_is_monotonic = dg.AssetCheckSpec(
    "time_is_monotonic",
    asset="telemetry_sessions",
    description="SessionTime never falls within a file.",
)
laps_close = dg.AssetCheckSpec(
    "laps_close",
    asset="telemetry_laps",
    description=(
        f"Every reconstructed lap time is within {CLOSURE_BOUND_S * 1000:g} ms of iRacing's own."
    ),
)
laps_account_for_records = dg.AssetCheckSpec(
    "laps_account_for_records",
    asset="telemetry_laps",
    description="Each record is in one lap, but for those in which the car is nowhere.",
)

traces_close = dg.AssetCheckSpec(
    "traces_close",
    asset="lap_traces",
    description=(
        "Every trace ends at its lap time, and lap clock and LapDistPct disagree by no more than"
        f" {CLOSURE_SPREAD_S * 1000:g} ms over it."
    ),
)
grids_fit = dg.AssetCheckSpec(
    "grids_fit",
    asset="lap_traces",
    description="The lap is as long as the grid that is kept for its track.",
)
sectors_add_up = dg.AssetCheckSpec(
    "sectors_add_up",
    asset="lap_sectors",
    description="The sectors of every lap add up to its lap time.",
)
corners_add_up = dg.AssetCheckSpec(
    "corners_add_up",
    asset="lap_corners",
    description="The corners and straights of every lap add up to its lap time.",
)

CHECKS = [
    frames_complete,
    time_is_monotonic,
    laps_close,
    laps_account_for_records,
    traces_close,
    grids_fit,
    sectors_add_up,
    corners_add_up,
]

# iRacing writes one such record on entering and one at each reset; more than this share of a
# file is not that.
_NOWHERE_SHARE = 0.05
_ROUNDING_S = 1e-6


@dataclass(slots=True)
class Findings:
    """What the checks need to know of the files of a run, gathered one by one."""

    files: int = 0
    laps: int = 0
    closed_laps: int = 0
    largest_residual_s: float | None = None
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def add(self, telemetry: Telemetry, stored: StoredFile | None) -> None:
        """Take note of one file."""
        name, laps, records = telemetry.facts.file_name, telemetry.laps, telemetry.records
        residuals = laps.get_column("residual_s").drop_nulls().abs()
        self.files += 1
        self.laps += laps.height
        self.closed_laps += residuals.len()
        largest = residuals.max()
        if isinstance(largest, float):
            self.largest_residual_s = max(largest, self.largest_residual_s or 0.0)
        whole = stored is None or stored.rows == telemetry.facts.record_count
        self._require(frames_complete, name, holds=whole)
        falls = records.select((pl.col("SessionTime").diff() < 0).any()).item()
        self._require(time_is_monotonic, name, holds=not falls)
        closes = not (residuals > CLOSURE_BOUND_S).any()
        self._require(laps_close, name, holds=closes)
        nowhere = records.height - int(laps.get_column("record_count").sum())
        most = max(2, _NOWHERE_SHARE * records.height)
        self._require(laps_account_for_records, name, holds=0 <= nowhere <= most)

    def add_analysis(self, telemetry: Telemetry, told: LapAnalysis) -> None:
        """Take note of what the laps of one file told."""
        name, traces = telemetry.facts.file_name, told.tables[LAP_TRACE]
        ends = traces.get_column("elapsed_s").list.last() - traces.get_column("lap_time_s")
        spread = (traces.get_column("closure_s").abs() > CLOSURE_SPREAD_S).any()
        self._require(traces_close, name, holds=not spread and not (ends != 0).any())
        self._require(grids_fit, name, holds=told.grid_fits)
        sectors = told.tables[LAP_SECTOR].group_by(LAP_KEY).agg(pl.col("time_s").sum())
        self._require(sectors_add_up, name, holds=_adds_up(sectors, telemetry.laps))
        parts = pl.col("time_s") + pl.col("straight_s")
        corners = told.tables[LAP_CORNER].group_by(LAP_KEY).agg(parts.sum().alias("time_s"))
        self._require(corners_add_up, name, holds=_adds_up(corners, telemetry.laps))

    def _require(self, spec: dg.AssetCheckSpec, name: str, *, holds: bool) -> None:
        if not holds:
            self.wrong.setdefault(spec.name, []).append(name)

    def results(self, selected: Collection[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
        """The results of those of the checks that the run is to make."""
        shown: dict[str, Mapping[str, int | float]] = {
            laps_close.name: {
                "laps with an official time": self.closed_laps,
                **(
                    {}
                    if self.largest_residual_s is None
                    else {"largest residual (µs)": round(self.largest_residual_s * 1e6, 3)}
                ),
            },
            laps_account_for_records.name: {"laps": self.laps},
        }
        for spec in CHECKS:
            if spec.key not in selected or not self.files:
                continue
            wrong = self.wrong.get(spec.name, [])
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=not wrong,
                severity=(
                    dg.AssetCheckSeverity.ERROR if spec.blocking else dg.AssetCheckSeverity.WARN
                ),
                metadata={
                    "files": self.files,
                    **shown.get(spec.name, {}),
                    **({"files that fail": "\n".join(wrong)} if wrong else {}),
                },
            )


def _adds_up(sums: pl.DataFrame, laps: pl.DataFrame) -> bool:
    """Whether ``time_s`` of each lap is its lap time."""
    joined = sums.join(laps.select(*LAP_KEY, "lap_time_s"), on=LAP_KEY)
    return not ((joined["time_s"] - joined["lap_time_s"]).abs() > _ROUNDING_S).any()
