"""Races and other documents that iRacing did not give, and outages, by the pipeline's own books."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from iracing_pipeline.local.check.finding import ok, warning, wrong
from iracing_pipeline.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from iracing_pipeline.local.check.finding import Finding
    from iracing_pipeline.warehouse import Connection

SUBJECT = "results from iRacing"
_LIST = "List them: iracing-pipeline races"
_COUNTS = """
SELECT count(*) FILTER (WHERE status IN ('forbidden', 'missing', 'rejected')),
    count(*) FILTER (WHERE status IN ('partial', 'retry', 'refused')),
    (SELECT count(*) FROM raw.document_fetch WHERE kind NOT LIKE 'results/%'),
    (SELECT count(*) FROM ops.quarantine WHERE source = 'subsession' AND resolved_at IS NULL),
    count(*)
FROM raw.subsession_fetch
"""


def races(url: str | None) -> list[Finding]:
    """Check whether all requested races are complete.

    Args:
        url: The database, if it has tables.
    """
    if url is None:
        return []
    try:
        with Warehouse(url).connect(autocommit=True) as connection:
            connection.execute("SET statement_timeout = '10s'")
            return _documents(connection) + _outages(connection)
    except WarehouseError as error:
        return [wrong(SUBJECT, error.reason, error.advice)]
    except psycopg.errors.UndefinedTable:
        return []  # of an earlier version, which the check of migrations reports
    except psycopg.Error as error:
        return [wrong(SUBJECT, " ".join(str(error).split()), "See the server's log, and try again")]


def _documents(connection: Connection) -> list[Finding]:
    row = connection.execute(_COUNTS).fetchone()
    final, waiting, documents, refused, total = row or (0, 0, 0, 0, 0)
    parts = [
        (refused, "could not be loaded"),
        (waiting, "are incomplete and will be requested again"),
        (final, "are refused by iRacing for good"),
    ]
    counts = [f"{count} {text}" for count, text in parts if count]
    if documents:
        counts.append(f"{documents} documents of the member are missing")
    if not counts:
        return [ok(SUBJECT, f"all {total} requested races are complete")] if total else []
    text = f"of {total} races, {', '.join(counts)}"
    if refused:
        return [wrong(SUBJECT, text, f"{_LIST}; to dismiss one: iracing-pipeline races dismiss")]
    if waiting or documents:
        return [warning(SUBJECT, text, _LIST)]
    return [ok(SUBJECT, f"{text}: iracing-pipeline races lists them")]


def _outages(connection: Connection) -> list[Finding]:
    rows = connection.execute(
        "SELECT endpoint, since, probe_at, reason FROM ops.api_outage ORDER BY endpoint"
    ).fetchall()
    return [
        warning(
            "Data API",
            f"{'iRacing' if endpoint == '*' else endpoint} does not answer since"
            f" {since.astimezone():%Y-%m-%d %H:%M}: {reason}",
            f"Nothing: it is asked again from {probe_at.astimezone():%Y-%m-%d %H:%M}",
        )
        for endpoint, since, probe_at, reason in rows
    ]
