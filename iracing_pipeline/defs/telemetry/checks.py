"""What must hold of loaded telemetry; each check sums up the files of a run."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from iracing_pipeline.analysis.lap_kind import CLOSURE_BOUND_S
from iracing_pipeline.ingest.telemetry import StoredFile, Telemetry

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

CHECKS = [frames_complete, time_is_monotonic, laps_close, laps_account_for_records]

# iRacing writes one such record on entering and one at each reset; more than this share of a
# file is not that.
_NOWHERE_SHARE = 0.05


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
