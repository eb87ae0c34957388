"""Result files: read, refused, and with issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.local.check.finding import ok, warning
from iracing_pipeline.results.issues import LOST
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from iracing_pipeline.local.check.finding import Finding

SUBJECT = "result files"
_COUNTS = """
SELECT (SELECT count(*) FROM ops.result_file WHERE state = 'loaded'),
       (SELECT count(*) FROM ops.quarantine
        WHERE source = 'result_file' AND resolved_at IS NULL),
       (SELECT count(DISTINCT item) FROM ops.item_issue
        WHERE source = 'result_file' AND problem = ANY(%s))
"""


def result_files(url: str | None) -> list[Finding]:
    """How many result files are loaded, in quarantine, or have fields that could not be read.

    Args:
        url: The database; None if there is none that can be used.
    """
    if url is None:
        return []
    try:
        with Warehouse(url).connect(autocommit=True) as connection:
            row = connection.execute(_COUNTS, [[problem.value for problem in LOST]]).fetchone()
    except (WarehouseError, psycopg.Error):
        return []  # what is wrong with the database, its own probe says
    loaded, refused, odd = row or (0, 0, 0)
    findings = [ok(SUBJECT, f"{loaded} are loaded")] if not refused else []
    if refused:
        advice = "Look at the board Data quality, or at ops.quarantine, for each with its reason"
        message = f"{refused} are in quarantine, {loaded} are loaded"
        findings.append(warning(SUBJECT, message, advice))
    if odd:
        advice = "Look at the board Data quality, or at ops.item_issue, for each field"
        message = f"{odd} have fields or rows that could not be read"
        findings.append(warning(SUBJECT, message, advice))
    return findings
