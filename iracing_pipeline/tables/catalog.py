"""Every table that is declared: what a migrated database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.tables import (
    consistency,
    experiment,
    live,
    race,
    ratings,
    raw,
    reference,
    results,
    setups,
    strategy,
    watch,
)
from iracing_pipeline.tables.corners import CORNER_MAP, LAP_CORNER
from iracing_pipeline.tables.dampers import DAMPER_HISTOGRAM
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.ops import (
    ITEM_ISSUE,
    LOAD_AUDIT,
    QUARANTINE,
    SESSION_DIGEST,
    TELEMETRY_FILE,
)
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.tables.traces import LAP_TRACE, REFERENCE_LAP, TRACK_GRID, TRACK_MEASUREMENT

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table

TABLES: tuple[Table, ...] = (
    TELEMETRY_SESSION,
    TELEMETRY_LAP,
    TRACK_GRID,
    TRACK_MEASUREMENT,
    LAP_TRACE,
    LAP_SECTOR,
    CORNER_MAP,
    LAP_CORNER,
    STINT,
    FUEL_LAP,
    TYRE_SET,
    TYRE_LAP,
    DAMPER_HISTOGRAM,
    REFERENCE_LAP,
    RACE_FINDING,
    TELEMETRY_FILE,
    QUARANTINE,
    ITEM_ISSUE,
    LOAD_AUDIT,
    SESSION_DIGEST,
    *reference.TABLES,
    *results.TABLES,
    *race.TABLES,
    *experiment.TABLES,
    *ratings.TABLES,
    *raw.TABLES,
    *watch.TABLES,
    live.LIVE_LAP,
    *consistency.TABLES,
    *strategy.TABLES,
    *setups.TABLES,
)
