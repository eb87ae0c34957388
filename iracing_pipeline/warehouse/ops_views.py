"""The views of the pipeline's own books; none shows a token, a payload or a client id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.tables.ops import ITEM_ISSUE, LOAD_AUDIT, QUARANTINE, TELEMETRY_FILE
from iracing_pipeline.tables.raw import DOCUMENT_FETCH, RESULT_FILE, SEASON_FETCH, SUBSESSION_FETCH
from iracing_pipeline.tables.watch import (
    API_OUTAGE,
    API_REQUEST,
    API_STATE,
    METRIC_HISTORY,
    STEP_TIME,
)
from iracing_pipeline.warehouse.view import View, taken

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table


def _of(table: Table, name: str, *left_out: str) -> View:
    """A table as a view, without some columns."""
    return View(
        name=f"grafana.{name}",
        doc=table.doc,
        source=f"{table.name} AS entry",
        columns=taken("entry", table, *(n for n in table.names if n not in left_out)),
    )


OPS_VIEWS: tuple[View, ...] = (
    _of(TELEMETRY_FILE, "telemetry_files"),
    _of(RESULT_FILE, "result_files"),
    _of(QUARANTINE, "quarantine"),
    _of(ITEM_ISSUE, "item_issues"),
    _of(LOAD_AUDIT, "load_audit"),
    _of(STEP_TIME, "step_times"),
    _of(METRIC_HISTORY, "metric_deliveries"),
    _of(API_REQUEST, "api_requests"),
    _of(API_STATE, "api_quota"),
    _of(API_OUTAGE, "api_outages"),
    _of(SUBSESSION_FETCH, "subsession_fetches"),
    _of(DOCUMENT_FETCH, "missing_documents"),
    _of(SEASON_FETCH, "season_fetches"),
)
