"""Checks of loaded telemetry.

Checks of a file's records are made by the step that reads them, because no table holds records;
each sums up the files of a run. Checks of a table are SQL over the whole table, in a step of their
own: they can be executed alone, and a wrong row keeps its check red whatever is loaded next.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from iracing_pipeline.analysis.lap_kind import CLOSURE_BOUND_S
from iracing_pipeline.analysis.track_evidence import SESSIONS_AGREE
from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.ingest.telemetry import StoredFile, Telemetry
from iracing_pipeline.warehouse.table_checks import CheckOutcome, TableCheck, look

CLOSURE_SPREAD_S = 0.020
"""A little more than a record: LapDistPct is not further off unless records are missing."""

# iRacing writes one such record on entering and one at each reset; more than this share of a
# file is not that.
_NOT_IN_WORLD_SHARE = 0.05
_ROUNDING_S = 1e-6

frames_complete = dg.AssetCheckSpec(
    "frames_complete",
    asset="ibt_frames",
    description="The Parquet file of each file of the run holds as many rows as the .ibt file holds"
    " records.",
    blocking=True,
)
time_is_monotonic = dg.AssetCheckSpec(
    "time_is_monotonic",
    asset="telemetry_sessions",
    description="SessionTime never falls within a file of the run.",
)

FILE_CHECKS = [frames_complete, time_is_monotonic]


@dataclass(slots=True)
class Findings:
    """Data of the files of a run that the checks of records need."""

    files: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def add(self, telemetry: Telemetry, stored: StoredFile | None) -> None:
        """Take note of one file."""
        name, records = telemetry.facts.file_name, telemetry.records
        self.files += 1
        whole = stored is None or stored.rows == telemetry.facts.record_count
        self._require(frames_complete, name, holds=whole)
        falls = records.select((pl.col("SessionTime").diff() < 0).any()).item()
        self._require(time_is_monotonic, name, holds=not falls)

    def _require(self, spec: dg.AssetCheckSpec, name: str, *, holds: bool) -> None:
        if not holds:
            self.wrong.setdefault(spec.name, []).append(name)

    def results(self, selected: Collection[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
        """The results of those of the checks that the run is to make."""
        for spec in FILE_CHECKS:
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
                    **({"files that fail": "\n".join(wrong)} if wrong else {}),
                },
            )


_LAP_KEY = "session_key, stint, lap_number"

laps_close = TableCheck(
    "laps_close",
    "SELECT session_key, count(*) AS wrong FROM racing.telemetry_lap"
    " WHERE abs(residual_s) > %(bound_s)s GROUP BY session_key",
    'SELECT count(residual_s) AS "laps with an official time",'
    ' max(abs(residual_s)) * 1e6 AS "largest residual (µs)" FROM racing.telemetry_lap',
    {"bound_s": CLOSURE_BOUND_S},
)
laps_account_for_records = TableCheck(
    "laps_account_for_records",
    """
    SELECT session_key, 1 AS wrong FROM racing.telemetry_session AS session
    LEFT JOIN (
        SELECT session_key, sum(record_count) AS in_laps
        FROM racing.telemetry_lap GROUP BY session_key
    ) AS laps USING (session_key)
    WHERE session.record_count - coalesce(in_laps, 0)
        NOT BETWEEN 0 AND greatest(2, %(not_in_world)s * session.record_count)
    """,
    "SELECT count(*) AS sessions FROM racing.telemetry_session",
    {"not_in_world": _NOT_IN_WORLD_SHARE},
)
traces_close = TableCheck(
    "traces_close",
    "SELECT session_key, count(*) AS wrong FROM racing.lap_trace"
    " WHERE abs(closure_s) > %(spread_s)s"
    " OR elapsed_s[cardinality(elapsed_s)] IS DISTINCT FROM lap_time_s GROUP BY session_key",
    "SELECT count(*) AS traces FROM racing.lap_trace",
    {"spread_s": CLOSURE_SPREAD_S},
)
grids_fit = TableCheck(
    "grids_fit",
    "SELECT own.session_key, 1 AS wrong FROM racing.track_measurement AS own"
    " JOIN racing.track_grid AS grid USING (track_id)"
    " WHERE abs(own.length_m / grid.length_m - 1) >= %(agree)s",
    "SELECT count(*) AS sessions FROM racing.track_measurement",
    {"agree": SESSIONS_AGREE},
)
sectors_add_up = TableCheck(
    "sectors_add_up",
    f"""
    SELECT session_key, count(*) AS wrong FROM racing.telemetry_lap AS lap JOIN (
        SELECT {_LAP_KEY}, sum(time_s) AS time_s FROM racing.lap_sector GROUP BY {_LAP_KEY}
    ) AS parts USING ({_LAP_KEY})
    WHERE abs(parts.time_s - lap.lap_time_s) > %(rounding_s)s GROUP BY session_key
    """,
    "SELECT count(*) AS sectors FROM racing.lap_sector",
    {"rounding_s": _ROUNDING_S},
)
corners_add_up = TableCheck(
    "corners_add_up",
    f"""
    SELECT session_key, count(*) AS wrong FROM racing.telemetry_lap AS lap JOIN (
        SELECT {_LAP_KEY}, sum(time_s + straight_s) AS time_s
        FROM racing.lap_corner GROUP BY {_LAP_KEY}
    ) AS parts USING ({_LAP_KEY})
    WHERE abs(parts.time_s - lap.lap_time_s) > %(rounding_s)s GROUP BY session_key
    """,
    "SELECT count(*) AS corners FROM racing.lap_corner",
    {"rounding_s": _ROUNDING_S},
)

_TABLE_CHECKS: list[tuple[str, TableCheck, str]] = [
    (
        "telemetry_laps",
        laps_close,
        f"Every reconstructed lap time is within {CLOSURE_BOUND_S * 1000:g} ms of iRacing's own.",
    ),
    (
        "telemetry_laps",
        laps_account_for_records,
        "Each record of a session is in one lap, but for those with the car not in the world.",
    ),
    (
        "lap_traces",
        traces_close,
        (
            "Every trace ends at its lap time, and over it lap clock and LapDistPct disagree by"
            f" {CLOSURE_SPREAD_S * 1000:g} ms at most."
        ),
    ),
    (
        "lap_traces",
        grids_fit,
        "Each session measured the lap to be as long as the grid that is kept for its track.",
    ),
    ("lap_sectors", sectors_add_up, "The sectors of every lap add up to its lap time."),
    (
        "lap_corners",
        corners_add_up,
        "The corners and straights of every lap add up to its lap time.",
    ),
]
TABLE_CHECKS = [
    dg.AssetCheckSpec(check.name, asset=asset, description=f"{doc} All sessions are checked.")
    for asset, check, doc in _TABLE_CHECKS
]


@dg.multi_asset_check(name="telemetry_table_checks", specs=TABLE_CHECKS, can_subset=True)
def telemetry_table_checks(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.AssetCheckResult]:
    """Check all rows of the tables of laps, traces, sectors and corners."""
    with warehouse.connect() as connection:
        for spec, (_, check, _) in zip(TABLE_CHECKS, _TABLE_CHECKS, strict=True):
            if spec.key in context.selected_asset_check_keys:
                yield _result(spec, look(connection, check))


def _result(spec: dg.AssetCheckSpec, outcome: CheckOutcome) -> dg.AssetCheckResult:
    failing = "\n".join(f"{name}: {wrong}" for name, wrong in outcome.named.items())
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not outcome.sessions,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            **outcome.summary,
            "sessions that fail": outcome.sessions,
            **({"rows that fail, by session": failing} if failing else {}),
        },
    )
