"""Every table that is declared: what a migrated database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.tables import ratings, raw, reference, results, watch
from iracing_pipeline.tables.ops import LOAD_AUDIT, QUARANTINE, TELEMETRY_FILE
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table

TABLES: tuple[Table, ...] = (
    TELEMETRY_SESSION,
    TELEMETRY_LAP,
    TELEMETRY_FILE,
    QUARANTINE,
    LOAD_AUDIT,
    *reference.TABLES,
    *results.TABLES,
    *ratings.TABLES,
    *raw.TABLES,
    *watch.TABLES,
)
